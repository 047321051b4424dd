//! `Receiver`: the side that gets items.

use std::fmt;
use std::sync::Arc;

use asyncio_core::WaitKind;
use futures_core::Stream;
use futures_lite::{StreamExt, stream};

use super::{ITEMS, Lagged, RecvError, Shared, TryRecvError};
use crate::blocking::block_on;
use crate::watch::wait::wait_until;

/// Gets the items of a broadcast channel; from [`channel`](super::channel), [`subscribe`](super::Sender::subscribe) or
/// [`resubscribe`](Receiver::resubscribe).
///
/// It gets every item that is sent while it exists, in the order in which they are sent, unless it is so slow that
/// more than the channel's capacity come in between: then the oldest are lost, and it is told how many.
///
/// Dropped, it gives up the items that nobody else has to see.
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    /// The number of the next item.
    position: u64,
}

impl<T> Receiver<T> {
    /// The caller has counted it.
    pub(super) fn new(shared: Arc<Shared<T>>, position: u64) -> Receiver<T> {
        Receiver { shared, position }
    }

    /// One more receiver, which gets the items that are sent from now on; not those that this one has yet to see.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, mut receiver) = asyncio_sync::broadcast::channel(16);
    /// sender.send(1).unwrap();
    /// let mut other = receiver.resubscribe();
    /// sender.send(2).unwrap();
    /// assert_eq!(receiver.try_recv(), Ok(1));
    /// assert_eq!(other.try_recv(), Ok(2));
    /// ```
    pub fn resubscribe(&self) -> Receiver<T> {
        let position = self.shared.monitor.lock().join();
        Receiver::new(self.shared.clone(), position)
    }

    /// How many items it can get now. Those that it has missed do not count.
    pub fn len(&self) -> usize {
        self.shared.monitor.lock().len_from(self.position)
    }

    /// Whether there is no item that it has not seen.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T: Clone> Receiver<T> {
    /// Waits for the next item.
    ///
    /// # Errors
    ///
    /// [`RecvError::Lagged`] with the number of items that were lost since the last call; the next call gets the
    /// oldest that is there. [`RecvError::Closed`] when all senders are gone and all items have been seen.
    ///
    /// # Panics
    ///
    /// When cloning the item does; it counts as received.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: the receiver moves on only when it returns.
    pub async fn recv(&mut self) -> Result<T, RecvError> {
        let Receiver { shared, position } = self;
        let item = wait_until(&shared.monitor, ITEMS, WaitKind::Queue, |ring| {
            match ring.take(position) {
                Ok(item) => Some(Ok(item)),
                Err(TryRecvError::Empty) => None,
                Err(TryRecvError::Lagged(missed)) => Some(Err(RecvError::Lagged(missed))),
                Err(TryRecvError::Closed) => Some(Err(RecvError::Closed)),
            }
        });
        item.await.map(Arc::unwrap_or_clone)
    }

    /// The next item, if it is there.
    ///
    /// # Errors
    ///
    /// As [`recv`](Receiver::recv), and [`TryRecvError::Empty`] when it would wait.
    ///
    /// # Examples
    ///
    /// ```
    /// use asyncio_sync::broadcast::{self, TryRecvError};
    ///
    /// let (sender, mut receiver) = broadcast::channel(1);
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    /// sender.send('a').unwrap();
    /// sender.send('b').unwrap();
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Lagged(1)));
    /// assert_eq!(receiver.try_recv(), Ok('b'));
    /// drop(sender);
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    /// ```
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        let item = self.shared.monitor.lock().take(&mut self.position);
        item.map(Arc::unwrap_or_clone)
    }

    /// As [`recv`](Receiver::recv), for a thread that runs no loop.
    ///
    /// # Errors
    ///
    /// As `recv`.
    ///
    /// # Panics
    ///
    /// In a task or a callback, when it has to wait: it would block the loop.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, mut receiver) = asyncio_sync::broadcast::channel(16);
    /// std::thread::spawn(move || sender.send("hello").unwrap());
    /// assert_eq!(receiver.recv_blocking(), Ok("hello"));
    /// assert!(receiver.recv_blocking().is_err());
    /// ```
    pub fn recv_blocking(&mut self) -> Result<T, RecvError> {
        match self.try_recv() {
            Ok(item) => Ok(item),
            Err(TryRecvError::Lagged(missed)) => Err(RecvError::Lagged(missed)),
            Err(TryRecvError::Closed) => Err(RecvError::Closed),
            Err(TryRecvError::Empty) => block_on("Receiver::recv_blocking", "recv().await", self.recv()),
        }
    }

    /// The items as a stream, which ends when all senders are gone and all items have been seen.
    ///
    /// Where items were lost, it says how many. The stream is to be pinned, as with [`pin!`](std::pin::pin), before it
    /// is used.
    ///
    /// # Cancel safety
    ///
    /// An item that the stream has not given can be had from the receiver still.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::pin::pin;
    /// # use asyncio_sync::broadcast::{self, Lagged};
    /// # use futures_lite::StreamExt;
    /// # futures_lite::future::block_on(async {
    /// let (sender, mut receiver) = broadcast::channel(1);
    /// sender.send(1).unwrap();
    /// sender.send(2).unwrap();
    /// drop(sender);
    /// let mut items = pin!(receiver.stream());
    /// assert_eq!(items.next().await, Some(Err(Lagged(1))));
    /// assert_eq!(items.next().await, Some(Ok(2)));
    /// assert_eq!(items.next().await, None);
    /// # });
    /// ```
    pub fn stream(&mut self) -> impl Stream<Item = Result<T, Lagged>> {
        stream::unfold(self, |receiver| async move {
            let item = receiver.next_item().await?;
            Some((item, receiver))
        })
        .fuse()
    }

    /// As [`stream`](Receiver::stream), with a stream that borrows nothing.
    pub fn into_stream(self) -> impl Stream<Item = Result<T, Lagged>> {
        stream::unfold(self, |mut receiver| async move {
            let item = receiver.next_item().await?;
            Some((item, receiver))
        })
        .fuse()
    }

    async fn next_item(&mut self) -> Option<Result<T, Lagged>> {
        match self.recv().await {
            Ok(item) => Some(Ok(item)),
            Err(RecvError::Lagged(missed)) => Some(Err(Lagged(missed))),
            Err(RecvError::Closed) => None,
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut ring = self.shared.monitor.lock();
        let items = ring.leave(self.position);
        drop(ring);
        drop(items);
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
