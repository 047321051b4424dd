//! How a task comes to be: on this thread's loop, on the pool, or on an executor that is not ours.

#![expect(
    unsafe_code,
    reason = "a future that is moved to its task is not carried along for the case that the loop takes none"
)]

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::io;
use std::mem::ManuallyDrop;
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
#[inline]
#[track_caller]
pub fn create_task<F: Future<Output: 'static> + 'static>(future: F) -> Task<F::Output> {
    let location = Location::caller();
    Task::new(start_local_or_panic(future, Root::new, location))
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
    start_local(future, Root::new, None, Location::caller()).map(Task::new)
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

/// Starts a task on this thread whose cell runs what `wrap` makes of `future`.
///
/// # Panics
///
/// When no loop runs on this thread, or the loop is ending.
#[inline]
#[track_caller]
pub(crate) fn start_local_or_panic<U, F, T>(
    future: U,
    wrap: impl FnOnce(U) -> F,
    location: &'static Location<'static>,
) -> RawTask<T>
where
    F: Future<Output = Outcome<T>> + 'static,
    T: 'static,
{
    let (mut future, mut wrap) = (ManuallyDrop::new(future), ManuallyDrop::new(wrap));
    if !port::is_set() && !factory::is_set() {
        // No error carries the future along on this path: it is moved once, to its place.
        // SAFETY: a closure that is called at most once. If it was, there is a task, and neither is used here any more.
        let make = || unsafe { ManuallyDrop::take(&mut wrap)(ManuallyDrop::take(&mut future)) };
        if let Some(raw) = asyncio_core::spawn_made(make, None, location, |_| {}) {
            return raw;
        }
    }
    let (future, wrap) = (ManuallyDrop::into_inner(future), ManuallyDrop::into_inner(wrap));
    match start_local(future, wrap, None, location) {
        Ok(raw) => raw,
        Err(error) => refused(&error.reason),
    }
}

#[cold]
#[track_caller]
fn refused(reason: &Reason) -> ! {
    panic!("{reason}")
}

/// Starts a task on this thread whose cell runs what `wrap` makes of `future`.
pub(crate) fn start_local<U, F, T>(
    future: U,
    wrap: impl FnOnce(U) -> F,
    dress: Option<Dress>,
    location: &'static Location<'static>,
) -> Result<RawTask<T>, TaskSpawnError<U>>
where
    F: Future<Output = Outcome<T>> + 'static,
    T: 'static,
{
    if let Some(port) = port::current() {
        let (raw, run) = foreign_task(wrap(future), location, |task| put_on(dress, task));
        port.spawn_local(Box::pin(on_port(port.clone(), run)));
        return Ok(raw);
    }
    if !asyncio_core::takes_tasks() {
        let reason = if asyncio_core::current_loop().is_some() {
            Reason::Closed
        } else if on_pool_worker() {
            Reason::OnPool
        } else {
            Reason::NoLoop
        };
        return Err(TaskSpawnError { future, reason });
    }
    Ok(match factory::current() {
        Some(factory) => {
            let builder = TaskBuilder::from_dress(dress.unwrap_or_default());
            let (future, builder) = Factored::make(&factory, wrap(future), builder);
            on_open_loop(|| future, Some(builder.into_dress()), location)
        }
        None => on_open_loop(|| wrap(future), dress, location),
    })
}

/// Starts a task on this thread's loop, which takes tasks.
fn on_open_loop<F, T>(
    make: impl FnOnce() -> F,
    dress: Option<Dress>,
    location: &'static Location<'static>,
) -> RawTask<T>
where
    F: Future<Output = Outcome<T>> + 'static,
    T: 'static,
{
    let eager = dress.as_ref().and_then(Dress::eager);
    let start = eager.map(|eager| if eager { Start::Eager } else { Start::Queued });
    let spawned = asyncio_core::spawn_made(make, start, location, |task| put_on(dress, task));
    spawned.unwrap_or_else(|| unreachable!("the loop takes tasks"))
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

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::NoLoop => f.write_str("no running event loop: call this inside `asyncio::run`"),
            Reason::OnPool => f.write_str("this task runs on the pool: use spawn"),
            Reason::Closed => f.write_str("the event loop is ending and takes no new tasks"),
            Reason::Start(error) => write!(f, "the pool of workers could not be started: {error}"),
        }
    }
}

impl<F> fmt::Display for TaskSpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
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
