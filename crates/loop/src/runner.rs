//! `Runner`: makes a loop, runs futures on it, and ends it in order.

use std::fmt;
use std::future::Future;
use std::io;
use std::panic::Location;
use std::time::Duration;

use asyncio_core::{Context, ExceptionContext, current_loop};
use asyncio_reactor::Backend;
use asyncio_timers::Clock;

use crate::event_loop_builder::EventLoopBuilder;
use crate::main_task::{MainOptions, run_main};
use crate::{EventLoop, RunError, shutdown};

type LoopFactory = Box<dyn FnOnce() -> io::Result<EventLoop>>;

/// Runs futures on a loop of its own, on the thread that calls it.
///
/// The loop is made at the first [`run`](Runner::run) and lives until [`close`](Runner::close) or the drop of the
/// runner: several runs share it, and tasks that one run leaves go on in the next.
///
/// # Python
///
/// `asyncio.Runner`. Entering a `with` block is the value's scope here.
///
/// # Examples
///
/// ```
/// use asyncio_loop::{RunError, Runner};
///
/// let mut runner = Runner::new();
/// assert_eq!(runner.run(async { 6 * 7 }).unwrap(), 42);
/// runner.close();
/// assert!(matches!(runner.run(async {}), Err(RunError::Closed)));
/// ```
pub struct Runner {
    builder: EventLoopBuilder,
    factory: Option<LoopFactory>,
    handle_sigint: bool,
    grace: Option<Duration>,
    /// The context of all runs; made at the first.
    context: Option<Context>,
    state: State,
}

enum State {
    New,
    Open(Box<EventLoop>),
    Closed,
}

impl Runner {
    /// A runner with the defaults. Nothing is made yet.
    pub fn new() -> Runner {
        Runner {
            builder: EventLoopBuilder::default(),
            factory: None,
            handle_sigint: true,
            grace: None,
            context: None,
            state: State::New,
        }
    }

    /// Lets `factory` make the loop, once, at the first run. What this runner's other methods say about the loop does
    /// not count then.
    ///
    /// # Python
    ///
    /// `asyncio.Runner(loop_factory=...)`.
    pub fn loop_factory(mut self, factory: impl FnOnce() -> io::Result<EventLoop> + 'static) -> Runner {
        self.factory = Some(Box::new(factory));
        self
    }

    /// Sets how long cleanup may take once everything was asked to stop, by Ctrl-C or at the end of the loop. What
    /// has not ended then is dropped, and named in a report to the exception handler. Without this the loop waits as
    /// long as it takes, as Python's does.
    pub fn grace(mut self, grace: Duration) -> Runner {
        self.grace = Some(grace);
        self
    }

    /// Lets tasks that do not say otherwise take their first step inside `create_task`.
    pub fn eager_tasks(mut self, eager: bool) -> Runner {
        self.builder = std::mem::take(&mut self.builder).eager_tasks(eager);
        self
    }

    /// Sets who is told of failures that no caller sees; see
    /// [`EventLoopBuilder::exception_handler`](crate::EventLoopBuilder::exception_handler).
    pub fn exception_handler(
        mut self,
        handler: impl Fn(&ExceptionContext) + Send + Sync + 'static,
    ) -> Runner {
        self.builder = std::mem::take(&mut self.builder).exception_handler(std::sync::Arc::new(handler));
        self
    }

    /// Sets debug mode. Without this call the environment decides: `ASYNCIO_DEBUG=1` turns it on.
    pub fn debug(mut self, debug: bool) -> Runner {
        self.builder = std::mem::take(&mut self.builder).debug(debug);
        self
    }

    /// Lets others of the same user look into the loop from outside; see
    /// [`EventLoopBuilder::introspect`](crate::EventLoopBuilder::introspect).
    pub fn introspect(mut self, open: bool) -> Runner {
        self.builder = std::mem::take(&mut self.builder).introspect(open);
        self
    }

    /// Is debug mode on?
    pub fn is_debug(&self) -> bool {
        match &self.state {
            State::Open(event_loop) => event_loop.handle.get_debug(),
            State::New | State::Closed => self.builder.is_debug(),
        }
    }

    /// Sets how many threads the pool behind `spawn` has; it starts at the first `spawn`. The default is the number
    /// of cores.
    ///
    /// # Panics
    ///
    /// When `threads` is zero.
    pub fn worker_threads(mut self, threads: usize) -> Runner {
        self.builder = std::mem::take(&mut self.builder).worker_threads(threads);
        self
    }

    /// Sets how many threads `to_thread` may use at a time. The default is that of Python's executor: the number of
    /// cores and four more, at most 32.
    ///
    /// # Panics
    ///
    /// When `threads` is zero.
    pub fn blocking_threads(mut self, threads: usize) -> Runner {
        self.builder = std::mem::take(&mut self.builder).blocking_threads(threads);
        self
    }

