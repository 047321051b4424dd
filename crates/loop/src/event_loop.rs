//! `EventLoop`: the drivers of one loop, and its end. `turn` has the turn that glues them, `run` what turns it.

mod embed;
mod look;
mod run;
mod turn;
mod watch;

pub use embed::{Turned, WaitFor};

use std::fmt;
use std::io;
use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use asyncio_core::{ExceptionContext, LoopQueue, StartPool, TaskRef, blocking, fork_generation};
use asyncio_reactor::Reactor;
use asyncio_tasks::FactorySlot;
use asyncio_timers::LocalTimers;

use crate::driver::Driver;
use crate::event_loop_builder::{EventLoopBuilder, Options};
use crate::lazy_blocking::LazyBlocking;
use crate::loop_handle::{self, LoopHandle};
use crate::pool::{Pool, PoolOptions};
use crate::watches::Watches;
use watch::Watch;

/// A loop, with its drivers and its pool; it belongs to the thread that made it.
///
/// A [`Runner`](crate::Runner) makes one, turns it and ends it in order; those who build on a loop run it themselves.
/// Dropping it closes it: tasks that are left are dropped.
///
/// # Python
///
/// `asyncio.new_event_loop()`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use asyncio_loop::{EventLoop, call_later, get_running_loop};
///
/// let mut event_loop = EventLoop::new()?;
/// event_loop.call_soon(|| {
///     let this = get_running_loop();
///     call_later(Duration::from_millis(1), move || this.stop());
/// });
/// event_loop.run_forever()?;
/// assert_eq!(event_loop.run_until_complete(async { 6 * 7 })?, 42);
/// # Ok::<(), asyncio_loop::RunError>(())
/// ```
#[doc(alias("new_event_loop", "AbstractEventLoop", "SelectorEventLoop"))]
pub struct EventLoop {
    pub(crate) queue: LoopQueue,
    pub(crate) reactor: Reactor,
    pub(crate) timers: LocalTimers,
    pub(crate) pool: Arc<Pool>,
    blocking: Arc<LazyBlocking>,
    options: Options,
    pub(crate) handle: LoopHandle,
    /// The process that made this loop.
    generation: u32,
    /// Sources of the loop's own: they do not count as I/O that somebody awaits.
    pub(crate) own_sources: usize,
    driver: Option<Box<dyn Driver>>,
    pub(crate) watches: Rc<Watches>,
    pub(crate) factory: FactorySlot,
    closed: bool,
    /// Where it was made.
    location: &'static Location<'static>,
    /// Others may look at the loop.
    watch: Watch,
    /// The time for cleanup is over: what is left is dropped.
    pub(crate) out_of_time: bool,
}

impl EventLoop {
    /// A loop with the defaults.
    ///
    /// # Errors
    ///
    /// When its drivers cannot be made.
    #[track_caller]
    pub fn new() -> io::Result<EventLoop> {
        EventLoop::builder().build()
    }

    /// A loop that is other than the usual.
    pub fn builder() -> EventLoopBuilder {
        EventLoopBuilder::default()
    }

    /// The way to this loop from any thread.
    pub fn handle(&self) -> LoopHandle {
        self.handle.clone()
    }

    /// The tasks of the loop and of its pool that have not ended, in no particular order.
    pub fn all_tasks(&self) -> Vec<TaskRef> {
        let mut tasks = self.queue.tasks();
        tasks.extend(self.pool.tasks());
        tasks
    }

    pub(crate) fn from_options(
        options: Options,
        location: &'static Location<'static>,
    ) -> io::Result<EventLoop> {
        let queue = LoopQueue::new().map_err(io::Error::other)?;
        #[cfg(unix)]
        asyncio_tasks::raw::name_descriptors_by(crate::introspect::describe);
        queue.set_eager(options.eager_tasks);
        queue.set_exception_handler(options.exception_handler.clone());
        let reactor = options.reactor.clone().build()?;
        let timers = LocalTimers::with_clock(options.clock.clone());
        let unpark = reactor.handle().waker();
        queue.set_unpark(unpark.clone());
        timers.set_unpark(unpark.clone());
        let quiet_hook = options.clock.is_mock().then_some(unpark);
        let blocking = Arc::new(LazyBlocking::new(options.blocking_threads, quiet_hook));
        let handle = LoopHandle::new(queue.id(), &options, blocking.clone());
        asyncio_core::set_debug(queue.id(), options.debug);
        let pool = Arc::new(Pool::new(PoolOptions {
            home: handle.clone(),
            workers: options.worker_threads,
            reactor: options.reactor.clone(),
            clock: options.clock.clone(),
            blocking: blocking.clone(),
        }));
        handle.set_pool(&pool);
        let watches = Watches::new(queue.id(), reactor.handle());
        let mut event_loop = EventLoop {
            watches,
            factory: FactorySlot::new(options.task_factory.clone()),
            queue,
            reactor,
            timers,
            pool,
            blocking,
            options,
            handle,
            generation: fork_generation(),
            own_sources: 0,
            driver: None,
            closed: false,
            location,
            watch: Watch::default(),
            out_of_time: false,
        };
        event_loop.begin_watch()?;
        Ok(event_loop)
    }

