//! The atomics and locks of the readiness protocol: std's, or loom's when the models are checked.

#[cfg(not(asyncio_loom))]
pub(crate) use std::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicU32, Ordering},
};

#[cfg(asyncio_loom)]
pub(crate) use loom::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicU32, Ordering},
};

use std::sync::PoisonError;

/// Locks, whatever happened to an earlier holder: nothing that we keep under a lock is left half-changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
