//! The pool of workers that serves this thread: started at the first spawn, by whoever owns the threads.

use std::fmt;
use std::future::Future;
use std::io;
use std::panic::Location;
use std::sync::Arc;

use crate::pool_queue::{PoolQueue, on_pool_worker, own_pool, spawn_on_worker};
use crate::slot::{Entered, Slot};
use crate::{Outcome, RawTask, TaskRef};

/// The owner of a pool's threads.
pub trait StartPool: Send + Sync + fmt::Debug {
    /// The queues of the pool; the first call starts its threads.
    ///
    /// # Errors
    ///
    /// When a thread or a driver of the pool could not be made.
    fn queue(&self) -> io::Result<PoolQueue>;

    /// The tasks of the pool that have not ended; none if it was not started.
    fn tasks(&self) -> Vec<TaskRef>;
}

/// Why [`spawn`] could not spawn. The future comes back.
#[derive(Debug)]
pub enum SpawnError<F> {
    /// No loop with a pool runs on this thread.
    NoPool(F),
    /// The pool is ending.
    Closed(F),
    /// The pool could not be started.
    Start(io::Error, F),
}

thread_local! {
    static CURRENT: Slot<Arc<dyn StartPool>> = const { Slot::empty() };
}

/// Makes `pool` the one that serves this thread, until the guard is dropped.
pub fn enter_pool(pool: Arc<dyn StartPool>) -> Entered<Arc<dyn StartPool>> {
    Slot::enter(&CURRENT, pool)
}

/// Spawns a task on the pool that this thread works for, or else on the one that serves it. `dress` is called with
/// the new task before its first step.
///
/// # Errors
///
/// See [`SpawnError`].
pub fn spawn<F, T>(
    future: F,
    location: &'static Location<'static>,
    dress: impl FnOnce(&TaskRef),
) -> Result<RawTask<T>, SpawnError<F>>
where
    F: Future<Output = Outcome<T>> + Send + 'static,
    T: Send + 'static,
{
    let queue = if on_pool_worker() {
        None
    } else {
        Slot::with(&CURRENT, |pool| pool.map(|pool| pool.queue()))
    };
    match queue {
        None if on_pool_worker() => spawn_on_worker(future, location, dress).map_err(SpawnError::Closed),
        None => Err(SpawnError::NoPool(future)),
        Some(Err(error)) => Err(SpawnError::Start(error, future)),
        Some(Ok(queue)) => queue.spawn(future, location, dress).map_err(SpawnError::Closed),
    }
}

/// The tasks of the pool that this thread works for, or else of the one that serves it, as far as they have not ended.
pub fn pool_tasks() -> Vec<TaskRef> {
    match own_pool() {
        Some(pool) => pool.tasks(),
        None => Slot::with(&CURRENT, |pool| pool.map_or_else(Vec::new, |pool| pool.tasks())),
    }
}
