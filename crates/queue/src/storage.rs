//! In which order items come out: the storages of a [`Queue`](crate::Queue).

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// Where a [`Queue`](crate::Queue) keeps its items; it decides which comes out next.
///
/// Its functions are called with the queue's mutex held: they should be quick, and must not use the queue.
///
/// # Python
///
/// The methods `_put`, `_get` and `_qsize` that subclasses of `asyncio.Queue` override.
///
/// # Examples
///
/// A queue that knows each item once:
///
/// ```
/// use std::collections::BTreeSet;
///
/// use asyncio_queue::{Queue, QueueStorage};
///
/// #[derive(Default)]
/// struct Once(BTreeSet<u32>);
///
/// impl QueueStorage<u32> for Once {
///     fn push(&mut self, item: u32) -> Option<u32> {
///         (!self.0.insert(item)).then_some(item)
///     }
///     fn pop(&mut self) -> Option<u32> {
///         self.0.pop_first()
///     }
///     fn len(&self) -> usize {
///         self.0.len()
///     }
/// }
///
/// let queue = Queue::with_storage(Once::default());
/// for item in [2, 1, 2] {
///     queue.put_nowait(item).unwrap();
/// }
/// assert_eq!((queue.get_nowait(), queue.get_nowait()), (Ok(1), Ok(2)));
/// assert!(queue.empty());
/// ```
pub trait QueueStorage<T> {
    /// Takes an item in, and gives back what it does not keep: that one, or another. The length grows by one if
    /// nothing comes back, and else stays. What comes back is dropped, and was never put as far as
    /// [`join`](crate::Queue::join) is concerned.
    fn push(&mut self, item: T) -> Option<T>;

    /// Gives the next item out. `None` exactly when the length is 0.
    fn pop(&mut self) -> Option<T>;

    /// How many items there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// First in, first out.
#[derive(Debug, Clone)]
pub struct Fifo<T>(VecDeque<T>);

impl<T> Default for Fifo<T> {
    fn default() -> Fifo<T> {
        Fifo(VecDeque::new())
    }
}

impl<T> QueueStorage<T> for Fifo<T> {
    #[inline]
    fn push(&mut self, item: T) -> Option<T> {
        self.0.push_back(item);
        None
    }

    #[inline]
    fn pop(&mut self) -> Option<T> {
        self.0.pop_front()
    }

    #[inline]
    fn len(&self) -> usize {
        self.0.len()
    }
}

/// Last in, first out.
#[derive(Debug, Clone)]
pub struct Lifo<T>(Vec<T>);

impl<T> Default for Lifo<T> {
    fn default() -> Lifo<T> {
        Lifo(Vec::new())
    }
}

impl<T> QueueStorage<T> for Lifo<T> {
    #[inline]
    fn push(&mut self, item: T) -> Option<T> {
        self.0.push(item);
        None
    }

    #[inline]
    fn pop(&mut self) -> Option<T> {
        self.0.pop()
    }

    #[inline]
    fn len(&self) -> usize {
        self.0.len()
    }
}

/// The smallest first, by `Ord`; which of two equal ones is not said.
#[derive(Debug, Clone)]
pub struct Heap<T>(BinaryHeap<Reverse<T>>);

impl<T: Ord> Default for Heap<T> {
    fn default() -> Heap<T> {
        Heap(BinaryHeap::new())
    }
}

impl<T: Ord> QueueStorage<T> for Heap<T> {
    #[inline]
    fn push(&mut self, item: T) -> Option<T> {
        self.0.push(Reverse(item));
        None
    }

    #[inline]
    fn pop(&mut self) -> Option<T> {
        self.0.pop().map(|Reverse(item)| item)
    }

    #[inline]
    fn len(&self) -> usize {
        self.0.len()
    }
}
