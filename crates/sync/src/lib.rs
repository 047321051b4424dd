//! Synchronization primitives for async code, with the names and the fairness of Python's asyncio.

mod barrier;
pub mod blocking;
pub mod broadcast;
mod condition;
mod event;
mod lazy;
mod lock;
#[cfg(all(test, asyncio_loom))]
mod loom_kit;
pub mod monitor;
mod once_cell;
pub mod oneshot;
mod permits;
mod rw_lock;
mod semaphore;
mod sync;
mod value_error;
pub mod watch;

pub use barrier::{Barrier, BarrierWait, BrokenBarrierError};
pub use condition::{CondGuard, CondWait, Condition};
pub use event::{Event, EventWait};
pub use lazy::{Lazy, LazyFuture};
pub use lock::{Acquire, Lock, LockGuard, NotLocked, OwnedLockGuard};
pub use once_cell::OnceCell;
pub use rw_lock::{
    OwnedRwLockReadGuard, OwnedRwLockWriteGuard, Read, RwLock, RwLockReadGuard, RwLockWriteGuard, Write,
};
pub use semaphore::{AcquirePermit, BoundedSemaphore, OwnedPermit, Permit, Semaphore};
pub use value_error::ValueError;
