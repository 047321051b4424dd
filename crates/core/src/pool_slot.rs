//! The pool of workers that serves this thread: started at the first spawn, by whoever owns the threads.

use std::fmt;
use std::future::Future;
use std::io;
use std::sync::Arc;

use crate::pool_queue::{PoolQueue, spawn_on_worker};
use crate::raw_task::RawTask;
use crate::slot::{Entered, Slot};

/// The owner of a pool's threads.
pub trait StartPool: Send + Sync + fmt::Debug {
    /// The queues of the pool; the first call starts its threads.
    ///
    /// # Errors
    ///
    /// When a thread or a driver of the pool could not be made.
    fn queue(&self) -> io::Result<PoolQueue>;
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

/// Spawns a task on the pool that this thread works for, or else on the one that serves it.
///
/// # Errors
///
/// See [`SpawnError`].
pub fn spawn<F>(future: F) -> Result<RawTask<F::Output>, SpawnError<F>>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let future = match spawn_on_worker(future) {
        Ok(task) => return Ok(task),
        Err(future) => future,
    };
    let queue = Slot::with(&CURRENT, |pool| pool.map(|pool| pool.queue()));
    match queue {
        None => Err(SpawnError::NoPool(future)),
        Some(Err(error)) => Err(SpawnError::Start(error, future)),
        Some(Ok(queue)) => queue.spawn(future).map_err(SpawnError::Closed),
    }
}
