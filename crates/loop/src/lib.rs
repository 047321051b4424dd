//! The event loop: one thread that turns a reactor, timers and a ready queue, and a pool of workers beside it.
//!
//! [`run`] is for scripts, [`Runner`] for programs. Inside, `create_task` starts tasks on the loop and `spawn` on
//! its pool (both in `asyncio-tasks`); sockets and sleeps find the loop's drivers by themselves.
//!
//! # Examples
//!
//! ```
//! use std::time::Duration;
//!
//! use asyncio_loop::Runner;
//! use asyncio_tasks::create_task;
//! use asyncio_timers::sleep;
//!
//! let mut runner = Runner::new().mock_clock(true);
//! let value = runner.run(async {
//!     let slow = create_task(async {
//!         sleep(Duration::from_secs(3600)).await;
//!         7
//!     });
//!     slow.await
//! });
//! assert_eq!(value.unwrap().unwrap(), 7);
//! ```

mod calls;
mod concurrent_future;
mod driver;
mod event_loop;
mod event_loop_builder;
mod executors;
mod factories;
mod guest;
#[cfg(unix)]
mod introspect;
mod lazy_blocking;
mod loop_handle;
mod main_task;
mod metrics;
mod per_core;
mod pool;
mod promises;
mod run;
mod run_error;
mod runner;
mod shutdown;
mod sigint;
mod switches;
mod sync;
mod timer_handle;
mod watchdog;
mod watched;
mod watches;
mod watching;

pub use asyncio_core::blocking::{BlockingJob, RunBlocking};
pub use asyncio_core::{
    CallRefusal, CallRefused, ExceptionContext, ExceptionHandler, Handle, ThreadSafeHandle,
};
pub use calls::{call_at, call_later, call_soon};
pub use concurrent_future::ConcurrentFuture;
pub use driver::{Driver, leave_loop};
pub use event_loop::{EventLoop, Turned, WaitFor};
pub use event_loop_builder::EventLoopBuilder;
pub use executors::ExecutorBusy;
pub use guest::{HostCall, start_guest_run};
#[cfg(unix)]
pub use introspect::introspect_paths;
pub use loop_handle::{LoopClosed, LoopHandle, NoEventLoop, get_running_loop, try_get_running_loop};
pub use metrics::Metrics;
pub use per_core::{PerCore, PerCoreError, run_per_core};
pub use promises::{GetLoop, unwrap_future, wrap_future};
pub use run::{exit_by_sigint, run, try_run};
pub use run_error::RunError;
pub use runner::Runner;
pub use timer_handle::TimerHandle;
