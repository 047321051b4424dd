//! `Queue`: items from those who put to those who get, first come, first served.

use std::fmt;
use std::marker::PhantomData;

use asyncio_sync::ValueError;
use asyncio_sync::blocking::block_on;
use asyncio_sync::monitor::Waiter;

use crate::error::{GetError, PutError, QueueEmpty, QueueFull, QueueShutDown};
use crate::storage::{Fifo, QueueStorage};

mod get;
mod item;
mod items;
mod join;
#[cfg(all(test, asyncio_loom))]
mod loom_tests;
mod put;
mod slot;
mod state;

pub use get::Get;
pub use item::QueueItem;
pub use items::Items;
pub use join::Join;
pub use put::Put;
pub use slot::{Reserve, Slot};

use state::{Change, Phase, QueueMonitor, State, end_if_finished};

/// A queue of items, with or without a bound; first in, first out, unless its storage says otherwise.
///
/// Share it by reference or in an `Arc`, between tasks of any executor, several loops, and threads.
///
/// # Fairness
///
/// First come, first served, on both sides. An item that comes while somebody waits is promised to the one who has
/// waited longest, and a place that becomes free likewise: a newcomer cannot take it, not even by
/// [`get_nowait`](Queue::get_nowait) or [`put_nowait`](Queue::put_nowait), and for those who count and ask it is not
/// there any more.
///
/// # Python
///
/// `asyncio.Queue`. There the one who was woken looks again, and waits again at the end of the line if a newcomer was
/// quicker.
///
/// # Examples
///
/// ```
/// use asyncio_queue::Queue;
/// use futures_lite::future::{block_on, zip};
///
/// let queue = Queue::bounded(2);
/// let producer = async {
///     for item in 1..=5 {
///         queue.put(item).await.unwrap();
///     }
///     queue.shutdown();
/// };
/// let consumer = async {
///     let mut sum = 0;
///     while let Ok(item) = queue.get().await {
///         sum += item;
///     }
///     sum
/// };
/// assert_eq!(block_on(zip(producer, consumer)).1, 15);
/// ```
#[doc(alias = "channel")]
pub struct Queue<T, S = Fifo<T>> {
    monitor: QueueMonitor<S>,
    /// The storage has the items.
    _items: PhantomData<fn() -> T>,
}

impl<T> Queue<T> {
    /// A queue without a bound.
    pub fn new() -> Queue<T> {
        Queue::with_storage(Fifo::default())
    }

    /// A queue of at most that many items.
    ///
    /// # Panics
    ///
    /// When `maxsize` is 0: nothing could ever be put. (In Python 0 means no bound: that is [`new`](Queue::new).)
    pub fn bounded(maxsize: usize) -> Queue<T> {
        Queue::bounded_with_storage(maxsize, Fifo::default())
    }

    /// A queue of at most that many items, a number that comes from outside.
    ///
    /// # Errors
    ///
    /// When `maxsize` is 0.
    pub fn try_bounded(maxsize: usize) -> Result<Queue<T>, ValueError> {
        Queue::try_bounded_with_storage(maxsize, Fifo::default())
    }
}

impl<T, S: QueueStorage<T>> Queue<T, S> {
    /// A queue without a bound that keeps its items in `storage`. What is in there already counts as put.
    pub fn with_storage(storage: S) -> Queue<T, S> {
        Queue::make(usize::MAX, storage)
    }

    /// A queue of at most that many items that keeps them in `storage`.
    ///
    /// # Panics
    ///
    /// When `maxsize` is 0.
    pub fn bounded_with_storage(maxsize: usize, storage: S) -> Queue<T, S> {
        match Queue::try_bounded_with_storage(maxsize, storage) {
            Ok(queue) => queue,
            Err(error) => panic!("{error}"),
        }
    }

    /// A queue of at most that many items that keeps them in `storage`.
    ///
    /// # Errors
    ///
    /// When `maxsize` is 0.
    pub fn try_bounded_with_storage(maxsize: usize, storage: S) -> Result<Queue<T, S>, ValueError> {
        if maxsize == 0 {
            return Err(ValueError::new(
                "maxsize must be at least 1: nothing could be put into a queue of 0 items; \
                 for one without a bound, give none",
            ));
        }
        Ok(Queue::make(maxsize, storage))
    }

