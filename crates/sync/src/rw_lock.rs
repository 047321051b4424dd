//! `RwLock`: many readers or one writer, first come, first served.
//!
//! It is [`Permits`]: a reader takes one, a writer takes all.

#![expect(unsafe_code, reason = "a value that is reached by whoever has permits")]

use std::cell::UnsafeCell;
use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::blocking::block_on;
use crate::permits::{OfLock, Permits, Place, Turn};
use crate::sync::const_fn;

mod guard;

pub use guard::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLockReadGuard, RwLockWriteGuard};

/// As many may read at once, and this much a writer takes.
const ALL: usize = (u32::MAX >> 3) as usize;

/// A value that many tasks can read at once, or one can write.
///
/// # Fairness
///
/// First come, first served: a reader that comes when a writer waits gets in line behind it, so writers are not
/// starved. For the same reason a task that reads must not ask to read again before it is done: a writer may stand
/// between.
///
/// # Python
///
/// asyncio has none. This one is for those who know it from Rust.
///
/// # Examples
///
/// ```
/// use asyncio_sync::RwLock;
///
/// futures_lite::future::block_on(async {
///     let limit = RwLock::new(5);
///     {
///         let (one, two) = (limit.read().await, limit.read().await);
///         assert_eq!(*one + *two, 10);
///         assert!(limit.try_write().is_none());
///     }
///     *limit.write().await = 6;
///     assert_eq!(limit.into_inner(), 6);
/// });
/// ```
pub struct RwLock<T: ?Sized> {
    permits: Permits,
    value: UnsafeCell<T>,
}

// SAFETY: one writer reaches the value, on any thread, and it can be taken out.
unsafe impl<T: ?Sized + Send> Send for RwLock<T> {}
// SAFETY: many readers reach it, on several threads at once; or one writer.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLock<T> {}

impl<T> RwLock<T> {
    const_fn! {
        /// A lock around `value` that nobody holds.
        pub const fn new(value: T) -> RwLock<T> {
            RwLock {
                permits: Permits::new(ALL),
                value: UnsafeCell::new(value),
            }
        }
    }

