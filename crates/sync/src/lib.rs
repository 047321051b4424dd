//! Synchronization primitives for async code, with the names and the fairness of Python's asyncio.

mod blocking;
mod lock;
pub mod monitor;
mod permits;
mod semaphore;
mod sync;
mod value_error;

pub use lock::{Acquire, Lock, LockGuard, NotLocked, OwnedLockGuard};
pub use semaphore::{AcquirePermit, BoundedSemaphore, OwnedPermit, Permit, Semaphore};
pub use value_error::ValueError;
