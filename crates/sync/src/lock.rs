//! `Lock`: one task at a time, first come, first served.
//!
//! It is [`Permits`] with one permit, around a value.

#![expect(unsafe_code, reason = "a value that is reached by whoever has the permit")]

use std::cell::UnsafeCell;
use std::error::Error;
use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::blocking::block_on;
use crate::permits::{OfLock, Permits, Place, Turn};
use crate::sync::const_fn;

mod guard;

pub use guard::{LockGuard, OwnedLockGuard};

/// A value that one task at a time can reach; `Lock<()>`, the default, is a plain lock.
///
/// Not re-entrant: a task that acquires a lock that it has waits for ever. It can be used from tasks of any executor,
/// from several loops and threads at once, and in a `static`.
///
/// # Fairness
///
/// First come, first served. A released lock goes to the task that has waited longest, and a newcomer cannot overtake
/// it, not even by [`try_acquire`](Lock::try_acquire).
///
/// # Python
///
/// `asyncio.Lock`, which holds no value. A guard takes the place of `async with` and of `release()`. Between the
/// release and the next task's step, `locked()` says true here and false in Python.
///
/// # Examples
///
/// ```
/// use asyncio_sync::Lock;
///
/// futures_lite::future::block_on(async {
///     let balance = Lock::new(100);
///     {
///         let mut balance = balance.acquire().await;
///         *balance -= 30;
///     }
///     assert_eq!(*balance.acquire().await, 70);
/// });
/// ```
#[doc(alias = "Mutex")]
pub struct Lock<T: ?Sized = ()> {
    permits: Permits,
    /// A guard was leaked, and `release` has not been called for it.
    leaked: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: whoever has the permit, and only that one, reaches the value, on any thread.
unsafe impl<T: ?Sized + Send> Send for Lock<T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Send> Sync for Lock<T> {}

impl<T> Lock<T> {
    const_fn! {
        /// A lock around `value` that nobody holds.
        pub const fn new(value: T) -> Lock<T> {
            Lock {
                permits: Permits::new(1),
                leaked: AtomicBool::new(false),
                value: UnsafeCell::new(value),
            }
        }
    }

    /// The value of a lock that nobody shares any more.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> Lock<T> {
    /// Waits until the lock can be had.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it gives up its place in line; if the lock was handed to it already, the next in line gets it.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let lock = asyncio_sync::Lock::new(());
    /// let held: asyncio_sync::LockGuard<'_> = lock.acquire().await;
    /// assert!(lock.locked());
    /// drop(held);
    /// assert!(!lock.locked());
    /// # });
    /// ```
    #[doc(alias = "lock")]
    #[inline]
    #[track_caller]
    pub fn acquire(&self) -> Acquire<'_, T> {
        Acquire {
            lock: self,
            turn: Turn::new(&self.permits, Location::caller()),
        }
    }

