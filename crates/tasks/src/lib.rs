//! Tasks and structured concurrency, on any executor.
//!
//! [`create_task`] starts a task on the loop of this thread and [`spawn`] on the loop's pool of workers; both give a
//! [`Task`]. Better than tasks by themselves is a [`task_group`]: nothing that it starts outlives it, the first
//! failure ends the rest, and all errors come back together. [`timeout()`] bounds anything.
//!
//! # Cancellation
//!
//! A future of Rust is cancelled by dropping it, which leaves no room for cleanup that awaits. Here a task, a timeout
//! or a group is *asked* to stop. The request goes to the innermost place that has something to clean up:
//! [`finally!`](crate::finally!) and [`on_cancel!`](crate::on_cancel!) run their cleanup and let it go on;
//! [`catch_cancelled`] hands it to the code around, which may also turn it down. Where nothing has, plain futures are
//! dropped, and need to know nothing of all this.
//!
//! All of this works inside `select!`, `join!` and streams of whatever library, and on whatever executor: the tree of
//! scopes lives in the futures themselves. What starts tasks needs a loop of ours (from `asyncio-loop`, or with
//! everything else from the facade crate `asyncio-rs`), or an executor that [`on`] was told of.
//!
//! # Examples
//!
//! ```
//! use std::time::Duration;
//!
//! use asyncio_tasks::{finally, timeout};
//! use asyncio_timers::sleep;
//!
//! let mut log = Vec::new();
//! let work = async {
//!     finally!({ sleep(Duration::from_secs(3600)).await }, {
//!         sleep(Duration::from_millis(1)).await;
//!         log.push("cleaned up");
//!     })
//! };
//! let late = futures_lite::future::block_on(timeout(Duration::from_millis(5), work));
//! assert!(late.is_err());
//! assert_eq!(log, ["cleaned up"]);
//! ```

mod as_completed;
mod borrow_group;
mod builder;
mod cancel_token;
mod cancellable;
mod cancelled;
mod catch;
mod combine;
mod context_var;
mod create;
mod current;
mod exception_group;
mod factory;
mod gather;
mod graph;
mod group;
mod join_error;
mod port;
mod promise;
pub mod raw;
mod ready_set;
mod result_error;
mod root;
mod scope;
mod shield;
mod sync;
mod task;
mod task_set;
mod timeout;
mod timeout_error;
mod timeout_scope;
mod to_thread;
mod wait;
mod wait_for;
mod yield_now;

pub use as_completed::{AsCompleted, AsCompletedIter, NextCompleted, as_completed};
pub use asyncio_core::{
    CallbackId, Context, ContextEntered, TaskName, TaskRef, Wait as WaitRecord, WaitKind,
};
pub use borrow_group::{BorrowGroup, RunBorrow, borrow_group};
pub use builder::{TaskBuilder, task};
pub use cancel_token::{CancelToken, WaitCancelled};
pub use cancelled::{Cancelled, CancelledError, Resume};
#[doc(hidden)]
pub use catch::CleanedUp;
pub use catch::{CatchCancelled, catch_cancelled, finally, on_cancel};
pub use combine::{
    OneOf2, OneOf3, OneOf4, OneOf5, OneOf6, OneOf7, OneOf8, join2, join3, join4, join5, join6, join7, join8,
    select2, select3, select4, select5, select6, select7, select8,
};
pub use context_var::{ContextVar, LookupError, Token, TokenError, VarScope, copy_context};
pub use create::{TaskSpawnError, create_task, spawn, try_create_task, try_spawn};
pub use current::{all_tasks, current_task};
pub use exception_group::ExceptionGroup;
pub use factory::{
    EnteredFactory, FactorySlot, TaskFactory, TaskFuture, create_eager_task_factory, eager_task_factory,
    enter_factory,
};
pub use gather::{
    Gather, GatherList, GatherSlot, Gathered, TryGather, TryGathered, gather_all, gather_all_spawn,
    gather_tasks, try_gather_all, try_gather_all_spawn,
};
pub use graph::{
    AwaitEdge, EdgeKind, FrameCallGraphEntry, FutureCallGraph, TaskGraph, TaskNode, capture_call_graph,
    capture_call_graph_of, format_call_graph, print_call_graph, write_call_graph,
};
pub use group::{
    GroupClosed, GroupTask, RunGroup, RunInfallible, TaskGroup, task_group, task_group_infallible,
};
pub use join_error::JoinError;
pub use port::{Job, LocalJob, On, Spawn, on};
pub use promise::{Promise, PromiseError, PromiseTake, PromiseWait};
pub use result_error::{InvalidStateError, ResultError};
pub use shield::{Shield, shield, shield_future, shield_spawn};
pub use task::Task;
pub use task_set::TaskSet;
pub use timeout::{Timeout, timeout, timeout_at};
pub use timeout_error::TimeoutError;
pub use timeout_scope::{TimeoutHandle, TimeoutScope, TimeoutState, timeout_scope};
pub use to_thread::{BlockingCall, call_blocking, to_thread};
pub use wait::{ReturnWhen, Wait, wait};
pub use wait_for::{WaitFor, wait_for};
pub use yield_now::{YieldNow, yield_now};
