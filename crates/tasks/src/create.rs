//! How a task comes to be: on this thread's loop, on the pool, or on an executor that is not ours.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::io;
use std::panic::Location;

use asyncio_core::{Outcome, RawTask, SpawnError, Start, TaskRef, foreign_task, on_pool_worker};

use crate::builder::Dress;
use crate::factory::{self, Factored};
use crate::port::{self, on_port};
use crate::root::Root;
use crate::{Task, TaskBuilder};

/// Starts a task on the loop that runs on this thread. The future need not be `Send`.
///
/// The task takes its first step at the loop's next turn, in the order of creation. Its context is a copy of the
/// one that is current now.
///
/// # Panics
///
/// When no loop runs on this thread, or the loop is ending; [`try_create_task`] gives the future back instead. On a
/// pool's worker too: a task that runs there starts others with [`spawn`].
///
/// # Python
///
/// `asyncio.create_task`. With a name, a context or an eager start: [`task()`](crate::task()).
#[track_caller]
pub fn create_task<F: Future<Output: 'static> + 'static>(future: F) -> Task<F::Output> {
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
#[track_caller]
pub fn try_create_task<F: Future<Output: 'static> + 'static>(
    future: F,
) -> Result<Task<F::Output>, TaskSpawnError<F>> {
    let raw = start_local(Root::new(future), None, Location::caller());
    raw.map(Task::new).map_err(|error| error.map(Root::into_inner))
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
    F: Future<Output: Send + 'static> + Send + 'static,
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
#[track_caller]
pub fn try_spawn<F>(future: F) -> Result<Task<F::Output>, TaskSpawnError<F>>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let raw = start(Root::new(future), None, Location::caller());
    raw.map(Task::new).map_err(|error| error.map(Root::into_inner))
}

/// Starts a task whose cell runs `future`, on this thread.
#[inline]
pub(crate) fn start_local<F, T>(
    future: F,
    dress: Option<Dress>,
    location: &'static Location<'static>,
) -> Result<RawTask<T>, TaskSpawnError<F>>
where
    F: Future<Output = Outcome<T>> + 'static,
    T: 'static,
{
    if let Some(port) = port::current() {
        let (raw, run) = foreign_task(future, location, |task| put_on(dress, task));
        port.spawn_local(Box::pin(on_port(port.clone(), run)));
        return Ok(raw);
    }
    if let Some(factory) = factory::current() {
        if asyncio_core::takes_tasks() {
            let (future, builder) = Factored::make(
                &factory,
                future,
                TaskBuilder::from_dress(dress.unwrap_or_default()),
            );
            let spawned = spawn_on_loop(future, Some(builder.into_dress()), location);
            return Ok(spawned.unwrap_or_else(|_| unreachable!("the loop takes tasks")));
        }
    }
    spawn_on_loop(future, dress, location).map_err(|future| {
        let reason = if asyncio_core::current_loop().is_some() {
            Reason::Closed
        } else if on_pool_worker() {
            Reason::OnPool
        } else {
            Reason::NoLoop
        };
        TaskSpawnError { future, reason }
    })
}

#[inline]
fn spawn_on_loop<F, T>(
    future: F,
    dress: Option<Dress>,
    location: &'static Location<'static>,
) -> Result<RawTask<T>, F>
where
    F: Future<Output = Outcome<T>> + 'static,
    T: 'static,
{
    let said = dress.as_ref().and_then(Dress::eager);
    let eager = said.unwrap_or_else(asyncio_core::starts_eagerly);
    let start = if eager { Start::Eager } else { Start::Queued };
    asyncio_core::spawn_local(future, start, location, |task| put_on(dress, task))
}

/// A task without a dress, which is the usual one, pays nothing for those that have one.
#[inline]
fn put_on(dress: Option<Dress>, task: &TaskRef) {
    if let Some(dress) = dress {
        dress.put_on(task);
    }
}

/// Starts a task whose cell runs `future`, on the pool.
pub(crate) fn start<F, T>(
    future: F,
    dress: Option<Dress>,
    location: &'static Location<'static>,
) -> Result<RawTask<T>, TaskSpawnError<F>>
where
    F: Future<Output = Outcome<T>> + Send + 'static,
    T: Send + 'static,
{
    if let Some(port) = port::current() {
        let (raw, run) = foreign_task(future, location, |task| put_on(dress, task));
        port.spawn(Box::pin(on_port(port.clone(), run)));
        return Ok(raw);
    }
    let spawned = asyncio_core::spawn(future, location, |task: &TaskRef| put_on(dress, task));
    spawned.map_err(|error| {
        let (future, reason) = match error {
            SpawnError::NoPool(future) => (future, Reason::NoLoop),
            SpawnError::Closed(future) => (future, Reason::Closed),
            SpawnError::Start(error, future) => (future, Reason::Start(error)),
        };
        TaskSpawnError { future, reason }
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

    pub(crate) fn map<G>(self, change: impl FnOnce(F) -> G) -> TaskSpawnError<G> {
        TaskSpawnError {
            future: change(self.future),
            reason: self.reason,
        }
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