    /// The lock, if it is free and nobody waits for it.
    #[doc(alias = "try_lock")]
    #[inline]
    #[track_caller]
    pub fn try_acquire(&self) -> Option<LockGuard<'_, T>> {
        self.permits
            .try_take(1, Location::caller())
            .then(|| LockGuard::new(self))
    }

    /// As [`acquire`](Lock::acquire), with a guard that borrows nothing.
    ///
    /// # Cancel safety
    ///
    /// As for `acquire`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # futures_lite::future::block_on(async {
    /// let lock = Arc::new(asyncio_sync::Lock::new(1));
    /// let held = lock.clone().acquire_owned().await;
    /// // The guard can go where it likes, also to another thread.
    /// std::thread::spawn(move || drop(held)).join().unwrap();
    /// assert_eq!(lock.try_acquire().as_deref(), Some(&1));
    /// # });
    /// ```
    #[track_caller]
    pub fn acquire_owned(self: Arc<Self>) -> impl Future<Output = OwnedLockGuard<T>> {
        let place = Location::caller();
        async move {
            self.acquire_at(place).await.forget();
            OwnedLockGuard::new(self)
        }
    }

    pub(crate) fn acquire_at(&self, place: Place) -> Acquire<'_, T> {
        Acquire {
            lock: self,
            turn: Turn::new(&self.permits, place),
        }
    }

    /// As [`try_acquire`](Lock::try_acquire), with a guard that borrows nothing. The lock is given back if it cannot
    /// be had.
    ///
    /// # Errors
    ///
    /// With the lock itself, when it is held or somebody waits for it.
    #[track_caller]
    pub fn try_acquire_owned(self: Arc<Self>) -> Result<OwnedLockGuard<T>, Arc<Self>> {
        if self.permits.try_take(1, Location::caller()) {
            Ok(OwnedLockGuard::new(self))
        } else {
            Err(self)
        }
    }

    /// As [`acquire`](Lock::acquire), for a thread that runs no loop.
    ///
    /// # Panics
    ///
    /// In a step of a loop or of a pool's worker, which it would block. (Of other executors it cannot know.)
    #[track_caller]
    pub fn acquire_blocking(&self) -> LockGuard<'_, T> {
        block_on("Lock::acquire_blocking", "acquire().await", self.acquire())
    }

    /// Calls `f` with the value, with the lock held until the future that `f` makes has ended.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it drops that future, then releases the lock.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let names = asyncio_sync::Lock::new(vec!["a"]);
    /// let count = names.with(async |names| {
    ///     names.push("b");
    ///     names.len()
    /// });
    /// assert_eq!(count.await, 2);
    /// # });
    /// ```
    #[track_caller]
    pub fn with<R>(&self, f: impl AsyncFnOnce(&mut T) -> R) -> impl Future<Output = R> {
        let place = Location::caller();
        async move {
            let mut guard = self.acquire_at(place).await;
            f(&mut guard).await
        }
    }

    /// Whether somebody holds the lock, or it is on its way to somebody who waited.
    #[doc(alias = "is_locked")]
    pub fn locked(&self) -> bool {
        self.permits.locked(1)
    }

    /// The number of the task that holds the lock ([`TaskRef::id`](asyncio_core::TaskRef::id)); `None` when nobody
    /// does, or not a task of ours. It is for those who look at a program from outside, and may be stale for a moment.
    pub fn holder(&self) -> Option<u64> {
        self.permits.holder().filter(|_| self.permits.available() == 0)
    }

    /// Where in the program the lock was taken by who holds it; `None` when nobody does.
    pub fn holder_location(&self) -> Option<&'static Location<'static>> {
        self.permits.place().filter(|_| self.permits.available() == 0)
    }

    /// Releases a lock whose guard was given up with [`LockGuard::leak`]: any task can do that.
    ///
    /// # Errors
    ///
    /// When no guard was leaked since: the lock is free, or a guard will release it.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let lock = asyncio_sync::Lock::new(());
    /// asyncio_sync::LockGuard::leak(lock.acquire().await);
    /// assert!(lock.locked());
    /// assert!(lock.release().is_ok());
    /// assert_eq!(lock.release().unwrap_err().to_string(), "lock is not acquired, or by a guard that will release it");
    /// # });
    /// ```
    pub fn release(&self) -> Result<(), NotLocked> {
        if !self.leaked.swap(false, Ordering::AcqRel) {
            return Err(NotLocked(()));
        }
        self.permits.give(1);
        Ok(())
    }

    /// The value, with no need to wait: nobody else can have the lock.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }
}

impl<T: Default> Default for Lock<T> {
    fn default() -> Lock<T> {
        Lock::new(T::default())
    }
}

impl<T> From<T> for Lock<T> {
    fn from(value: T) -> Lock<T> {
        Lock::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Lock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.try_acquire() {
            Some(guard) => f.debug_struct("Lock").field("value", &&*guard).finish(),
            None => f
                .debug_struct("Lock")
                .field("value", &format_args!("<locked>"))
                .finish(),
        }
    }
}

pin_project! {
    /// The wait for a lock; from [`Lock::acquire`].
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Acquire<'a, T: ?Sized> {
        lock: &'a Lock<T>,
        #[pin]
        turn: Turn<'a, OfLock>,
    }
}

impl<'a, T: ?Sized> Future for Acquire<'a, T> {
    type Output = LockGuard<'a, T>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<LockGuard<'a, T>> {
        let this = self.project();
        let lock: &'a Lock<T> = this.lock;
        this.turn.poll(1, cx).map(|()| LockGuard::new(lock))
    }
}

impl<T: ?Sized> fmt::Debug for Acquire<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire").finish_non_exhaustive()
    }
}

/// A lock was to be released that no leaked guard holds.
///
/// # Python
///
/// The `RuntimeError` of `asyncio.Lock.release`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotLocked(());

impl fmt::Display for NotLocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("lock is not acquired, or by a guard that will release it")
    }
}

impl Error for NotLocked {}
