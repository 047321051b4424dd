//! `create_task` and `spawn`: the two places to run.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::io;

use asyncio_core::{SpawnError, on_pool_worker, spawn_local};

use crate::Task;

/// Starts a task on the loop that runs on this thread. The future need not be `Send`.
///
/// The task takes its first step at the loop's next turn, in the order of creation.
///
/// # Panics
///
/// When no loop runs on this thread, or the loop is ending; [`try_create_task`] gives the future back instead. On a
/// pool's worker too: a task that runs there starts others with [`spawn`].
///
/// # Python
///
/// `asyncio.create_task`.
#[track_caller]
pub fn create_task<F: Future + 'static>(future: F) -> Task<F::Output> {
    match try_create_task(future) {
        Ok(task) => task,
        Err(error) => panic!("{error}"),
    }
}

/// Starts a task on the loop that runs on this thread.
///
/// # Errors
///
/// Gives the future back when no loop runs on this thread, or the loop is ending.
pub fn try_create_task<F: Future + 'static>(future: F) -> Result<Task<F::Output>, TaskSpawnError<F>> {
    match spawn_local(future) {
        Ok(raw) => Ok(Task::new(raw)),
        Err(future) => {
            let reason = if asyncio_core::current_loop().is_some() {
                Reason::Closed
            } else if on_pool_worker() {
                Reason::OnPool
            } else {
                Reason::NoLoop
            };
            Err(TaskSpawnError { future, reason })
        }
    }
}

/// Starts a task on the pool of workers. The pool starts at the first call.
///
/// # Panics
///
/// When no loop runs on this thread and it is no pool's worker, when the pool is ending, or when its threads cannot
/// be started; [`try_spawn`] gives the future back instead.
///
/// # Python
///
/// There is no counterpart: a Python loop has one thread.
#[track_caller]
pub fn spawn<F>(future: F) -> Task<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    match try_spawn(future) {
        Ok(task) => task,
        Err(error) => panic!("{error}"),
    }
}

/// Starts a task on the pool of workers.
///
/// # Errors
///
/// Gives the future back when no loop runs on this thread and it is no pool's worker, when the pool is ending, or
/// when its threads cannot be started.
pub fn try_spawn<F>(future: F) -> Result<Task<F::Output>, TaskSpawnError<F>>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    asyncio_core::spawn(future)
        .map(Task::new)
        .map_err(|error| match error {
            SpawnError::NoPool(future) => TaskSpawnError {
                future,
                reason: Reason::NoLoop,
            },
            SpawnError::Closed(future) => TaskSpawnError {
                future,
                reason: Reason::Closed,
            },
            SpawnError::Start(error, future) => TaskSpawnError {
                future,
                reason: Reason::Start(error),
            },
        })
}

/// A task could not be started; the future comes back.
pub struct TaskSpawnError<F> {
    future: F,
    reason: Reason,
}

#[derive(Debug)]
enum Reason {
    NoLoop,
    OnPool,
    Closed,
    Start(io::Error),
}

impl<F> TaskSpawnError<F> {
    /// The future that was to become a task.
    pub fn into_inner(self) -> F {
        self.future
    }
}

impl<F> fmt::Display for TaskSpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Reason::NoLoop => f.write_str("no running event loop: call this inside `asyncio::run`"),
            Reason::OnPool => f.write_str("this task runs on the pool: use spawn"),
            Reason::Closed => f.write_str("the event loop is ending and takes no new tasks"),
            Reason::Start(error) => write!(f, "the pool of workers could not be started: {error}"),
        }
    }
}

impl<F> fmt::Debug for TaskSpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskSpawnError")
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

impl<F> Error for TaskSpawnError<F> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.reason {
            Reason::Start(error) => Some(error),
            _ => None,
        }
    }
}
