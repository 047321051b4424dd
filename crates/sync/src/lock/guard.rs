//! The guards of a [`Lock`]: whoever has one reaches the value.

#![expect(unsafe_code, reason = "a guard is the proof that the value is its own")]

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Lock;

/// A held lock. Dropped, it hands the lock to the next in line.
#[must_use = "the lock is released when the guard is dropped"]
pub struct LockGuard<'a, T: ?Sized = ()> {
    lock: &'a Lock<T>,
    /// A guard that is shared between threads shares the value.
    _value: PhantomData<&'a mut T>,
}

impl<'a, T: ?Sized> LockGuard<'a, T> {
    /// The caller has taken the lock's permit.
    #[inline]
    pub(super) fn new(lock: &'a Lock<T>) -> LockGuard<'a, T> {
        LockGuard {
            lock,
            _value: PhantomData,
        }
    }

    /// The lock that is held.
    pub fn lock(guard: &LockGuard<'a, T>) -> &'a Lock<T> {
        guard.lock
    }

    /// Gives up the guard, with the lock still held: whoever wants calls [`Lock::release`] later.
    pub fn leak(guard: LockGuard<'a, T>) {
        guard.lock.leaked.store(true, Ordering::Release);
        guard.forget();
    }

    /// Gives up the guard: who has the permit now must give it back.
    pub(crate) fn forget(self) {
        std::mem::forget(self);
    }
}

impl<T: ?Sized> Drop for LockGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.permits.give(1);
    }
}

impl<T: ?Sized> Deref for LockGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the guard has the lock's permit, so nobody else reaches the value.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T: ?Sized> DerefMut for LockGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard has the lock's permit, so nobody else reaches the value.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for LockGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for LockGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

/// A held lock that borrows nothing. Dropped, it hands the lock to the next in line.
#[must_use = "the lock is released when the guard is dropped"]
pub struct OwnedLockGuard<T: ?Sized = ()> {
    lock: Arc<Lock<T>>,
    /// A guard that is shared between threads shares the value.
    _value: PhantomData<T>,
}

impl<T: ?Sized> OwnedLockGuard<T> {
    /// The caller has taken the lock's permit.
    pub(super) fn new(lock: Arc<Lock<T>>) -> OwnedLockGuard<T> {
        OwnedLockGuard {
            lock,
            _value: PhantomData,
        }
    }

    /// Gives up the guard, with the lock still held: whoever wants calls [`Lock::release`] later. The lock comes back.
    pub fn leak(guard: OwnedLockGuard<T>) -> Arc<Lock<T>> {
        let lock = guard.lock.clone();
        lock.leaked.store(true, Ordering::Release);
        // The clone that the guard has goes with it, its permit does not.
        let mut guard = std::mem::ManuallyDrop::new(guard);
        #[expect(unsafe_code, reason = "the guard's fields are dropped, the guard is not")]
        // SAFETY: the guard is not used any more.
        unsafe {
            std::ptr::drop_in_place(&raw mut guard.lock);
        }
        lock
    }

    /// The lock that is held.
    pub fn lock(guard: &OwnedLockGuard<T>) -> &Arc<Lock<T>> {
        &guard.lock
    }
}

impl<T: ?Sized> Drop for OwnedLockGuard<T> {
    fn drop(&mut self) {
        self.lock.permits.give(1);
    }
}

impl<T: ?Sized> Deref for OwnedLockGuard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard has the lock's permit, so nobody else reaches the value.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T: ?Sized> DerefMut for OwnedLockGuard<T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard has the lock's permit, so nobody else reaches the value.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for OwnedLockGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for OwnedLockGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}
