//! `TaskOwner`: what hyper spawns belongs to somebody.
//!
//! hyper hands futures to an executor and forgets them. Here each becomes a task in a table; a guard inside the future takes
//! it out again when it ends, so nobody has to collect results. The owner can wait until the table is empty, or ask
//! all to stop, and does the latter when it goes.
//!
//! Invariant: handles of tasks are dropped, and others woken, outside of the lock.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use asyncio_core::{current_loop, on_pool_worker};
use asyncio_sync::Event;
use asyncio_tasks::{Task, TaskSpawnError, timeout, try_create_task, try_spawn};
use pin_project_lite::pin_project;

/// Owns the tasks that hyper starts through its executors.
///
/// Dropping it asks them to stop, and from then on futures are dropped instead of started.
///
/// # Examples
///
/// ```
/// use asyncio_hyper::TaskOwner;
/// use hyper::rt::Executor;
/// use std::time::Duration;
///
/// # asyncio_loop::run(async {
/// let owner = TaskOwner::new();
/// owner.on_loop().execute(async { println!("hello") });
/// assert_eq!(owner.len(), 1);
/// owner.shutdown(Duration::from_secs(1)).await;
/// assert_eq!(owner.len(), 0);
/// # });
/// ```
#[derive(Default)]
pub struct TaskOwner {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    table: Mutex<Table>,
    empty: Event,
}

#[derive(Default)]
struct Table {
    slots: Vec<Slot>,
    free: Vec<usize>,
    closed: bool,
}

enum Slot {
    Free,
    /// It is being started.
    Taken,
    Runs(Task<()>),
    /// It has ended before its handle came.
    Ended,
}

impl Table {
    fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }
}

impl Shared {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(self: &Arc<Self>) -> Option<Guard> {
        let mut table = self.table();
        if table.closed {
            return None;
        }
        let index = match table.free.pop() {
            Some(index) => {
                table.slots[index] = Slot::Taken;
                index
            }
            None => {
                table.slots.push(Slot::Taken);
                table.slots.len() - 1
            }
        };
        Some(Guard {
            shared: self.clone(),
            index,
        })
    }

    /// The handle of what was started, if it was. It may have ended meanwhile.
    fn keep(&self, index: usize, task: Option<Task<()>>) {
        let mut table = self.table();
        let slot = &mut table.slots[index];
        let task = match (task, &*slot) {
            (Some(task), Slot::Taken) => {
                *slot = Slot::Runs(task);
                return;
            }
            (task, _) => task,
        };
        *slot = Slot::Free;
        table.free.push(index);
        let last = table.len() == 0;
        drop(table);
        drop(task);
        if last {
            self.empty.set();
        }
    }

    fn cancel_all(&self) {
        let table = self.table();
        let runs = table.slots.iter().filter_map(|slot| match slot {
            Slot::Runs(task) => Some(task.task_ref()),
            _ => None,
        });
        let tasks: Vec<_> = runs.collect();
        drop(table);
        for task in tasks {
            task.cancel();
        }
    }

    fn start<F, G>(
        self: &Arc<Self>,
        future: F,
        start: impl FnOnce(Guarded<F>) -> Result<Task<()>, TaskSpawnError<G>>,
    ) {
        let Some(guard) = self.enter() else { return };
        let index = guard.index;
        // One that is refused, for the loop ends, is dropped here, and its guard with it.
        let task = start(Guarded { future, guard }).ok();
        self.keep(index, task);
    }
}

/// What a task of the table holds as long as it lives.
struct Guard {
    shared: Arc<Shared>,
    index: usize,
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut table = self.shared.table();
        let gone = match &mut table.slots[self.index] {
            slot @ Slot::Runs(_) => std::mem::replace(slot, Slot::Free),
            slot => {
                // Its handle is still to come, or never will.
                *slot = Slot::Ended;
                return;
            }
        };
        table.free.push(self.index);
        let last = table.len() == 0;
        drop(table);
        drop(gone);
        if last {
            self.shared.empty.set();
        }
    }
}

