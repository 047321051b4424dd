//! The two ends of a queue, each behind a trait: those of asyncio for Rust, tokio, async-channel and flume.
//!
//! None of them belongs to an executor, as in [`super::locks`]. An end is what its users have: a handle that is
//! cloned for each task, for tokio's one receiver excepted.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::Future;
use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;

/// Where items go in.
pub trait Sender: Clone + Send + 'static {
    /// Waits for room.
    fn put(&self, item: u64) -> impl Future<Output = ()> + Send;
}

/// Where they come out.
pub trait Receiver: Send + 'static {
    /// Waits for an item.
    fn get(&mut self) -> impl Future<Output = u64> + Send;
}

/// An unbounded queue, both ends of it, that is used without waiting.
pub trait Nowait: 'static {
    fn new() -> Self;

    fn put_nowait(&mut self, item: u64);

    /// Panics when there is none.
    fn get_nowait(&mut self) -> u64;
}

/// A queue of ours with a bound, as two ends.
pub fn ours(bound: usize) -> (Arc<asyncio_queue::Queue<u64>>, Arc<asyncio_queue::Queue<u64>>) {
    let queue = Arc::new(asyncio_queue::Queue::bounded(bound));
    (queue.clone(), queue)
}

impl Sender for Arc<asyncio_queue::Queue<u64>> {
    async fn put(&self, item: u64) {
        asyncio_queue::Queue::put(self, item).await.unwrap();
    }
}

impl Receiver for Arc<asyncio_queue::Queue<u64>> {
    async fn get(&mut self) -> u64 {
        asyncio_queue::Queue::get(self).await.unwrap()
    }
}

impl Nowait for asyncio_queue::Queue<u64> {
    fn new() -> Self {
        asyncio_queue::Queue::new()
    }

    fn put_nowait(&mut self, item: u64) {
        asyncio_queue::Queue::put_nowait(self, item).unwrap();
    }

    fn get_nowait(&mut self) -> u64 {
        asyncio_queue::Queue::get_nowait(self).unwrap()
    }
}

impl Nowait for asyncio_queue::PriorityQueue<u64> {
    fn new() -> Self {
        asyncio_queue::PriorityQueue::new()
    }

    fn put_nowait(&mut self, item: u64) {
        (**self).put_nowait(item).unwrap();
    }

    fn get_nowait(&mut self) -> u64 {
        (**self).get_nowait().unwrap()
    }
}

/// A heap and a lock, and nobody who could wait: what a priority queue costs at least.
impl Nowait for Mutex<BinaryHeap<Reverse<u64>>> {
    fn new() -> Self {
        Mutex::default()
    }

    fn put_nowait(&mut self, item: u64) {
        // The lock is to be taken, as nobody else's queue knows that it is not shared either.
        let shared: &Self = self;
        shared.lock().unwrap().push(Reverse(item));
    }

    fn get_nowait(&mut self) -> u64 {
        let shared: &Self = self;
        shared.lock().unwrap().pop().unwrap().0
    }
}

impl Sender for mpsc::Sender<u64> {
    async fn put(&self, item: u64) {
        self.send(item).await.unwrap();
    }
}

impl Receiver for mpsc::Receiver<u64> {
    async fn get(&mut self) -> u64 {
        self.recv().await.unwrap()
    }
}

impl Nowait for (mpsc::UnboundedSender<u64>, mpsc::UnboundedReceiver<u64>) {
    fn new() -> Self {
        mpsc::unbounded_channel()
    }

    fn put_nowait(&mut self, item: u64) {
        self.0.send(item).unwrap();
    }

    fn get_nowait(&mut self) -> u64 {
        self.1.try_recv().unwrap()
    }
}

impl Sender for async_channel::Sender<u64> {
    async fn put(&self, item: u64) {
        self.send(item).await.unwrap();
    }
}

impl Receiver for async_channel::Receiver<u64> {
    async fn get(&mut self) -> u64 {
        self.recv().await.unwrap()
    }
}

impl Nowait for (async_channel::Sender<u64>, async_channel::Receiver<u64>) {
    fn new() -> Self {
        async_channel::unbounded()
    }

    fn put_nowait(&mut self, item: u64) {
        self.0.try_send(item).unwrap();
    }

    fn get_nowait(&mut self) -> u64 {
        self.1.try_recv().unwrap()
    }
}

impl Sender for flume::Sender<u64> {
    async fn put(&self, item: u64) {
        self.send_async(item).await.unwrap();
    }
}

impl Receiver for flume::Receiver<u64> {
    async fn get(&mut self) -> u64 {
        self.recv_async().await.unwrap()
    }
}

impl Nowait for (flume::Sender<u64>, flume::Receiver<u64>) {
    fn new() -> Self {
        flume::unbounded()
    }

    fn put_nowait(&mut self, item: u64) {
        self.0.try_send(item).unwrap();
    }

    fn get_nowait(&mut self) -> u64 {
        self.1.try_recv().unwrap()
    }
}
