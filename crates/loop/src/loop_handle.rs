//! `LoopHandle`: the way to a loop from any thread.

use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use asyncio_core::{
    Beside, Entered, QueueId, Slot, StartPool, TaskRef, ThreadSafeHandle, call_soon_threadsafe, current_loop,
    loop_tasks, stop_here,
};
use asyncio_tasks::create_task;
use asyncio_timers::Clock;

use crate::concurrent_future::{ConcurrentFuture, promise};
use crate::event_loop_builder::Options;
use crate::lazy_blocking::LazyBlocking;
use crate::metrics::Published;
use crate::pool::Pool;
use crate::switches::Switches;

/// The way to a loop from any thread.
///
/// # Python
///
/// What of `asyncio.AbstractEventLoop` may be used from other threads.
#[derive(Clone)]
pub struct LoopHandle {
    shared: Arc<Shared>,
}

struct Shared {
    queue: QueueId,
    closed: AtomicBool,
    /// The loop is being turned.
    running: AtomicBool,
    pool: OnceLock<Weak<Pool>>,
    clock: Clock,
    beside: Arc<Beside>,
    blocking: Arc<LazyBlocking>,
    switches: Switches,
    published: Published,
}

/// The loop was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoopClosed(());

impl fmt::Display for LoopClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Event loop is closed")
    }
}

impl std::error::Error for LoopClosed {}

/// No loop runs on this thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoEventLoop(());

impl fmt::Display for NoEventLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no running event loop: call this inside `asyncio::run`")
    }
}

impl std::error::Error for NoEventLoop {}

thread_local! {
    static CURRENT: Slot<LoopHandle> = const { Slot::empty() };
}

/// Makes `handle` the one of the loop that this thread runs, or works for, until the guard is dropped.
pub(crate) fn enter(handle: LoopHandle) -> Entered<LoopHandle> {
    Slot::enter(&CURRENT, handle)
}

/// The loop that runs on this thread, or to whose pool this thread belongs.
///
/// # Panics
///
/// When there is none.
///
/// # Python
///
/// `asyncio.get_running_loop()`.
#[track_caller]
pub fn get_running_loop() -> LoopHandle {
    match try_get_running_loop() {
        Ok(handle) => handle,
        Err(error) => panic!("{error}"),
    }
}

/// The loop that runs on this thread, or to whose pool this thread belongs.
///
/// # Errors
///
/// When there is none.
pub fn try_get_running_loop() -> Result<LoopHandle, NoEventLoop> {
    Slot::current(&CURRENT).ok_or(NoEventLoop(()))
}

/// The loops of this process, for what knows its loop by the name of the queue alone.
static LOOPS: Mutex<Vec<Weak<Shared>>> = Mutex::new(Vec::new());