pin_project! {
    /// A future and its place in the table, which it leaves after it was dropped.
    struct Guarded<F> {
        #[pin]
        future: F,
        guard: Guard,
    }
}

impl<F: Future> Future for Guarded<F> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().future.poll(cx).map(|_output| ())
    }
}

impl TaskOwner {
    /// An owner of no tasks yet.
    pub fn new() -> TaskOwner {
        TaskOwner::default()
    }

    /// Starts tasks on the loop of the thread that runs; they need not be `Send`.
    pub fn on_loop(&self) -> LoopExecutor {
        LoopExecutor {
            shared: self.shared.clone(),
        }
    }

    /// Starts tasks on the loop's pool of workers.
    pub fn on_pool(&self) -> PoolExecutor {
        PoolExecutor {
            shared: self.shared.clone(),
        }
    }

    /// Starts `Send` tasks where the caller runs: on the loop, or on the pool.
    pub fn here(&self) -> HereExecutor {
        HereExecutor {
            shared: self.shared.clone(),
        }
    }

    /// How many tasks there are.
    pub fn len(&self) -> usize {
        self.shared.table().len()
    }

    /// Is there no task?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Asks all tasks to stop.
    pub fn cancel_all(&self) {
        self.shared.cancel_all();
    }

    /// Waits until there is no task.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn drain(&self) {
        loop {
            self.shared.empty.clear();
            if self.is_empty() {
                return;
            }
            self.shared.empty.wait().await;
        }
    }

    /// Waits up to `grace` until there is no task, then asks those that are left to stop and waits for them. How many they were.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has perhaps asked them.
    pub async fn shutdown(&self, grace: Duration) -> usize {
        if timeout(grace, self.drain()).await.is_ok() {
            return 0;
        }
        let left = self.len();
        self.cancel_all();
        self.drain().await;
        left
    }
}

impl Drop for TaskOwner {
    fn drop(&mut self) {
        self.shared.table().closed = true;
        self.shared.cancel_all();
    }
}

impl fmt::Debug for TaskOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskOwner").field("len", &self.len()).finish()
    }
}

/// hyper's executor, with tasks on the loop of this thread; from [`TaskOwner::on_loop`].
///
/// # Panics
///
/// Its `execute` does where no loop runs.
#[derive(Clone)]
pub struct LoopExecutor {
    shared: Arc<Shared>,
}

/// hyper's executor, with tasks on the loop's pool of workers; from [`TaskOwner::on_pool`].
///
/// # Panics
///
/// Its `execute` does where no loop runs and that is no worker.
#[derive(Clone)]
pub struct PoolExecutor {
    shared: Arc<Shared>,
}

/// hyper's executor, with tasks where the caller runs; from [`TaskOwner::here`].
///
/// # Panics
///
/// As [`PoolExecutor`].
#[derive(Clone)]
pub struct HereExecutor {
    shared: Arc<Shared>,
}

#[track_caller]
fn assert_place(found: bool) {
    assert!(
        found,
        "no running event loop: hyper was polled outside of `asyncio::run`"
    );
}

impl<F: Future + 'static> hyper::rt::Executor<F> for LoopExecutor {
    fn execute(&self, future: F) {
        assert_place(current_loop().is_some());
        self.shared.start(future, try_create_task);
    }
}

impl<F: Future + Send + 'static> hyper::rt::Executor<F> for PoolExecutor {
    fn execute(&self, future: F) {
        assert_place(current_loop().is_some() || on_pool_worker());
        self.shared.start(future, try_spawn);
    }
}

impl<F: Future + Send + 'static> hyper::rt::Executor<F> for HereExecutor {
    fn execute(&self, future: F) {
        if on_pool_worker() {
            self.shared.start(future, try_spawn);
            return;
        }
        assert_place(current_loop().is_some());
        self.shared.start(future, try_create_task);
    }
}

macro_rules! debug {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}

debug!(LoopExecutor, PoolExecutor, HereExecutor);
