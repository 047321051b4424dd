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
//! | `process` | yes | subprocesses, and the module `subprocess` |
//! | `queue` | yes | queues, and the module `queue` |
//! | `sync` | yes | locks and their like, and the module `sync` |
//! | `testing` | no | the module `testing`: the cancel explorer, the mock clock, connections in memory |
//! | `tls` | no | the module `tls`, and TLS for streams |
//! | `tracing` | no | spans of tasks, and events, for subscribers of the `tracing` crate |

pub mod prelude;
pub mod time;

#[doc(hidden)]
pub mod __private;

/// TCP, UDP and Unix sockets.
#[cfg(feature = "net")]
pub use asyncio_net as net;

/// Files, off the loop.
#[cfg(feature = "net")]
pub use asyncio_net::fs;

/// Copying between streams, and the standard streams of the process.
#[cfg(feature = "net")]
pub use asyncio_net::io;

/// TLS for streams.
#[cfg(feature = "tls")]
pub use asyncio_net::tls;

/// Subprocesses: all of it, with `PIPE`, `STDOUT` and `DEVNULL`.
#[cfg(feature = "process")]
pub use asyncio_process as subprocess;

/// Queues: all of it, with the futures' types and the storages.
#[cfg(feature = "queue")]
pub use asyncio_queue as queue;

/// Synchronization: all of it, with the guards' and the futures' types, and the channels.
#[cfg(feature = "sync")]
pub use asyncio_sync as sync;

/// The cancel explorer, the mock clock, and connections in memory, for tests.
#[cfg(feature = "testing")]
pub use asyncio_testing as testing;

/// Readiness of file descriptors, for sources that `net` does not know, and OS signals.
pub use asyncio_reactor as reactor;

/// Executors to be used without a loop, and the pool for blocking work.
pub use asyncio_executor as executor;

#[cfg(unix)]
pub use asyncio_loop::introspect_paths;
pub use asyncio_loop::{
    BlockingJob, CallRefusal, CallRefused, ConcurrentFuture, Driver, EventLoop, EventLoopBuilder,
    ExceptionContext, ExceptionHandler, ExecutorBusy, GetLoop, Handle, HostCall, LoopClosed, LoopHandle,
    Metrics, NoEventLoop, PerCore, PerCoreError, RunBlocking, RunError, Runner, ThreadSafeHandle,
    TimerHandle, Turned, WaitFor, call_at, call_later, call_soon, exit_by_sigint, get_running_loop,
    leave_loop, run, run_per_core, start_guest_run, try_get_running_loop, try_run, unwrap_future,
    wrap_future,
};
#[cfg(feature = "macros")]
pub use asyncio_macros::{main, test};
#[cfg(feature = "net")]
pub use asyncio_net::{
    Duplex, IncompleteReadError, LimitOverrunError, Server, StreamError, StreamReader, StreamWriter,
    Transport, open_connection, start_server, start_server_parallel,
};
#[cfg(all(feature = "net", unix))]
pub use asyncio_net::{open_unix_connection, start_unix_server, start_unix_server_parallel};
#[cfg(feature = "process")]
pub use asyncio_process::{create_subprocess_exec, create_subprocess_shell, shell_quote};
#[cfg(feature = "queue")]
pub use asyncio_queue::{LifoQueue, PriorityQueue, Queue, QueueEmpty, QueueFull, QueueShutDown};
#[cfg(feature = "sync")]
pub use asyncio_sync::{
    Barrier, BoundedSemaphore, BrokenBarrierError, Condition, Event, Lock, Semaphore, ValueError,
};
pub use asyncio_tasks::{
    AsCompleted, AwaitEdge, BorrowGroup, CallbackId, CancelToken, Cancelled, CancelledError, Context,
    ContextEntered, ContextVar, ExceptionGroup, FrameCallGraphEntry, FutureCallGraph, Gather, GroupClosed,
    GroupTask, InvalidStateError, Job, JoinError, LocalJob, LookupError, Promise, PromiseError, ResultError,
    ReturnWhen, Spawn, Task, TaskBuilder, TaskFactory, TaskFuture, TaskGraph, TaskGroup, TaskRef, TaskSet,
    TaskSpawnError, TimeoutError, TimeoutHandle, TimeoutState, Token, TokenError, TryGather, WaitKind,
    WaitRecord, all_tasks, as_completed, borrow_group, capture_call_graph, capture_call_graph_of,
    catch_cancelled, context_var, copy_context, create_eager_task_factory, create_task, current_task,
    eager_task_factory, finally, format_call_graph, gather, gather_all, gather_all_spawn, gather_spawn,
    gather_tasks, join, on, on_cancel, print_call_graph, race, select, shield, shield_future, shield_spawn,
    spawn, task, task_group, task_group_infallible, timeout, timeout_at, timeout_scope, to_thread,
    try_create_task, try_gather, try_gather_all, try_gather_all_spawn, try_gather_spawn, try_spawn, wait,
    wait_for, write_call_graph, yield_now,
};

/// Tasks and structured concurrency: all of it, with the futures' types.
pub use asyncio_tasks as tasks;
pub use asyncio_timers::{
    Interval, MissedTickBehavior, Sleep, interval, interval_at, sleep, sleep_until, sleep_with,
};
