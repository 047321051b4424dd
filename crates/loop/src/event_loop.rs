//! `EventLoop`: the drivers of one loop and the turn that glues them.
//!
//! A turn is poll, fire, tick. What other threads woke is moved over first; when nothing is ready the loop parks in
//! the reactor until an event, a timer or a wake from another thread; then the timers that are due fire, and the
//! ready tasks take a step each (see `LoopQueue::tick` for how many). While something is ready the reactor is only
//! looked at, and not even that when nothing is registered with it: a loop that only computes makes no system call.
//!
//! Invariant: between `prepare_park` and `unparked` the loop does nothing but wait, so that each wake from another
//! thread either is seen before the wait or ends it.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use asyncio_core::{Entered, LoopQueue, StartPool, TaskRef, blocking, fork_generation};
use asyncio_reactor::Reactor;
use asyncio_tasks::enter_factory;
use asyncio_timers::LocalTimers;

use crate::event_loop_builder::{EventLoopBuilder, Options};
use crate::lazy_blocking::LazyBlocking;
use crate::loop_handle::{self, LoopHandle};
use crate::pool::{Pool, PoolOptions};

/// A loop, with its drivers and its pool; it belongs to the thread that made it.
///
/// A [`Runner`](crate::Runner) makes one and turns it. Dropping it closes it: tasks that are left are dropped.
///
/// # Python
///
/// `asyncio.new_event_loop()`.
pub struct EventLoop {
    pub(crate) queue: LoopQueue,
    pub(crate) reactor: Reactor,
    timers: LocalTimers,
    pub(crate) pool: Arc<Pool>,
    blocking: Arc<LazyBlocking>,
    options: Options,
    handle: LoopHandle,
    /// The process that made this loop.
    generation: u32,
    /// Sources of the loop's own: they do not count as I/O that somebody awaits.
    pub(crate) own_sources: usize,
    closed: bool,
    /// The time for cleanup is over: what is left is dropped.
    pub(crate) out_of_time: bool,
}

impl EventLoop {
    /// A loop with the defaults.
    ///
    /// # Errors
    ///
    /// When its drivers cannot be made.
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

    pub(crate) fn from_options(options: Options) -> io::Result<EventLoop> {
        let queue = LoopQueue::new().map_err(io::Error::other)?;
        queue.set_eager(options.eager_tasks);
        queue.set_exception_handler(options.exception_handler.clone());
        let reactor = options.reactor.clone().build()?;
        let timers = LocalTimers::with_clock(options.clock.clone());
        let unpark = reactor.handle().waker();
        queue.set_unpark(unpark.clone());
        timers.set_unpark(unpark.clone());
        let quiet_hook = options.clock.is_mock().then_some(unpark);
        let blocking = Arc::new(LazyBlocking::new(options.blocking_threads, quiet_hook));
        let handle = LoopHandle::new(queue.id());
        let pool = Arc::new(Pool::new(PoolOptions {
            home: handle.clone(),
            exception_handler: options.exception_handler.clone(),
            workers: options.worker_threads,
            reactor: options.reactor.clone(),
            clock: options.clock.clone(),
            blocking: blocking.clone(),
        }));
        handle.set_pool(&pool);
        Ok(EventLoop {
            queue,
            reactor,
            timers,
            pool,
            blocking,
            options,
            handle,
            generation: fork_generation(),
            own_sources: 0,
            closed: false,
            out_of_time: false,
        })
    }

    /// Calls `f` with this loop's drivers as the ones of this thread.
    pub(crate) fn entered<R>(&mut self, f: impl FnOnce(&mut EventLoop) -> R) -> R {
        let _reactor = self.reactor.handle().enter();
        let _timers = self.timers.enter();
        let _pool = asyncio_core::enter_pool(self.pool.clone() as Arc<dyn StartPool>);
        let _blocking = blocking::enter(self.blocking.clone());
        let _handle: Entered<LoopHandle> = loop_handle::enter(self.handle.clone());
        let _factory = self.options.task_factory.clone().map(enter_factory);
        let _running = Running::start(&self.handle);
        f(self)
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

    /// Turns the loop once.
    ///
    /// What becomes ready in the reactor and the timers is woken inside the queue: such a wake takes no lock.
    pub(crate) fn turn(&mut self) -> io::Result<()> {
        self.queue.take_remote();
        if self.queue.has_ready() {
            if self.reactor.source_count() > self.own_sources {
                self.queue.enter(|| self.reactor.poll())?;
            }
        } else {
            self.wait()?;
            self.queue.take_remote();
        }
        if !self.timers.is_empty() {
            self.queue.enter(|| self.timers.fire(self.options.clock.now()));
        }
        self.queue.tick(self.options.tick_budget);
        Ok(())
    }

    fn wait(&mut self) -> io::Result<()> {
        let deadline = match self.options.clock.is_mock() {
            false => self.timers.next_deadline(),
            true => match self.jump() {
                Jump::Jumped => return Ok(()),
                Jump::Wait(deadline) => deadline,
            },
        };
        if !self.queue.prepare_park() {
            return Ok(());
        }
        let turned = self.queue.enter(|| self.reactor.turn(deadline));
        self.queue.unparked();
        turned?;
        Ok(())
    }

    /// With a mock clock: moves it to the next deadline, unless something real is awaited.
    fn jump(&mut self) -> Jump {
        let Some(clock) = self.options.clock.as_mock() else {
            return Jump::Wait(None);
        };
        let deadlines = [self.timers.next_deadline(), self.pool.next_deadline()];
        let Some(next) = deadlines.into_iter().flatten().min() else {
            return Jump::Wait(self.pool_recheck());
        };
        let awaited = self.reactor.source_count() > self.own_sources
            || asyncio_core::blocking::RunBlocking::outstanding(&*self.blocking) > 0;
        if !self.pool.is_quiet() {
            return Jump::Wait(self.pool_recheck());
        }
        if awaited {
            let Some(patience) = self.options.autojump_after else {
                return Jump::Wait(None);
            };
            let until = Instant::now() + patience;
            if !self.queue.prepare_park() {
                return Jump::Jumped;
            }
            let turned = self.queue.enter(|| self.reactor.turn(Some(until)));
            self.queue.unparked();
            if turned.is_err() || self.queue.has_ready() || Instant::now() < until {
                return Jump::Jumped;
            }
        }
        clock.advance_to(next);
        self.pool.clock_moved();
        Jump::Jumped
    }

    /// A pool that is busy says nothing when it comes to rest: with a mock clock the loop looks again.
    fn pool_recheck(&self) -> Option<Instant> {
        (!self.pool.is_quiet()).then(|| Instant::now() + Duration::from_micros(200))
    }

    /// Ends everything, in this order: the tasks of the loop, those of the pool, the blocking pool. Tasks that have
    /// not ended are dropped.
    pub(crate) fn close(&mut self) {
        if std::mem::replace(&mut self.closed, true) {
            return;
        }
        self.handle.close();
        self.entered(|this| {
            this.queue.close();
            this.pool.close();
        });
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
struct Running(LoopHandle);

impl Running {
    fn start(handle: &LoopHandle) -> Running {
        handle.set_running(true);
        Running(handle.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.set_running(false);
    }
}

impl Drop for EventLoop {
    fn drop(&mut self) {
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

enum Jump {
    /// The clock was moved, or something came: look again.
    Jumped,
    /// Wait for an event, until the given instant.
    Wait(Option<Instant>),
}
