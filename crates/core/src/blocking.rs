//! The way from a task to the threads that run blocking work.
//!
//! The pool of such threads belongs to an executor; what needs it (`to_thread`, name resolution) knows only this
//! trait, and finds the pool of its loop in the thread's slot. A job is an [`async_task::Runnable`] whose future
//! calls the blocking function once: result, panic and waker then travel through the task's own cell, and a job
//! costs one allocation.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_task::Runnable;

use crate::slot::{Entered, Slot};

/// A function that waits for a thread: `run` it there, once.
pub use async_task::Runnable as BlockingJob;

/// Runs blocking jobs somewhere else: a pool of threads, or what takes its place.
///
/// # Python
///
/// `concurrent.futures.Executor`, as `loop.run_in_executor` and `loop.set_default_executor` take it.
pub trait RunBlocking: Send + Sync + fmt::Debug {
    /// Queues `job` for a thread of the pool.
    ///
    /// # Errors
    ///
    /// Gives the job back when the pool takes no more: it is shut down, its bounded queue is full, or no thread
    /// could be started. Dropping the job cancels it.
    fn submit(&self, job: Runnable) -> Result<(), Runnable>;

    /// How many jobs are queued or running.
    fn outstanding(&self) -> usize;

    /// Takes no more jobs, and blocks this thread until those that are there have ended, for at most `timeout`. Says
    /// whether all have. An executor that others go on using leaves it at that.
    fn shut_down(&self, timeout: Duration) -> bool {
        let _ = timeout;
        true
    }
}

thread_local! {
    static CURRENT: Slot<Arc<dyn RunBlocking>> = const { Slot::empty() };
}

/// Makes `pool` the one that serves this thread, until the guard is dropped.
pub fn enter(pool: Arc<dyn RunBlocking>) -> Entered<Arc<dyn RunBlocking>> {
    Slot::enter(&CURRENT, pool)
}

/// Calls `look` with the pool that serves this thread, if there is one.
pub fn with<R>(look: impl FnOnce(Option<&Arc<dyn RunBlocking>>) -> R) -> R {
    Slot::with(&CURRENT, look)
}
