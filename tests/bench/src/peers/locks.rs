//! Locks and semaphores, each behind one trait: those of asyncio for Rust, of tokio and of async-lock.
//!
//! None of them belongs to an executor, so that a row compares them on one loop too. The waiters of ours and of tokio
//! go in the order in which they came; async-lock lets whoever asks at the right moment pass them.

use std::future::Future;
use std::ops::DerefMut;

/// A lock around a number.
pub trait Lock: Send + Sync + 'static {
    type Guard<'a>: DerefMut<Target = u64> + Send;

    /// Around zero.
    fn new() -> Self;

    fn acquire(&self) -> impl Future<Output = Self::Guard<'_>> + Send;
}

/// A count of permits.
pub trait Semaphore: Send + Sync + 'static {
    type Permit<'a>: Send;

    fn new(permits: usize) -> Self;

    fn acquire(&self) -> impl Future<Output = Self::Permit<'_>> + Send;
}

impl Lock for asyncio_sync::Lock<u64> {
    type Guard<'a> = asyncio_sync::LockGuard<'a, u64>;

    fn new() -> Self {
        asyncio_sync::Lock::new(0)
    }

    fn acquire(&self) -> impl Future<Output = Self::Guard<'_>> + Send {
        asyncio_sync::Lock::acquire(self)
    }
}

impl Semaphore for asyncio_sync::Semaphore {
    type Permit<'a> = asyncio_sync::Permit<'a>;

    fn new(permits: usize) -> Self {
        asyncio_sync::Semaphore::new(permits)
    }

    fn acquire(&self) -> impl Future<Output = Self::Permit<'_>> + Send {
        asyncio_sync::Semaphore::acquire(self)
    }
}

impl Lock for tokio::sync::Mutex<u64> {
    type Guard<'a> = tokio::sync::MutexGuard<'a, u64>;

    fn new() -> Self {
        tokio::sync::Mutex::new(0)
    }

    fn acquire(&self) -> impl Future<Output = Self::Guard<'_>> + Send {
        self.lock()
    }
}

impl Semaphore for tokio::sync::Semaphore {
    type Permit<'a> = tokio::sync::SemaphorePermit<'a>;

    fn new(permits: usize) -> Self {
        tokio::sync::Semaphore::new(permits)
    }

    async fn acquire(&self) -> Self::Permit<'_> {
        tokio::sync::Semaphore::acquire(self).await.unwrap()
    }
}

impl Lock for async_lock::Mutex<u64> {
    type Guard<'a> = async_lock::MutexGuard<'a, u64>;

    fn new() -> Self {
        async_lock::Mutex::new(0)
    }

    fn acquire(&self) -> impl Future<Output = Self::Guard<'_>> + Send {
        self.lock()
    }
}

impl Semaphore for async_lock::Semaphore {
    type Permit<'a> = async_lock::SemaphoreGuard<'a>;

    fn new(permits: usize) -> Self {
        async_lock::Semaphore::new(permits)
    }

    fn acquire(&self) -> impl Future<Output = Self::Permit<'_>> + Send {
        async_lock::Semaphore::acquire(self)
    }
}
