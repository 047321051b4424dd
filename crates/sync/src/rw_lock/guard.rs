//! The guards of an [`RwLock`]: whoever has one reaches the value.

#![expect(unsafe_code, reason = "a guard is the proof that the value can be reached")]

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::{ALL, RwLock};

/// The value can be read. Dropped, the guard lets others have it.
#[must_use = "the lock is released when the guard is dropped"]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
}

impl<'a, T: ?Sized> RwLockReadGuard<'a, T> {
    /// The caller has taken one permit.
    pub(super) fn new(lock: &'a RwLock<T>) -> RwLockReadGuard<'a, T> {
        RwLockReadGuard { lock }
    }
}

/// The value can be written. Dropped, the guard lets others have it.
#[must_use = "the lock is released when the guard is dropped"]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
    /// A guard that is shared between threads shares the value.
    _value: PhantomData<&'a mut T>,
}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    /// The caller has taken all permits.
    pub(super) fn new(lock: &'a RwLock<T>) -> RwLockWriteGuard<'a, T> {
        RwLockWriteGuard {
            lock,
            _value: PhantomData,
        }
    }

    /// From now on the value is only read: readers in front of the line come in, and no writer can come between.
    pub fn downgrade(guard: RwLockWriteGuard<'a, T>) -> RwLockReadGuard<'a, T> {
        let lock = guard.lock;
        std::mem::forget(guard);
        // First, so that its permit is given back even if a waker panics.
        let reading = RwLockReadGuard::new(lock);
        lock.permits.give(ALL - 1);
        reading
    }
}

/// The value can be read; the guard borrows nothing. Dropped, it lets others have it.
#[must_use = "the lock is released when the guard is dropped"]
pub struct OwnedRwLockReadGuard<T: ?Sized> {
    lock: Arc<RwLock<T>>,
}

impl<T: ?Sized> OwnedRwLockReadGuard<T> {
    /// The caller has taken one permit.
    pub(super) fn new(lock: Arc<RwLock<T>>) -> OwnedRwLockReadGuard<T> {
        OwnedRwLockReadGuard { lock }
    }
}

/// The value can be written; the guard borrows nothing. Dropped, it lets others have it.
#[must_use = "the lock is released when the guard is dropped"]
pub struct OwnedRwLockWriteGuard<T: ?Sized> {
    lock: Arc<RwLock<T>>,
}

impl<T: ?Sized> OwnedRwLockWriteGuard<T> {
    /// The caller has taken all permits.
    pub(super) fn new(lock: Arc<RwLock<T>>) -> OwnedRwLockWriteGuard<T> {
        OwnedRwLockWriteGuard { lock }
    }
}

/// What all guards have in common.
macro_rules! guard {
    ($guard:ident<$($life:lifetime,)? T>, $permits:expr) => {
        impl<T: ?Sized> Drop for $guard<$($life,)? T> {
            fn drop(&mut self) {
                self.lock.permits.give($permits);
            }
        }

        impl<T: ?Sized> Deref for $guard<$($life,)? T> {
            type Target = T;

            fn deref(&self) -> &T {
                // SAFETY: with the guard's permits, nobody writes the value but through this guard.
                unsafe { &*self.lock.value.get() }
            }
        }

        impl<T: ?Sized + fmt::Debug> fmt::Debug for $guard<$($life,)? T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&**self, f)
            }
        }

        impl<T: ?Sized + fmt::Display> fmt::Display for $guard<$($life,)? T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&**self, f)
            }
        }
    };
}

guard!(RwLockReadGuard<'_, T>, 1);
guard!(RwLockWriteGuard<'_, T>, ALL);
guard!(OwnedRwLockReadGuard<T>, 1);
guard!(OwnedRwLockWriteGuard<T>, ALL);

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard has all permits, so nobody else reaches the value.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T: ?Sized> DerefMut for OwnedRwLockWriteGuard<T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard has all permits, so nobody else reaches the value.
        unsafe { &mut *self.lock.value.get() }
    }
}