    /// The value of a lock that nobody shares any more.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Waits until the value can be read.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it gives up its place in line, or what it was given.
    #[track_caller]
    pub fn read(&self) -> Read<'_, T> {
        self.read_at(Location::caller())
    }

    /// Waits until the value can be written.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it gives up its place in line, or what it was given; readers behind it go on.
    #[track_caller]
    pub fn write(&self) -> Write<'_, T> {
        self.write_at(Location::caller())
    }

    /// The value to read, if nobody writes or waits.
    #[track_caller]
    pub fn try_read(&self) -> Option<RwLockReadGuard<'_, T>> {
        self.permits
            .try_take(1, Location::caller())
            .then(|| RwLockReadGuard::new(self))
    }

    /// The value to write, if nobody has it or waits.
    #[track_caller]
    pub fn try_write(&self) -> Option<RwLockWriteGuard<'_, T>> {
        self.permits
            .try_take(ALL, Location::caller())
            .then(|| RwLockWriteGuard::new(self))
    }

    /// As [`read`](RwLock::read), with a guard that borrows nothing.
    ///
    /// # Cancel safety
    ///
    /// As for `read`.
    #[track_caller]
    pub fn read_owned(self: Arc<Self>) -> impl Future<Output = OwnedRwLockReadGuard<T>> {
        let place = Location::caller();
        async move {
            std::mem::forget(self.read_at(place).await);
            OwnedRwLockReadGuard::new(self)
        }
    }

    fn read_at(&self, place: Place) -> Read<'_, T> {
        Read {
            lock: self,
            turn: Turn::new(&self.permits, place),
        }
    }

    /// As [`write`](RwLock::write), with a guard that borrows nothing.
    ///
    /// # Cancel safety
    ///
    /// As for `write`.
    #[track_caller]
    pub fn write_owned(self: Arc<Self>) -> impl Future<Output = OwnedRwLockWriteGuard<T>> {
        let place = Location::caller();
        async move {
            std::mem::forget(self.write_at(place).await);
            OwnedRwLockWriteGuard::new(self)
        }
    }

    fn write_at(&self, place: Place) -> Write<'_, T> {
        Write {
            lock: self,
            turn: Turn::new(&self.permits, place),
        }
    }

    /// As [`try_read`](RwLock::try_read), with a guard that borrows nothing.
    #[track_caller]
    pub fn try_read_owned(self: &Arc<Self>) -> Option<OwnedRwLockReadGuard<T>> {
        self.permits
            .try_take(1, Location::caller())
            .then(|| OwnedRwLockReadGuard::new(self.clone()))
    }

    /// As [`try_write`](RwLock::try_write), with a guard that borrows nothing.
    #[track_caller]
    pub fn try_write_owned(self: &Arc<Self>) -> Option<OwnedRwLockWriteGuard<T>> {
        self.permits
            .try_take(ALL, Location::caller())
            .then(|| OwnedRwLockWriteGuard::new(self.clone()))
    }

    /// As [`read`](RwLock::read), for a thread that runs no loop.
    ///
    /// # Panics
    ///
    /// In a step of a loop or of a pool's worker, which it would block. (Of other executors it cannot know.)
    #[track_caller]
    pub fn read_blocking(&self) -> RwLockReadGuard<'_, T> {
        block_on("RwLock::read_blocking", "read().await", self.read())
    }

    /// As [`write`](RwLock::write), for a thread that runs no loop.
    ///
    /// # Panics
    ///
    /// In a step of a loop or of a pool's worker, which it would block. (Of other executors it cannot know.)
    #[track_caller]
    pub fn write_blocking(&self) -> RwLockWriteGuard<'_, T> {
        block_on("RwLock::write_blocking", "write().await", self.write())
    }

    /// The number of the task that took the lock last, to read or to write; see [`Lock::holder`](crate::Lock::holder).
    pub fn holder(&self) -> Option<u64> {
        self.permits.holder().filter(|_| self.permits.available() < ALL)
    }

    /// The value, with no need to wait: nobody else can have the lock.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }
}

impl<T: Default> Default for RwLock<T> {
    fn default() -> RwLock<T> {
        RwLock::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    fn from(value: T) -> RwLock<T> {
        RwLock::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.try_read() {
            Some(guard) => f.debug_struct("RwLock").field("value", &&*guard).finish(),
            None => f
                .debug_struct("RwLock")
                .field("value", &format_args!("<locked>"))
                .finish(),
        }
    }
}

pin_project! {
    /// The wait to read; from [`RwLock::read`].
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Read<'a, T: ?Sized> {
        lock: &'a RwLock<T>,
        #[pin]
        turn: Turn<'a, OfLock>,
    }
}

impl<'a, T: ?Sized> Future for Read<'a, T> {
    type Output = RwLockReadGuard<'a, T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let lock: &'a RwLock<T> = this.lock;
        this.turn.poll(1, cx).map(|()| RwLockReadGuard::new(lock))
    }
}

impl<T: ?Sized> fmt::Debug for Read<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Read").finish_non_exhaustive()
    }
}

pin_project! {
    /// The wait to write; from [`RwLock::write`].
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Write<'a, T: ?Sized> {
        lock: &'a RwLock<T>,
        #[pin]
        turn: Turn<'a, OfLock>,
    }
}

impl<'a, T: ?Sized> Future for Write<'a, T> {
    type Output = RwLockWriteGuard<'a, T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let lock: &'a RwLock<T> = this.lock;
        this.turn.poll(ALL, cx).map(|()| RwLockWriteGuard::new(lock))
    }
}

impl<T: ?Sized> fmt::Debug for Write<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Write").finish_non_exhaustive()
    }
}