    /// Sets how many steps the loop takes before it looks at I/O again, while there are ready tasks. What is ready
    /// at the start of a turn always takes one step each; with 0 nothing more does, as in Python.
    pub fn tick_budget(mut self, steps: usize) -> Runner {
        self.builder = std::mem::take(&mut self.builder).tick_budget(steps);
        self
    }

    /// Chooses how the loop waits for I/O.
    pub fn reactor_backend(mut self, backend: Backend) -> Runner {
        self.builder = std::mem::take(&mut self.builder).reactor_backend(backend);
        self
    }

    /// Decides whether Ctrl-C cancels the main future. The default is yes, where `run` is called on the main thread
    /// and nothing else handles SIGINT.
    pub fn handle_sigint(mut self, handle: bool) -> Runner {
        self.handle_sigint = handle;
        self
    }

    /// Runs the loop on a clock that stands still while anything is ready and then jumps to the next deadline.
    ///
    /// It does not jump while I/O or blocking work is awaited; see [`autojump_after`](Runner::autojump_after).
    pub fn mock_clock(mut self, mock: bool) -> Runner {
        let clock = if mock { Clock::mock() } else { Clock::monotonic() };
        self.builder = std::mem::take(&mut self.builder).clock(clock);
        self
    }

    /// Runs the loop on the given clock.
    pub fn clock(mut self, clock: Clock) -> Runner {
        self.builder = std::mem::take(&mut self.builder).clock(clock);
        self
    }

    /// Lets a mock clock jump although I/O or blocking work is awaited, once nothing has come for `real` time.
    pub fn autojump_after(mut self, real: Duration) -> Runner {
        self.builder = std::mem::take(&mut self.builder).autojump_after(real);
        self
    }

    /// Runs `main` as a task of the loop, and the loop until that task has ended.
    ///
    /// Context variables that a run sets are seen by the next; see [`run_in`](Runner::run_in).
    ///
    /// # Errors
    ///
    /// See [`RunError`].
    ///
    /// # Panics
    ///
    /// When `main` panics: the panic goes on here, after the task has ended. The loop is still usable.
    #[track_caller]
    pub fn run<F: Future>(&mut self, main: F) -> Result<F::Output, RunError> {
        let context = self.context.get_or_insert_with(copy_context).clone();
        self.run_main(context, main, Location::caller())
    }

    /// Runs `main` in a context of its own; otherwise as [`run`](Runner::run).
    ///
    /// # Errors
    ///
    /// See [`RunError`].
    ///
    /// # Panics
    ///
    /// When `main` panics.
    #[track_caller]
    pub fn run_in<F: Future>(&mut self, context: &Context, main: F) -> Result<F::Output, RunError> {
        self.run_main(context.clone(), main, Location::caller())
    }

    fn run_main<F: Future>(
        &mut self,
        context: Context,
        main: F,
        location: &'static Location<'static>,
    ) -> Result<F::Output, RunError> {
        if current_loop().is_some() {
            return Err(RunError::Nested);
        }
        let options = MainOptions {
            handle_sigint: self.handle_sigint,
            grace: self.grace,
            context,
            location,
        };
        let event_loop = self.open()?;
        event_loop.check_fork()?;
        event_loop.entered(|event_loop| run_main(event_loop, options, main))
    }

    /// The loop; made now if there was no run yet.
    ///
    /// # Errors
    ///
    /// When the runner was closed, or the loop cannot be made.
    pub fn get_loop(&mut self) -> Result<&EventLoop, RunError> {
        self.open().map(|event_loop| &*event_loop)
    }

    /// Ends the loop: asks its tasks and those of its pool to stop, waits until they have cleaned up, and then for
    /// blocking work. Idempotent. [`grace`](Runner::grace) bounds the cleanup.
    ///
    /// A runner that never ran closes silently.
    pub fn close(&mut self) {
        if let State::Open(mut event_loop) = std::mem::replace(&mut self.state, State::Closed) {
            if current_loop().is_none() && event_loop.check_fork().is_ok() {
                event_loop.entered(|event_loop| shutdown::cancel_all(event_loop, self.grace));
            }
            event_loop.close();
        }
    }

    fn open(&mut self) -> Result<&mut EventLoop, RunError> {
        if let State::New = self.state {
            let event_loop = match self.factory.take() {
                Some(factory) => factory()?,
                None => self.builder.clone().build()?,
            };
            self.state = State::Open(Box::new(event_loop));
        }
        match &mut self.state {
            State::Open(event_loop) => Ok(event_loop),
            State::New | State::Closed => Err(RunError::Closed),
        }
    }
}

fn copy_context() -> Context {
    asyncio_core::inherit_context().unwrap_or_default()
}

impl Default for Runner {
    fn default() -> Runner {
        Runner::new()
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::New => "new",
            State::Open(_) => "open",
            State::Closed => "closed",
        };
        f.debug_struct("Runner")
            .field("state", &state)
            .field("debug", &self.is_debug())
            .finish_non_exhaustive()
    }
}
