//! The atomics and locks of this crate's own protocols: std's, or loom's when the models are checked.

#[cfg(not(asyncio_loom))]
pub(crate) use std::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence},
};

#[cfg(not(asyncio_loom))]
pub(crate) use std::thread::yield_now;

#[cfg(asyncio_loom)]
pub(crate) use loom::{
    cell::UnsafeCell,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence},
    },
    thread::yield_now,
};

/// std's cell, with the interface of loom's, which sees two accesses that race.
#[cfg(not(asyncio_loom))]
#[derive(Debug, Default)]
pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

#[cfg(not(asyncio_loom))]
impl<T> UnsafeCell<T> {
    pub(crate) const fn new(value: T) -> UnsafeCell<T> {
        UnsafeCell(std::cell::UnsafeCell::new(value))
    }

    #[inline]
    pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.0.get())
    }

    #[inline]
    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }
}

#[cfg(not(asyncio_loom))]
pub(crate) use concurrent_queue::ConcurrentQueue as RemoteQueue;

/// A stand-in for the unbounded concurrent queue, which loom cannot see into: the models check what is built
/// around the queue, and need of it only that a push is visible to whoever synchronises with it.
#[cfg(asyncio_loom)]
#[derive(Debug)]
pub(crate) struct RemoteQueue<T>(Mutex<std::collections::VecDeque<T>>);

#[cfg(asyncio_loom)]
impl<T> RemoteQueue<T> {
    pub(crate) fn unbounded() -> RemoteQueue<T> {
        RemoteQueue(Mutex::new(std::collections::VecDeque::new()))
    }

    pub(crate) fn push(&self, item: T) -> Result<(), T> {
        self.0
            .lock()
            .expect("no model panics while it holds this lock")
            .push_back(item);
        Ok(())
    }

    pub(crate) fn pop(&self) -> Result<T, ()> {
        self.0
            .lock()
            .expect("no model panics while it holds this lock")
            .pop_front()
            .ok_or(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0
            .lock()
            .expect("no model panics while it holds this lock")
            .is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.0
            .lock()
            .expect("no model panics while it holds this lock")
            .len()
    }
}