fn loops() -> MutexGuard<'static, Vec<Weak<Shared>>> {
    LOOPS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl LoopHandle {
    pub(crate) fn new(queue: QueueId, options: &Options, blocking: Arc<LazyBlocking>) -> LoopHandle {
        let shared = Arc::new(Shared {
            queue,
            closed: AtomicBool::new(false),
            running: AtomicBool::new(false),
            pool: OnceLock::new(),
            clock: options.clock.clone(),
            blocking,
            switches: Switches::new(options.debug),
            published: Published::default(),
            beside: Beside::new(queue),
        });
        let mut loops = loops();
        loops.retain(|old| old.strong_count() > 0);
        loops.push(Arc::downgrade(&shared));
        LoopHandle { shared }
    }

    /// The loop whose queue has this name, if somebody still holds a handle of it.
    pub(crate) fn find(queue: QueueId) -> Option<LoopHandle> {
        // The last handle is not dropped under the lock: it may be that of a loop with much to drop.
        let alive: Vec<_> = loops().iter().filter_map(Weak::upgrade).collect();
        let shared = alive.into_iter().find(|shared| shared.queue == queue)?;
        Some(LoopHandle { shared })
    }

    pub(crate) fn set_pool(&self, pool: &Arc<Pool>) {
        let _ = self.shared.pool.set(Arc::downgrade(pool));
    }

    /// From here on no callback is taken from other threads; those that were are in the queue.
    pub(crate) fn close(&self) {
        self.shared.closed.store(true, Ordering::Release);
        fence(Ordering::SeqCst);
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    pub(crate) fn blocking(&self) -> &Arc<LazyBlocking> {
        &self.shared.blocking
    }

    pub(crate) fn switches(&self) -> &Switches {
        &self.shared.switches
    }

    pub(crate) fn published(&self) -> &Published {
        &self.shared.published
    }

    pub(crate) fn pool(&self) -> Option<Arc<Pool>> {
        self.shared.pool.get().and_then(Weak::upgrade)
    }

    pub(crate) fn set_running(&self, running: bool) {
        self.shared.running.store(running, Ordering::Release);
    }

    /// What runs beside the loop's tasks.
    pub(crate) fn beside(&self) -> &Arc<Beside> {
        &self.shared.beside
    }

    pub(crate) fn queue(&self) -> QueueId {
        self.shared.queue
    }

    /// Is the loop being run?
    pub fn is_running(&self) -> bool {
        self.shared.running.load(Ordering::Acquire)
    }

    /// Was the loop closed?
    pub fn is_closed(&self) -> bool {
        self.shared.closed.load(Ordering::Acquire)
    }

    /// The time on the loop's clock.
    ///
    /// # Python
    ///
    /// `loop.time()`, which is a number of seconds there.
    pub fn time(&self) -> Instant {
        self.shared.clock.now()
    }

    /// Tells the loop to stop, from any thread: what is ready has its turn, what that makes ready waits for the next
    /// run.
    ///
    /// # Python
    ///
    /// `loop.stop()`.
    pub fn stop(&self) {
        if !stop_here(self.queue()) {
            let this = self.queue();
            // A loop that is closed has stopped.
            let _ = self.call_soon_threadsafe(move || {
                stop_here(this);
            });
        }
    }

    /// Calls `function` on the loop's thread, in turn with its tasks and in a copy of this thread's current context. If
    /// it panics, the loop's exception handler is told.
    ///
    /// # Errors
    ///
    /// When the loop was closed. A loop that closes before the turn drops the function.
    ///
    /// # Python
    ///
    /// `loop.call_soon_threadsafe`.
    #[track_caller]
    pub fn call_soon_threadsafe(
        &self,
        function: impl FnOnce() + Send + 'static,
    ) -> Result<ThreadSafeHandle, LoopClosed> {
        if self.is_closed() {
            return Err(LoopClosed(()));
        }
        let handle = call_soon_threadsafe(self.shared.queue, function);
        // A loop that closes first says so, then drops what is in its queue: it has seen the function, or is seen here.
        fence(Ordering::SeqCst);
        if self.is_closed() && handle.cancel() {
            return Err(LoopClosed(()));
        }
        Ok(handle)
    }

    /// Runs a future as a task of the loop, from another thread.
    ///
    /// # Python
    ///
    /// `asyncio.run_coroutine_threadsafe`.
    ///
    /// # Examples
    ///
    /// ```
    /// use asyncio_loop::{Runner, get_running_loop};
    ///
    /// let sum = Runner::new().run(async {
    ///     let handle = get_running_loop();
    ///     let other = std::thread::spawn(move || handle.run_coroutine_threadsafe(async { 40 + 2 }));
    ///     other.join().unwrap().await
    /// });
    /// assert_eq!(sum.unwrap().unwrap(), 42);
    /// ```
    #[track_caller]
    pub fn run_coroutine_threadsafe<F>(&self, future: F) -> ConcurrentFuture<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.run_coroutine_threadsafe_with(move || future)
    }

    /// Runs a future that is made on the loop's thread, and need not be `Send`, as a task of the loop. If `make`
    /// panics, so does the result.
    #[track_caller]
    pub fn run_coroutine_threadsafe_with<F>(
        &self,
        make: impl FnOnce() -> F + Send + 'static,
    ) -> ConcurrentFuture<F::Output>
    where
        F: Future<Output: Send + 'static> + 'static,
    {
        let (promise, future) = promise();
        let start = move || {
            if !promise.is_wanted() {
                return;
            }
            let task = create_task(async move { make().await });
            promise.follow(task);
        };
        // A closed loop drops the promise, and the future says that it was cancelled.
        let _ = self.call_soon_threadsafe(start);
        future
    }

    /// The tasks of the loop and of its pool that have not ended, in no particular order.
    ///
    /// From another thread than the loop's this waits for the end of the step that the loop is in. It gives nothing
    /// when the loop is closed, or is not being run; see [`EventLoop::all_tasks`](crate::EventLoop::all_tasks).
    ///
    /// # Python
    ///
    /// `asyncio.all_tasks(loop)`.
    pub fn all_tasks(&self) -> Vec<TaskRef> {
        let mut tasks = if current_loop() == Some(self.shared.queue) {
            loop_tasks().unwrap_or_default()
        } else {
            self.ask_for_tasks()
        };
        let pool = self.shared.pool.get().and_then(Weak::upgrade);
        tasks.extend(pool.into_iter().flat_map(|pool| pool.tasks()));
        tasks
    }

    fn ask_for_tasks(&self) -> Vec<TaskRef> {
        let answer: Arc<(Mutex<Option<Vec<TaskRef>>>, std::sync::Condvar)> = Arc::default();
        /// Answers also when the loop drops it.
        struct Answer(
            Arc<(Mutex<Option<Vec<TaskRef>>>, std::sync::Condvar)>,
            Vec<TaskRef>,
        );
        impl Drop for Answer {
            fn drop(&mut self) {
                let tasks = std::mem::take(&mut self.1);
                *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(tasks);
                self.0.1.notify_one();
            }
        }
        let mut of_loop = Answer(answer.clone(), Vec::new());
        let asked = self.call_soon_threadsafe(move || {
            let of_loop = &mut of_loop;
            of_loop.1 = loop_tasks().unwrap_or_default();
        });
        if asked.is_err() {
            return Vec::new();
        }
        let mut tasks = answer.0.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match tasks.take() {
                Some(tasks) => return tasks,
                None if !self.is_running() => return Vec::new(),
                None => {
                    // The loop may stop to run meanwhile, without a word.
                    let waited = answer.1.wait_timeout(tasks, Duration::from_millis(10));
                    tasks = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
            }
        }
    }
}

impl fmt::Debug for LoopHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoopHandle")
            .field("queue", &self.shared.queue)
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
