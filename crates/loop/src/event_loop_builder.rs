//! `EventLoopBuilder`: what a loop is made from.

use std::fmt;
use std::io;
use std::panic::Location;
use std::time::Duration;

use asyncio_core::ExceptionHandler;
use asyncio_reactor::{Backend, Builder, Reactor};
use asyncio_tasks::TaskFactory;
use asyncio_timers::Clock;

use crate::EventLoop;

/// What a loop is made from.
#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) tick_budget: usize,
    pub(crate) worker_threads: Option<usize>,
    pub(crate) blocking_threads: Option<usize>,
    pub(crate) reactor: Builder,
    pub(crate) clock: Clock,
    /// With a mock clock: jump after so long a real time even though I/O or blocking work is awaited.
    pub(crate) autojump_after: Option<Duration>,
    pub(crate) eager_tasks: bool,
    pub(crate) exception_handler: Option<ExceptionHandler>,
    pub(crate) task_factory: Option<TaskFactory>,
    pub(crate) debug: bool,
    pub(crate) introspect: bool,
}

/// How many steps a turn goes on for while tasks wake each other. At some 30 ns a step this is a look at I/O every
/// 15 µs; a smaller one makes two tasks that only talk to each other pay for the looks, a larger one was no faster.
const DEFAULT_TICK_BUDGET: usize = 512;

/// Makes an [`EventLoop`] that is other than the usual; from [`EventLoop::builder`].
///
/// # Examples
///
/// ```
/// let event_loop = asyncio_loop::EventLoop::builder().worker_threads(2).build().unwrap();
/// assert!(!event_loop.handle().is_closed());
/// ```
#[derive(Clone)]
#[must_use = "nothing is made before `build`"]
pub struct EventLoopBuilder {
    options: Options,
}

impl Default for EventLoopBuilder {
    fn default() -> EventLoopBuilder {
        EventLoopBuilder {
            options: Options {
                tick_budget: DEFAULT_TICK_BUDGET,
                worker_threads: None,
                blocking_threads: None,
                reactor: Reactor::builder(),
                clock: Clock::monotonic(),
                autojump_after: None,
                eager_tasks: false,
                exception_handler: None,
                task_factory: None,
                debug: env_debug(),
                introspect: env_introspect(),
            },
        }
    }
}

impl EventLoopBuilder {
    /// Makes the loop, on this thread.
    ///
    /// # Errors
    ///
    /// When its drivers cannot be made.
    #[track_caller]
    pub fn build(self) -> io::Result<EventLoop> {
        EventLoop::from_options(self.options, Location::caller())
    }

    /// Sets how many threads the pool behind `spawn` has; it starts at the first `spawn`. The default is the number
    /// of cores.
    ///
    /// # Panics
    ///
    /// When `threads` is zero.
    pub fn worker_threads(mut self, threads: usize) -> EventLoopBuilder {
        assert!(threads > 0, "worker_threads must be at least 1");
        self.options.worker_threads = Some(threads);
        self
    }

    /// Sets how many threads `to_thread` may use at a time. The default is that of Python's executor: the number of
    /// cores and four more, at most 32.
    ///
    /// # Panics
    ///
    /// When `threads` is zero.
    pub fn blocking_threads(mut self, threads: usize) -> EventLoopBuilder {
        assert!(threads > 0, "blocking_threads must be at least 1");
        self.options.blocking_threads = Some(threads);
        self
    }

    /// Sets how many steps the loop takes before it looks at I/O again, while there are ready tasks. What is ready
    /// at the start of a turn always takes one step each; with 0 nothing more does, as in Python.
    pub fn tick_budget(mut self, steps: usize) -> EventLoopBuilder {
        self.options.tick_budget = steps;
        self
    }

    /// Chooses how the loop waits for I/O.
    pub fn reactor_backend(mut self, backend: Backend) -> EventLoopBuilder {
        self.options.reactor = self.options.reactor.backend(backend);
        self
    }

    /// Runs the loop on the given clock.
    pub fn clock(mut self, clock: Clock) -> EventLoopBuilder {
        self.options.clock = clock;
        self
    }

    /// Lets a mock clock jump although I/O or blocking work is awaited, once nothing has come for `real` time.
    pub fn autojump_after(mut self, real: Duration) -> EventLoopBuilder {
        self.options.autojump_after = Some(real);
        self
    }

    /// Lets tasks that do not say otherwise take their first step inside `create_task`.
    ///
    /// # Python
    ///
    /// `loop.set_task_factory(asyncio.eager_task_factory)`.
    #[doc(alias = "eager_task_factory")]
    pub fn eager_tasks(mut self, eager: bool) -> EventLoopBuilder {
        self.options.eager_tasks = eager;
        self
    }

    /// Sets debug mode at the start; see [`LoopHandle::set_debug`](crate::LoopHandle::set_debug). Without this call the
    /// environment decides: `ASYNCIO_DEBUG=1` turns it on.
    pub fn debug(mut self, debug: bool) -> EventLoopBuilder {
        self.options.debug = debug;
        self
    }

    /// Lets others of the same user look into the loop from outside: `asyncio ps PID` and `asyncio pstree PID`. Without this
    /// call the environment decides: `ASYNCIO_INTROSPECT=1` opens the socket.
    ///
    /// One thread and one Unix socket serve all loops of the process that are opened. The socket lies where
    /// [`introspect_paths`](crate::introspect_paths) says and can be used by the same user alone. Where the system has no
    /// Unix sockets nothing is opened.
    ///
    /// # Python
    ///
    /// `python -m asyncio ps` reads any process of Python; a program of Rust has nothing that could be read that way.
    #[doc(alias("ps", "pstree"))]
    pub fn introspect(mut self, open: bool) -> EventLoopBuilder {
        self.options.introspect = open;
        self
    }

    pub(crate) fn is_debug(&self) -> bool {
        self.options.debug
    }

    /// Lets `factory` look at every task that is created on the loop, and wrap its future.
    ///
    /// # Python
    ///
    /// `loop.set_task_factory`.
    pub fn task_factory(mut self, factory: TaskFactory) -> EventLoopBuilder {
        self.options.task_factory = Some(factory);
        self
    }

    /// Sets who is told of failures that no caller sees: panics that nobody retrieves, callbacks that panic, tasks
    /// that did not end in time. Without a handler they are written to the standard error.
    ///
    /// # Python
    ///
    /// `loop.set_exception_handler`.
    pub fn exception_handler(mut self, handler: ExceptionHandler) -> EventLoopBuilder {
        self.options.exception_handler = Some(handler);
        self
    }
}

/// Does the environment ask for debug mode?
fn env_introspect() -> bool {
    #[cfg(unix)]
    return crate::introspect::wanted_by_environment();
    #[cfg(not(unix))]
    return false;
}

fn env_debug() -> bool {
    std::env::var_os("ASYNCIO_DEBUG").is_some_and(|value| !value.is_empty() && value != "0")
}

impl fmt::Debug for EventLoopBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventLoopBuilder")
            .field("tick_budget", &self.options.tick_budget)
            .field("worker_threads", &self.options.worker_threads)
            .finish_non_exhaustive()
    }
}