    fn make(maxsize: usize, storage: S) -> Queue<T, S> {
        let unfinished = storage.len();
        let mut state = State::new(storage, maxsize);
        state.unfinished = unfinished;
        Queue {
            monitor: QueueMonitor::new(state),
            _items: PhantomData,
        }
    }

    /// Puts an item, when there is room and it is this one's turn.
    ///
    /// # Errors
    ///
    /// With the item, when the queue was shut down.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is ready, it has not put the item, and drops it. To keep the item, [`reserve`](Queue::reserve)
    /// a place first. A place that was promised goes to the next.
    #[inline]
    pub fn put(&self, item: T) -> Put<'_, T, S> {
        Put {
            queue: self,
            item: Some(item),
            waiter: Waiter::new(&self.monitor),
        }
    }

    /// Waits for a place, into which an item can be put later, without fail.
    ///
    /// # Errors
    ///
    /// When the queue was shut down.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it loses nothing: a place that was promised goes to the next.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let queue = asyncio_queue::Queue::bounded(1);
    /// let slot = queue.reserve().await.unwrap();
    /// assert!(queue.full());
    /// slot.put("made when the place was sure");
    /// # });
    /// ```
    pub fn reserve(&self) -> Reserve<'_, T, S> {
        Reserve {
            queue: self,
            waiter: Waiter::new(&self.monitor),
        }
    }

    /// A place, if there is one at once.
    ///
    /// # Errors
    ///
    /// When there is none, or the queue was shut down; [`PutError`] holds no item here.
    pub fn try_reserve(&self) -> Result<Slot<'_, T, S>, PutError<()>> {
        let state = self.monitor.lock();
        if state.phase != Phase::Open {
            return Err(PutError::ShutDown(QueueShutDown(())));
        }
        if state.room() == 0 {
            return Err(PutError::Full(QueueFull(())));
        }
        Change::new(state).reserved += 1;
        Ok(Slot { queue: self })
    }

    /// Puts an item, if that can be done at once.
    ///
    /// # Errors
    ///
    /// With the item, when there is no room, or the queue was shut down.
    #[inline]
    pub fn put_nowait(&self, item: T) -> Result<(), PutError<T>> {
        let state = self.monitor.lock();
        if state.phase != Phase::Open {
            return Err(PutError::ShutDown(QueueShutDown(item)));
        }
        if state.room() == 0 {
            return Err(PutError::Full(QueueFull(item)));
        }
        let mut change = Change::new(state);
        let back = change.storage.push(item);
        drop(change);
        // Now that the lock is free.
        drop(back);
        Ok(())
    }

    /// As [`put`](Queue::put), for a thread that runs no loop.
    ///
    /// # Errors
    ///
    /// As `put`.
    ///
    /// # Panics
    ///
    /// In a step of a loop or of a pool's worker, which it would block. (Of other executors it cannot know.)
    pub fn put_blocking(&self, item: T) -> Result<(), QueueShutDown<T>> {
        block_on("Queue::put_blocking", "put(item).await", self.put(item))
    }

    /// Gets the next item, when there is one and it is this one's turn.
    ///
    /// # Errors
    ///
    /// When the queue was shut down and has no more items.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it loses nothing: an item that was promised goes to the next who waits, or stays in the queue.
    #[inline]
    pub fn get(&self) -> Get<'_, T, S> {
        Get {
            queue: self,
            waiter: Waiter::new(&self.monitor),
        }
    }

    /// As [`get`](Queue::get); the guard that is given reports the item as done when it is dropped.
    ///
    /// # Errors
    ///
    /// As `get`.
    ///
    /// # Cancel safety
    ///
    /// As `get`.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let queue = asyncio_queue::Queue::new();
    /// queue.put("work").await.unwrap();
    /// let item = queue.get_item().await.unwrap();
    /// assert_eq!((*item, queue.unfinished()), ("work", 1));
    /// drop(item);
    /// queue.join().await;
    /// # });
    /// ```
    pub async fn get_item(&self) -> Result<QueueItem<'_, T, S>, QueueShutDown> {
        let item = self.get().await?;
        Ok(QueueItem::new(self, item))
    }

    /// Gets the next item, if that can be done at once.
    ///
    /// # Errors
    ///
    /// When there is none; the error says whether one may still come.
    #[inline]
    pub fn get_nowait(&self) -> Result<T, GetError> {
        let state = self.monitor.lock();
        if state.items() == 0 {
            return Err(if state.is_exhausted() {
                GetError::ShutDown(QueueShutDown(()))
            } else {
                GetError::Empty(QueueEmpty)
            });
        }
        let mut change = Change::new(state);
        let item = change.storage.pop();
        drop(change);
        item.ok_or(GetError::Empty(QueueEmpty))
    }

    /// As [`get`](Queue::get), for a thread that runs no loop.
    ///
    /// # Errors
    ///
    /// As `get`.
    ///
    /// # Panics
    ///
    /// In a step of a loop or of a pool's worker, which it would block. (Of other executors it cannot know.)
    pub fn get_blocking(&self) -> Result<T, QueueShutDown> {
        block_on("Queue::get_blocking", "get().await", self.get())
    }

    /// The items as a stream, which ends when the queue was shut down and is empty.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it loses nothing. A stream that was polled and is kept without being polled again keeps its place
    /// in line, and an item that it was promised.
    pub fn items(&self) -> Items<'_, T, S> {
        Items::new(self)
    }

    /// Waits until every item that was put has been reported as done.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it loses nothing.
    pub fn join(&self) -> Join<'_, T, S> {
        Join {
            queue: self,
            waiter: Waiter::new(&self.monitor),
        }
    }

    /// Reports an item that was got as done.
    ///
    /// # Errors
    ///
    /// When it is called more often than there were items put.
    pub fn task_done(&self) -> Result<(), ValueError> {
        let mut state = self.monitor.lock();
        let Some(left) = state.unfinished.checked_sub(1) else {
            return Err(ValueError::new(
                "task_done() called too many times: no item of the queue is unfinished",
            ));
        };
        state.unfinished = left;
        end_if_finished(state);
        Ok(())
    }

    /// Refuses items from now on, and lets those that are there be got. Those who wait to put get an error, and those
    /// who wait to get when the last item is gone. Slots that were reserved can still be used.
    ///
    /// Nothing happens when it was shut down before.
    pub fn shutdown(&self) {
        let mut change = Change::new(self.monitor.lock());
        if change.phase == Phase::Open {
            change.phase = Phase::Draining;
        }
    }

    /// Refuses items from now on, and throws out those that are there: they are given back, and count as done. Those
    /// who wait, to put or to get, get an error.
    ///
    /// Those who [`join`](Queue::join) still wait for the items that somebody has got and not reported as done.
    pub fn shutdown_immediate(&self) -> Vec<T> {
        let mut thrown_out = Vec::new();
        let mut change = Change::new(self.monitor.lock());
        change.phase = Phase::Closed;
        while let Some(item) = change.storage.pop() {
            thrown_out.push(item);
            // With the item, so that nobody sees the one without the other.
            change.unfinished = change.unfinished.saturating_sub(1);
        }
        drop(change);
        thrown_out
    }

    /// Whether it was shut down, in either way.
    pub fn is_shutdown(&self) -> bool {
        self.monitor.lock().phase != Phase::Open
    }

    /// The most items that there can be; `None` if there is no bound.
    pub fn maxsize(&self) -> Option<usize> {
        let maxsize = self.monitor.lock().maxsize;
        (maxsize != usize::MAX).then_some(maxsize)
    }

    /// How many items there are that nobody has been promised. With other threads about, it may be out of date at
    /// once.
    #[doc(alias = "len")]
    pub fn qsize(&self) -> usize {
        self.monitor.lock().items()
    }

    /// Whether there is no item for one who came now.
    #[doc(alias = "is_empty")]
    pub fn empty(&self) -> bool {
        self.qsize() == 0
    }

    /// Whether there is no room for one who came now.
    #[doc(alias = "is_full")]
    pub fn full(&self) -> bool {
        self.monitor.lock().room() == 0
    }

    /// How many items were put and not yet reported as done.
    pub fn unfinished(&self) -> usize {
        self.monitor.lock().unfinished
    }

    /// How it is told from others in a wait record.
    fn address(&self) -> usize {
        (&raw const *self).addr()
    }
}

impl<T> Default for Queue<T> {
    fn default() -> Queue<T> {
        Queue::new()
    }
}

impl<T, S: QueueStorage<T>> fmt::Debug for Queue<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("qsize", &self.qsize())
            .field("maxsize", &self.maxsize())
            .field("unfinished", &self.unfinished())
            .finish_non_exhaustive()
    }
}
