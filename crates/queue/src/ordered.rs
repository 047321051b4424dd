//! `LifoQueue` and `PriorityQueue`: queues that give their items out in another order.

use std::ops::Deref;

use asyncio_sync::ValueError;

use crate::queue::Queue;
use crate::storage::{Heap, Lifo};

/// A [`Queue`] that gives the item out that was put last.
///
/// # Python
///
/// `asyncio.LifoQueue`.
///
/// # Examples
///
/// ```
/// let queue = asyncio_queue::LifoQueue::new();
/// for item in [1, 2, 3] {
///     queue.put_nowait(item).unwrap();
/// }
/// assert_eq!(queue.get_nowait(), Ok(3));
/// ```
#[derive(Debug)]
pub struct LifoQueue<T>(Queue<T, Lifo<T>>);

/// A [`Queue`] that gives the smallest item out, by `Ord`; for the greatest, put [`Reverse`](std::cmp::Reverse)s.
///
/// Of two that are equal either may come first: a tuple of a priority, a number and the rest makes an order.
///
/// # Python
///
/// `asyncio.PriorityQueue`.
///
/// # Examples
///
/// ```
/// let queue = asyncio_queue::PriorityQueue::new();
/// for item in [(2, "tea"), (1, "water"), (3, "cake")] {
///     queue.put_nowait(item).unwrap();
/// }
/// assert_eq!(queue.get_nowait(), Ok((1, "water")));
/// ```
#[derive(Debug)]
pub struct PriorityQueue<T: Ord>(Queue<T, Heap<T>>);

macro_rules! ordered {
    ($queue:ident, $storage:ident, $($bound:tt)*) => {
        impl<T: $($bound)*> $queue<T> {
            /// A queue without a bound.
            pub fn new() -> $queue<T> {
                $queue(Queue::with_storage($storage::default()))
            }

            /// A queue of at most that many items.
            ///
            /// # Panics
            ///
            /// When `maxsize` is 0.
            pub fn bounded(maxsize: usize) -> $queue<T> {
                $queue(Queue::bounded_with_storage(maxsize, $storage::default()))
            }

            /// A queue of at most that many items, a number that comes from outside.
            ///
            /// # Errors
            ///
            /// When `maxsize` is 0.
            pub fn try_bounded(maxsize: usize) -> Result<$queue<T>, ValueError> {
                Queue::try_bounded_with_storage(maxsize, $storage::default()).map($queue)
            }
        }

        impl<T: $($bound)*> Default for $queue<T> {
            fn default() -> $queue<T> {
                $queue::new()
            }
        }

        impl<T: $($bound)*> Deref for $queue<T> {
            type Target = Queue<T, $storage<T>>;

            #[inline]
            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }
    };
}

ordered!(LifoQueue, Lifo, Sized);
ordered!(PriorityQueue, Heap, Ord);
