//! Synchronization primitives for async code, with the names and the fairness of Python's asyncio, on any executor.
//!
//! ```
//! use std::sync::Arc;
//!
//! use asyncio_sync::{Barrier, Lock};
//! use futures_lite::future::{block_on, zip};
//!
//! async fn deposit(balance: &Lock<u32>, all_there: &Barrier) {
//!     all_there.wait().await.unwrap();
//!     *balance.acquire().await += 10;
//! }
//!
//! let (balance, all_there) = (Lock::new(0), Barrier::new(2));
//! let deposits = zip(deposit(&balance, &all_there), deposit(&balance, &all_there));
//! block_on(deposits);
//! assert_eq!(balance.into_inner(), 20);
//! ```
//!
//! # What there is
//!
//! - Of asyncio: [`Lock`], [`Event`], [`Condition`], [`Semaphore`], [`BoundedSemaphore`], [`Barrier`].
//! - For those who know it from Rust: [`RwLock`], [`OnceCell`], [`Lazy`], and the channels [`oneshot`], [`watch`] and
//!   [`broadcast`]. Queues are a crate of their own, `asyncio-queue`.
//! - For those who build their own: [`monitor`], which all of them stand on.
//!
//! # What holds for all
//!
//! - **Fair.** Whoever has waited longest is served first, and cannot be overtaken.
//! - **Cancel safe.** Whatever waits can be dropped at any time. What it was given in that moment goes to the next.
//! - **Anywhere.** All are `Send` and `Sync` if what they hold is. They are not bound to a loop: tasks of several loops, of
//!   other runtimes, and threads (by the functions that end in `_blocking`) can use one and the same.
//! - **No memory from the heap** is taken by waiting, but for an `OnceCell`.
//! - **Seen.** A task that waits notes for what ([`TaskRef::wait`](asyncio_core::TaskRef::wait)), and a lock or a
//!   semaphore who took it last (`holder`).
//!
//! # Whose code
//!
//! Nearly all stands on one small list of waiters of this crate's own; [`monitor`] says why. `event-listener` serves
//! the [`OnceCell`], whose waits are rare. Of other well-kept crates, async-lock's mutex and semaphore let newcomers
//! overtake, which asyncio forbids; async-broadcast has no wait record; and with the list at hand each of these is a
//! page of code.

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