    /// Calls `f` with this loop's drivers as the ones of this thread; the loop counts as running.
    pub(crate) fn entered<R>(&mut self, f: impl FnOnce(&mut EventLoop) -> R) -> R {
        let _drivers = self.drivers();
        let _running = Running::start(&self.handle, true);
        f(self)
    }

    /// [`entered`](EventLoop::entered) for one turn of many: what runs beside the tasks goes on after it.
    fn entered_for_a_turn<R>(&mut self, f: impl FnOnce(&mut EventLoop) -> R) -> R {
        let _drivers = self.drivers();
        let _running = Running::start(&self.handle, false);
        f(self)
    }

    /// Calls `f` with this loop's drivers as the ones of this thread.
    fn with_drivers<R>(&self, f: impl FnOnce() -> R) -> R {
        let _drivers = self.drivers();
        f()
    }

    /// Keeps this loop's drivers entered.
    fn drivers(&self) -> impl Sized + use<> {
        (
            self.reactor.handle().enter(),
            self.timers.enter(),
            asyncio_core::enter_pool(self.pool.clone() as Arc<dyn StartPool>),
            blocking::enter(self.blocking.clone()),
            loop_handle::enter(self.handle.clone()),
            self.handle.beside().enter(),
            self.watches.enter(),
            self.factory.enter(),
        )
    }

    /// A loop does not outlive a fork: its epoll instance is shared with the parent, its threads are the parent's.
    pub(crate) fn check_fork(&self) -> io::Result<()> {
        if self.generation == fork_generation() {
            return Ok(());
        }
        Err(io::Error::other(
            "this loop was made before a fork: make a new Runner in the child",
        ))
    }

    /// Is the loop being run? Code that has the loop itself sees `false`; see [`LoopHandle::is_running`].
    pub fn is_running(&self) -> bool {
        self.handle.is_running()
    }

    /// Was the loop closed?
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// The time on the loop's clock.
    ///
    /// # Python
    ///
    /// `loop.time()`, which is a number of seconds there.
    pub fn time(&self) -> Instant {
        self.handle.time()
    }

    /// When the loop has something to do next if nothing comes from outside, as far as its timers go. It may be earlier
    /// than the earliest of them when timers were cancelled, never later.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.timers.next_deadline()
    }

    /// Ends everything, in this order: the tasks of the loop, those of the pool, the callbacks, the pool for blocking
    /// work. Tasks that have not ended are dropped, and so are callbacks that were not called. Idempotent.
    ///
    /// Tasks are not asked first, and get no time to clean up: that is what a [`Runner`](crate::Runner) does.
    ///
    /// # Python
    ///
    /// `loop.close()`; it waits for blocking work, and a loop that runs cannot be closed, as it is borrowed.
    pub fn close(&mut self) {
        if std::mem::replace(&mut self.closed, true) {
            return;
        }
        self.handle.close();
        self.entered(|this| {
            this.watches.close();
            this.queue.close();
            this.pool.close();
            this.timers.close();
        });
        drop(self.driver.take());
        self.handle.beside().close();
        self.watch = Watch::default();
        if let Some(report) = self
            .blocking
            .shutdown(SHUTDOWN_TIMEOUT)
            .filter(|report| !report.is_clean())
        {
            eprintln!(
                "asyncio: blocking work did not end within {SHUTDOWN_TIMEOUT:?} of the loop: {report:?}"
            );
        }
    }
}

/// Says that the loop is being run, for as long as it lives.
struct Running {
    handle: LoopHandle,
    /// What runs beside the tasks ends with it.
    is_run: bool,
}

impl Running {
    fn start(handle: &LoopHandle, is_run: bool) -> Running {
        handle.set_running(true);
        handle.beside().open();
        Running {
            handle: handle.clone(),
            is_run,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.handle.set_running(false);
        if self.is_run {
            self.handle.beside().end();
        }
    }
}

impl Drop for EventLoop {
    fn drop(&mut self) {
        if !self.closed && self.handle.get_debug() && !std::thread::panicking() {
            let message =
                "Unclosed event loop: it was dropped, and its tasks with it, without a `close` or `shutdown`";
            let context = ExceptionContext::new(message).with_location(self.location);
            self.handle.call_exception_handler(&context);
        }
        self.close();
    }
}

impl fmt::Debug for EventLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventLoop")
            .field("queue", &self.queue)
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}

/// As in Python: so long the loop waits for blocking work at its end.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(300);
