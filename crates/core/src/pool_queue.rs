//! `PoolQueue`: the ready queues of a pool of workers, and who may take what from whom.
//!
//! Each worker has a deque, and what is woken on a worker's thread goes to that worker's own: messages that bounce
//! between two cores cost four to five times what they cost on one. Other threads push to the injector. A second
//! worker does not steal what the first will get through anyway: it *looks* from time to time, and takes half of a
//! deque only if its owner has not started what was queued at the look before. So a task of long steps gets help
//! within two looks, and a chatter of short steps stays on its core.
//!
//! A deque is bounded; what does not fit goes to the injector. The injector is looked at every 64 steps, so that
//! tasks which wake each other for ever do not keep out the rest.
//!
//! What this file leaves to the owner of the threads: when to wait, when to look, who turns the reactor. It tells
//! through two wakers: `unpark` (an outside push found the pool asleep) and `watch` (a worker has queued work and
//! nobody looks).

mod tick;

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Waker;

use concurrent_queue::ConcurrentQueue;

use crate::cell::{self, Queued};
use crate::place::{INDEX_BITS, Kind, Place, QueueId};
use crate::registry::Registry;
use crate::report::ExceptionHandler;
use crate::table::{self, TaskRemote, TooManyQueues};
use crate::{Glimpse, Outcome, RawTask, Running, TaskRef, thread};

/// How many tasks a worker's deque holds; more go to the injector.
const DEQUE: usize = 1024;
/// After so many steps a worker looks at the injector first.
const INJECTOR_INTERVAL: u64 = 64;
/// At most so many tasks are taken from the injector or from a deque at a time.
const BATCH: usize = 256;

const SHARD_BITS: u32 = 4;
const SHARD_SHIFT: u32 = INDEX_BITS - SHARD_BITS;
const SHARD_MASK: u32 = (1 << SHARD_SHIFT) - 1;
const SHARDS: usize = 1 << SHARD_BITS;

/// The ready queues of a pool of workers; a handle that can be cloned and shared.
#[derive(Clone)]
pub struct PoolQueue {
    state: Arc<PoolState>,
}

pub(crate) struct PoolState {
    id: QueueId,
    injector: &'static TaskRemote,
    deques: Box<[Deque]>,
    /// The live tasks, sharded by the worker that made them; the first shard is for other threads.
    registry: Box<[Shard]>,
    /// A worker that queues work must call `watch`.
    watch_wanted: AtomicBool,
    watch: OnceLock<Waker>,
    closed: AtomicBool,
    /// The loop that the pool belongs to.
    home: OnceLock<QueueId>,
    /// How many tasks were taken from another worker's deque.
    steals: AtomicU64,
}

/// Aligned so that two workers do not share a cache line.
#[repr(align(128))]
struct Deque {
    tasks: ConcurrentQueue<Queued>,
    /// How many steps the owner has started. Written by the owner alone.
    started: AtomicU64,
    /// While somebody may look: the number of the task that the owner runs, or 0.
    running: AtomicU64,
}

#[repr(align(64))]
struct Shard(Mutex<Registry>);

/// One worker's way to its pool's queues. There is one for each number; see [`PoolQueue::worker`].
#[derive(Debug)]
pub struct Worker {
    pool: PoolQueue,
    index: usize,
}

/// What a worker saw when it last looked at the others.
#[derive(Debug, Default)]
pub struct Look {
    /// For each worker, the number of started steps at which what was queued then will have been got through.
    targets: Vec<u64>,
}

impl PoolState {
    #[inline]
    pub(crate) fn id(&self) -> QueueId {
        self.id
    }

    /// Pushes on the thread of worker number `worker`.
    #[inline]
    pub(crate) fn push(&self, worker: usize, task: Queued) {
        if let Err(full) = self.deques[worker].tasks.push(task) {
            self.injector.push(full.into_inner());
        }
        if self.watch_wanted.load(Ordering::Relaxed) {
            self.call_watch();
        }
    }

    #[cold]
    fn call_watch(&self) {
        if self.watch_wanted.swap(false, Ordering::Relaxed) {
            if let Some(watch) = self.watch.get() {
                watch.wake_by_ref();
            }
        }
    }

    pub(crate) fn unregister(&self, index: u32) {
        let (shard, index) = (index >> SHARD_SHIFT, index & SHARD_MASK);
        self.shard(shard as usize).remove(index);
    }

