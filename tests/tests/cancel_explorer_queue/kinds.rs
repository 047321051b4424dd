//! The kinds of queues, and what holds of each when all have ended.

use std::ops::Deref;

use asyncio_queue::{GetError, LifoQueue, PriorityQueue, PutError, Queue, QueueStorage};

use crate::kit::World;

/// A kind of queue, so that each case can be told once.
pub(crate) trait Kind: Deref<Target = Queue<u32, Self::Storage>> + 'static {
    type Storage: QueueStorage<u32> + 'static;

    /// With a bound or without.
    fn make(maxsize: Option<usize>) -> Self;

    /// In which order it gives out what was put in this one.
    fn order(items: &mut [u32]);
}

/// As the others do, it leads to a queue.
pub(crate) struct Fifo(Queue<u32>);

impl Deref for Fifo {
    type Target = Queue<u32>;

    fn deref(&self) -> &Queue<u32> {
        &self.0
    }
}

impl Kind for Fifo {
    type Storage = asyncio_queue::Fifo<u32>;

    fn make(maxsize: Option<usize>) -> Fifo {
        Fifo(maxsize.map_or_else(Queue::new, Queue::bounded))
    }

    fn order(_: &mut [u32]) {}
}

impl Kind for LifoQueue<u32> {
    type Storage = asyncio_queue::Lifo<u32>;

    fn make(maxsize: Option<usize>) -> LifoQueue<u32> {
        maxsize.map_or_else(LifoQueue::new, LifoQueue::bounded)
    }

    fn order(items: &mut [u32]) {
        items.reverse();
    }
}

impl Kind for PriorityQueue<u32> {
    type Storage = asyncio_queue::Heap<u32>;

    fn make(maxsize: Option<usize>) -> PriorityQueue<u32> {
        maxsize.map_or_else(PriorityQueue::new, PriorityQueue::bounded)
    }

    fn order(items: &mut [u32]) {
        items.sort_unstable();
    }
}

/// Calls a case with every kind of queue.
macro_rules! every_kind {
    ($case:ident $(, $argument:expr)*) => {
        $case::<Fifo>($($argument),*);
        $case::<asyncio_queue::LifoQueue<u32>>($($argument),*);
        $case::<asyncio_queue::PriorityQueue<u32>>($($argument),*);
    };
}
pub(crate) use every_kind;

/// Nobody waits, nothing is promised or reserved: an empty queue that was not shut down takes as many items as it has
/// room for, gives them out in its order, and all are done.
pub(crate) async fn is_whole<K: Kind>(world: &World<K>) {
    let queue = &world.thing;
    assert_eq!((queue.qsize(), queue.unfinished()), (0, 0));
    assert!(queue.empty() && !queue.full() && !queue.is_shutdown());
    let mut items = vec![5, 4, 6, 3, 7, 2];
    items.truncate(queue.maxsize().unwrap_or(usize::MAX));
    for item in &items {
        queue.put_nowait(*item).expect("there is room");
    }
    assert_eq!(queue.full(), queue.maxsize().is_some());
    if queue.full() {
        assert!(queue.put_nowait(8).is_err_and(|error| error.is_full()));
    }
    K::order(&mut items);
    for item in items {
        assert_eq!(queue.get_nowait(), Ok(item));
        queue.task_done().expect("it was put");
    }
    assert!(queue.get_nowait().is_err_and(|error| error.is_empty()));
    queue.join().await;
}

/// It was shut down, nothing is in it, and nobody waits for anything.
pub(crate) async fn is_over<K: Kind>(world: &World<K>) {
    let queue = &world.thing;
    assert!(queue.is_shutdown() && queue.empty());
    assert!(matches!(queue.put_nowait(1), Err(PutError::ShutDown(error)) if error.0 == 1));
    assert!(matches!(queue.get_nowait(), Err(GetError::ShutDown(_))));
    assert!(queue.put(2).await.is_err_and(|error| error.0 == 2));
    assert!(queue.get().await.is_err() && queue.reserve().await.is_err());
    assert_eq!(queue.unfinished(), 0);
    queue.join().await;
}
