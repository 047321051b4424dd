//! Python's asyncio in idiomatic Rust.
//!
//! This crate is the facade: it re-exports the crates of the workspace under the names that asyncio's users know.
//! Each of them can be used alone, on any executor; here they meet under one loop.
//!
//! ```
//! use std::time::Duration;
//!
//! async fn fetch(delay: u64, value: u32) -> u32 {
//!     asyncio::sleep(Duration::from_millis(delay)).await;
//!     value
//! }
//!
//! let sum = asyncio::run(async {
//!     let slow = asyncio::create_task(fetch(20, 1));
//!     let quick = asyncio::create_task(fetch(10, 2));
//!     slow.await.unwrap() + quick.await.unwrap()
//! });
//! assert_eq!(sum, 3);
//! ```
//!
//! # Where a task runs
//!
//! - [`create_task`] starts it on this thread's loop; the future need not be `Send`, and tasks take their steps in
//!   the order in which they became ready.
//! - [`spawn`] starts it on the loop's pool of workers.
//! - [`to_thread`] runs a blocking function on a thread where blocking is no harm.
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `macros` | yes | `#[asyncio::main]` and `#[asyncio::test]` |
//! | `net` | yes | the module `net` |

pub mod prelude;
pub mod time;

#[doc(hidden)]
pub mod __private;

/// TCP, UDP and Unix sockets.
#[cfg(feature = "net")]
pub use asyncio_net as net;

/// Readiness of file descriptors, for sources that `net` does not know, and OS signals.
pub use asyncio_reactor as reactor;

/// Executors to be used without a loop, and the pool for blocking work.
pub use asyncio_executor as executor;

pub use asyncio_loop::{
    ConcurrentFuture, EventLoop, EventLoopBuilder, ExceptionContext, ExceptionHandler, LoopClosed,
    LoopHandle, NoEventLoop, RunError, Runner, exit_by_sigint, get_running_loop, run, try_get_running_loop,
    try_run,
};
#[cfg(feature = "macros")]
pub use asyncio_macros::{main, test};
pub use asyncio_tasks::{
    CallbackId, Cancelled, CancelledError, CatchCancelled, Context, ContextEntered, ExceptionGroup,
    GroupClosed, GroupTask, InvalidStateError, Job, JoinError, LocalJob, On, ResultError, Resume, RunGroup,
    RunInfallible, Shield, Spawn, Task, TaskBuilder, TaskGroup, TaskRef, TaskSpawnError, Timeout,
    TimeoutError, YieldNow, catch_cancelled, create_task, finally, on, on_cancel, shield, shield_future,
    shield_spawn, spawn, task, task_group, task_group_infallible, timeout, timeout_at, to_thread,
    try_create_task, try_spawn, yield_now,
};
pub use asyncio_timers::{Interval, MissedTickBehavior, Sleep, interval, interval_at, sleep, sleep_until};