    /// The loop that the pool belongs to.
    pub(crate) fn home(&self) -> Option<QueueId> {
        self.home.get().copied()
    }

    fn shard(&self, shard: usize) -> MutexGuard<'_, Registry> {
        self.registry[shard]
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn spawn<F, T>(
        &self,
        worker: Option<usize>,
        future: F,
        location: &'static Location<'static>,
        dress: impl FnOnce(&TaskRef),
    ) -> Result<RawTask<T>, F>
    where
        F: Future<Output = Outcome<T>> + Send + 'static,
        T: Send + 'static,
    {
        let shard = worker.map_or(0, |worker| 1 + worker % (SHARDS - 1));
        let cell = {
            let registry = self.shard(shard);
            // Looked at under the lock: `close` sets it before it goes through the shards.
            if self.closed.load(Ordering::Relaxed) {
                return Err(future);
            }
            let index = registry.reserve();
            let place = Place::new(self.id, Kind::Pool, index | ((shard as u32) << SHARD_SHIFT));
            #[expect(unsafe_code, reason = "the references of a new cell")]
            // SAFETY: the future is Send and 'static.
            let cell = unsafe { cell::make(place, 3, location, future) };
            registry.fill(index, cell);
            cell
        };
        #[expect(unsafe_code, reason = "the references of a new cell")]
        // SAFETY: of the three references one is the handle's, one the queue's, one the registry's.
        let (task, queued) = unsafe { (RawTask::from_cell(cell), Queued::from_raw(cell)) };
        dress(task.as_task_ref());
        queued.header().span.open(queued.header());
        queued.mark_scheduled();
        match worker {
            Some(worker) => self.push(worker, queued),
            None => self.injector.push(queued),
        }
        Ok(task)
    }
}

impl PoolQueue {
    /// Queues for a pool of `workers` threads.
    ///
    /// # Errors
    ///
    /// When this process has 4096 loops and pools already.
    ///
    /// # Panics
    ///
    /// When `workers` is zero.
    pub fn new(workers: usize) -> Result<PoolQueue, TooManyQueues> {
        assert!(workers > 0, "a pool needs at least one worker");
        let (id, injector) = table::claim()?;
        let deque = || Deque {
            tasks: ConcurrentQueue::bounded(DEQUE),
            started: AtomicU64::new(0),
            running: AtomicU64::new(0),
        };
        let state = Arc::new(PoolState {
            id,
            injector,
            deques: (0..workers).map(|_| deque()).collect(),
            registry: (0..SHARDS)
                .map(|_| Shard(Mutex::new(Registry::new(1 << SHARD_SHIFT))))
                .collect(),
            watch_wanted: AtomicBool::new(false),
            watch: OnceLock::new(),
            closed: AtomicBool::new(false),
            home: OnceLock::new(),
            steals: AtomicU64::new(0),
        });
        table::set_pool(id, Arc::downgrade(&state));
        Ok(PoolQueue { state })
    }

    /// The name of these queues in this process.
    pub fn id(&self) -> QueueId {
        self.state.id
    }

    /// How many workers the pool has.
    pub fn workers(&self) -> usize {
        self.state.deques.len()
    }

    /// Sets what wakes a worker when a task is pushed from outside and the pool is parked.
    pub fn set_unpark(&self, unpark: Waker) {
        self.state.injector.set_unpark(Some(unpark));
    }

    /// Sets what is called, on a worker's thread, when it queues work after [`want_watch`](Self::want_watch). Only
    /// the first call counts.
    pub fn set_watch(&self, watch: Waker) {
        let _ = self.state.watch.set(watch);
    }

    /// Asks for one call of the `watch` waker at the next push on a worker's thread, or withdraws that.
    pub fn want_watch(&self, wanted: bool) {
        self.state.watch_wanted.store(wanted, Ordering::Relaxed);
    }

    /// Sets who is told of panics that nobody retrieves.
    pub fn set_exception_handler(&self, handler: Option<ExceptionHandler>) {
        table::set_handler(self.state.id, handler);
    }

    /// Sets the loop that the pool belongs to: callbacks of its tasks run there. Only the first call counts.
    pub fn set_home(&self, home: QueueId) {
        let _ = self.state.home.set(home);
    }

