//! Tasks: work that runs beside the code that started it.
//!
//! [`create_task`] starts a task on the loop of this thread and [`spawn`] on the loop's pool of workers; both give a
//! [`Task`]. [`to_thread`] runs a blocking function. [`yield_now`] lets the others have their turn.
//!
//! A loop comes from `asyncio-loop`, or with everything else from the facade crate `asyncio-rs`.
//!
//! # Examples
//!
//! Without a loop, a future comes back instead of being lost:
//!
//! ```
//! let error = asyncio_tasks::try_create_task(async { 7 }).unwrap_err();
//! assert_eq!(error.to_string(), "no running event loop: call this inside `asyncio::run`");
//! assert_eq!(futures_lite::future::block_on(error.into_inner()), 7);
//! ```

mod create;
mod join_error;
mod task;
mod to_thread;
mod yield_now;

pub use create::{TaskSpawnError, create_task, spawn, try_create_task, try_spawn};
pub use join_error::JoinError;
pub use task::Task;
pub use to_thread::to_thread;
pub use yield_now::{YieldNow, yield_now};
