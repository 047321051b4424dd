//! The loops of this process that others may look at: those in debug mode, and those with an introspection socket.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use asyncio_core::{Glimpse, StartPool, TaskRef, watched_step, watched_tasks};

use crate::LoopHandle;

/// A loop that others may look at.
#[derive(Debug)]
pub(crate) struct WatchedLoop {
    pub(crate) handle: LoopHandle,
    /// The name of the thread that made it, and its number for the system, where there is one.
    pub(crate) thread: String,
    pub(crate) thread_id: Option<u64>,
}

static ALL: Mutex<Vec<Arc<WatchedLoop>>> = Mutex::new(Vec::new());

fn lock() -> MutexGuard<'static, Vec<Arc<WatchedLoop>>> {
    ALL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// All of them.
pub(crate) fn all() -> Vec<Arc<WatchedLoop>> {
    lock().clone()
}

/// The loop of this thread is among them for as long as this lives.
#[derive(Debug)]
pub(crate) struct Watching(Arc<WatchedLoop>);

impl Watching {
    pub(crate) fn start(handle: LoopHandle) -> Watching {
        let thread = std::thread::current();
        let watched = Arc::new(WatchedLoop {
            handle,
            thread: thread.name().unwrap_or("unnamed").to_owned(),
            thread_id: thread_id(),
        });
        lock().push(watched.clone());
        Watching(watched)
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        lock().retain(|other| !Arc::ptr_eq(other, &self.0));
    }
}

impl WatchedLoop {
    /// The tasks of the loop and of its pool, without the loop's help.
    pub(crate) fn tasks(&self) -> Vec<TaskRef> {
        let mut tasks = watched_tasks(self.handle.queue()).unwrap_or_default();
        tasks.extend(self.handle.pool().into_iter().flat_map(|pool| pool.tasks()));
        tasks
    }

    /// What the loop does just now.
    pub(crate) fn step(&self) -> Option<Glimpse> {
        watched_step(self.handle.queue())
    }

    /// What the workers of its pool do just now.
    pub(crate) fn worker_steps(&self) -> Vec<Glimpse> {
        let pool = self.handle.pool().and_then(|pool| pool.started());
        pool.map_or_else(Vec::new, |queue| queue.glimpses())
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn thread_id() -> Option<u64> {
    u64::try_from(rustix::thread::gettid().as_raw_nonzero().get()).ok()
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn thread_id() -> Option<u64> {
    None
}