    /// Spawns a task: on a worker of this pool to that worker's deque, elsewhere to the injector. `dress` is called
    /// with the new task before its first step.
    ///
    /// # Errors
    ///
    /// Gives the future back when the pool was closed.
    pub fn spawn<F, T>(
        &self,
        future: F,
        location: &'static Location<'static>,
        dress: impl FnOnce(&TaskRef),
    ) -> Result<RawTask<T>, F>
    where
        F: Future<Output = Outcome<T>> + Send + 'static,
        T: Send + 'static,
    {
        let worker =
            thread::with_pool(|pool| pool.filter(|(state, _)| state.id == self.id()).map(|(_, n)| n));
        self.state.spawn(worker, future, location, dress)
    }

    /// The tasks of this pool that have not ended, in no particular order.
    pub fn tasks(&self) -> Vec<TaskRef> {
        let mut tasks = Vec::new();
        for shard in 0..SHARDS {
            let registry = self.state.shard(shard);
            let mut from = 0;
            while let Some((index, cell)) = registry.next(from) {
                from = index + 1;
                #[expect(unsafe_code, reason = "the registry holds addresses")]
                // SAFETY: the registry has a reference to each of its tasks, and is locked.
                tasks.push(unsafe { TaskRef::borrow(cell) });
            }
        }
        tasks
    }

    /// The way of worker number `index` to its queues. One thread at a time may use a number.
    ///
    /// # Panics
    ///
    /// When the pool has no worker of that number.
    pub fn worker(&self, index: usize) -> Worker {
        assert!(
            index < self.workers(),
            "the pool has {} workers, there is no number {index}",
            self.workers()
        );
        Worker {
            pool: self.clone(),
            index,
        }
    }

    /// How many tasks of this pool have not ended.
    pub fn live(&self) -> usize {
        (0..SHARDS).map(|shard| self.state.shard(shard).len()).sum()
    }

    /// How many steps the workers have begun, as far as this thread can know.
    pub fn steps(&self) -> u64 {
        let begun = |deque: &Deque| deque.started.load(Ordering::Relaxed);
        self.state.deques.iter().map(begun).fold(0, u64::wrapping_add)
    }

    /// How many tasks wait in the injector.
    pub fn injected(&self) -> usize {
        self.state.injector.len()
    }

    /// How many tasks workers have taken from other workers.
    pub fn steals(&self) -> u64 {
        self.state.steals.load(Ordering::Relaxed)
    }

    /// What each worker runs just now, as far as some loop of the process is watched; from any thread.
    pub fn glimpses(&self) -> Vec<Glimpse> {
        let look = |deque: &Deque| Glimpse {
            running: match deque.running.load(Ordering::Relaxed) {
                0 => Running::Nothing,
                task => Running::Task(task),
            },
            steps: deque.started.load(Ordering::Relaxed),
        };
        self.state.deques.iter().map(look).collect()
    }

    /// Announces that every worker is asleep, or about to be: the next push from outside will unpark one. `false`
    /// means that the injector has something and the caller must not wait.
    #[must_use = "on false the worker must not wait"]
    pub fn prepare_park(&self) -> bool {
        self.state.injector.prepare_park()
    }

    /// Says that a worker is awake and will look at the injector before it sleeps.
    pub fn unparked(&self) {
        self.state.injector.unparked();
    }

    /// Refuses new tasks from now on.
    pub fn refuse(&self) {
        self.state.closed.store(true, Ordering::Relaxed);
    }

    /// Ends every task by dropping its future, on this thread. The workers have left before. Idempotent.
    ///
    /// It returns when the last task has ended. A thread that is just now waking one of them has it in its hands for
    /// a moment; this waits for it to arrive.
    pub fn close(&self) {
        self.refuse();
        let state = &*self.state;
        let _restore = thread::enter_pool(state, 0);
        loop {
            for deque in &state.deques {
                while let Ok(task) = deque.tasks.pop() {
                    discard(task);
                }
            }
            while let Some(task) = state.injector.pop() {
                discard(task);
            }
            let left = self.tasks();
            if left.is_empty() {
                return;
            }
            left.iter().for_each(TaskRef::schedule);
            std::thread::yield_now();
        }
    }
}

fn discard(task: Queued) {
    #[expect(unsafe_code, reason = "the task is dropped without a step")]
    // SAFETY: this thread closes the pool.
    unsafe {
        task.discard();
    }
}

