//! The atomics, locks and parking of the pool's workers: std's, or loom's when the models are checked.

use std::sync::{PoisonError, TryLockError};

#[cfg(not(asyncio_loom))]
pub(crate) use std::{
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{Thread, current, park, park_timeout},
};

#[cfg(asyncio_loom)]
pub(crate) use loom::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};
#[cfg(asyncio_loom)]
pub(crate) use parking::{Thread, current, park, park_timeout};

/// Locks, whatever happened to an earlier holder: nothing that we keep under a lock is left half-changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Locks unless somebody else holds the lock.
pub(crate) fn try_lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

/// The park token, made from what loom has: its own `park` shares the token with its locks.
#[cfg(asyncio_loom)]
mod parking {
    use std::time::Duration;

    use loom::sync::{Arc, Condvar, Mutex};

    use super::lock;

    loom::thread_local! {
        static CURRENT: Thread = Thread(Arc::new((Mutex::new(false), Condvar::new())));
    }

    #[derive(Debug, Clone)]
    pub(crate) struct Thread(Arc<(Mutex<bool>, Condvar)>);

    impl Thread {
        pub(crate) fn unpark(&self) {
            let (token, changed) = &*self.0;
            *lock(token) = true;
            changed.notify_one();
        }
    }

    pub(crate) fn current() -> Thread {
        CURRENT.with(Thread::clone)
    }

    pub(crate) fn park() {
        let Thread(this) = current();
        let (token, changed) = &*this;
        let mut set = lock(token);
        while !*set {
            set = changed
                .wait(set)
                .unwrap_or_else(std::sync::PoisonError::into_inner);
        }
        *set = false;
    }

    /// The time is over as soon as the others have had their turn.
    pub(crate) fn park_timeout(_: Duration) {
        let Thread(this) = current();
        if !std::mem::take(&mut *lock(&this.0)) {
            loom::thread::yield_now();
        }
    }
}