impl Drop for PoolState {
    fn drop(&mut self) {
        // A pool that was not closed keeps its slot: wakers of its tasks still name it.
        if (0..SHARDS).all(|shard| self.shard(shard).len() == 0) {
            table::release(self.id);
        }
    }
}

impl Worker {
    /// The number of this worker.
    pub fn index(&self) -> usize {
        self.index
    }

    /// The pool that it works for.
    pub fn pool(&self) -> &PoolQueue {
        &self.pool
    }

    /// Calls `f` with this thread as the worker: what is woken and spawned there goes to its own deque.
    pub fn enter<R>(&self, f: impl FnOnce() -> R) -> R {
        let _restore = thread::enter_pool(&self.pool.state, self.index);
        f()
    }

    fn deque(&self) -> &Deque {
        &self.pool.state.deques[self.index]
    }

    /// Moves a batch from the injector to the deque, but for the first task of it, which it gives.
    fn take_injected(&self) -> Option<Queued> {
        let injector = self.pool.state.injector;
        let first = injector.pop()?;
        // A fair share for each worker: the rest may be taken by the others.
        let share = (injector.len() / self.pool.workers()).min(BATCH);
        for _ in 0..share {
            let Some(task) = injector.pop() else { break };
            if let Err(full) = self.deque().tasks.push(task) {
                injector.push(full.into_inner());
                break;
            }
        }
        Some(first)
    }

    /// Is something ready in this worker's deque or in the injector?
    pub fn has_ready(&self) -> bool {
        !self.deque().tasks.is_empty() || !self.pool.state.injector.is_empty()
    }

    /// Looks at the other workers: takes half of the deque of each whose owner has not got through what was queued
    /// at the last look. Gives the number of tasks that were taken.
    pub fn look(&self, last: &mut Look) -> usize {
        let deques = &self.pool.state.deques;
        last.targets.resize(deques.len(), u64::MAX);
        let mut taken = 0;
        for (index, (deque, target)) in deques.iter().zip(&mut last.targets).enumerate() {
            if index == self.index {
                continue;
            }
            let started = deque.started.load(Ordering::Relaxed);
            let queued = deque.tasks.len();
            if queued > 0 && *target != u64::MAX && started < *target {
                taken += self.steal(deque, queued.div_ceil(2).min(BATCH));
            }
            *target = if queued == 0 {
                u64::MAX
            } else {
                started + queued as u64
            };
        }
        if taken > 0 {
            self.pool.state.steals.fetch_add(taken as u64, Ordering::Relaxed);
        }
        taken
    }

    fn steal(&self, victim: &Deque, most: usize) -> usize {
        for taken in 0..most {
            let Ok(task) = victim.tasks.pop() else {
                return taken;
            };
            if let Err(full) = self.deque().tasks.push(task) {
                self.pool.state.injector.push(full.into_inner());
                return taken + 1;
            }
        }
        most
    }

    /// Has another worker tasks in its deque?
    pub fn others_have_ready(&self) -> bool {
        let deques = self.pool.state.deques.iter().enumerate();
        deques
            .filter(|(index, _)| *index != self.index)
            .any(|(_, deque)| !deque.tasks.is_empty())
    }
}

impl fmt::Debug for PoolQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolQueue")
            .field("id", &self.id())
            .field("workers", &self.workers())
            .field("live", &self.live())
            .finish_non_exhaustive()
    }
}

/// The pool that this thread works for.
pub(crate) fn own_pool() -> Option<PoolQueue> {
    let id = thread::with_pool(|pool| pool.map(|(state, _)| state.id()))?;
    table::pool(id).map(|state| PoolQueue { state })
}

/// Is this thread a worker of a pool?
pub fn on_pool_worker() -> bool {
    thread::with_pool(|pool| pool.is_some())
}

/// Spawns a task on the pool that this thread works for.
///
/// # Errors
///
/// Gives the future back when this thread is no pool's worker, or the pool is closed.
pub(crate) fn spawn_on_worker<F, T>(
    future: F,
    location: &'static Location<'static>,
    dress: impl FnOnce(&TaskRef),
) -> Result<RawTask<T>, F>
where
    F: Future<Output = Outcome<T>> + Send + 'static,
    T: Send + 'static,
{
    thread::with_pool(|pool| match pool {
        Some((state, worker)) => state.spawn(Some(worker), future, location, dress),
        None => Err(future),
    })
}
