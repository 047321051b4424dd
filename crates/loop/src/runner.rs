//! `Runner`: makes a loop, runs futures on it, and ends it in order.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use asyncio_core::{LoopQueue, RawTask, current_loop};
use asyncio_reactor::{Backend, Reactor};
use asyncio_timers::Clock;

use crate::RunError;
use crate::event_loop::{EventLoop, Options};
use crate::sigint::Sigint;

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
    options: Options,
    handle_sigint: bool,
    debug: bool,
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
            options: Options {
                tick_budget: DEFAULT_TICK_BUDGET,
                worker_threads: None,
                blocking_threads: None,
                reactor: Reactor::builder(),
                clock: Clock::monotonic(),
                autojump_after: None,
            },
            handle_sigint: true,
            debug: std::env::var_os("ASYNCIO_DEBUG").is_some_and(|value| !value.is_empty() && value != "0"),
            state: State::New,
        }
    }

    /// Sets debug mode. Without this call the environment decides: `ASYNCIO_DEBUG=1` turns it on.
    pub fn debug(mut self, debug: bool) -> Runner {
        self.debug = debug;
        self
    }

    /// Is debug mode on?
    pub fn is_debug(&self) -> bool {
        self.debug
    }

    /// Sets how many threads the pool behind `spawn` has; it starts at the first `spawn`. The default is the number
    /// of cores.
    ///
    /// # Panics
    ///
    /// When `threads` is zero.
    pub fn worker_threads(mut self, threads: usize) -> Runner {
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
    pub fn blocking_threads(mut self, threads: usize) -> Runner {
        assert!(threads > 0, "blocking_threads must be at least 1");
        self.options.blocking_threads = Some(threads);
        self
    }

    /// Sets how many steps the loop takes before it looks at I/O again, while there are ready tasks. What is ready
    /// at the start of a turn always takes one step each; with 0 nothing more does, as in Python.
    pub fn tick_budget(mut self, steps: usize) -> Runner {
        self.options.tick_budget = steps;
        self
    }

    /// Chooses how the loop waits for I/O.
    pub fn reactor_backend(mut self, backend: Backend) -> Runner {
        self.options.reactor = self.options.reactor.clone().backend(backend);
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
        self.options.clock = if mock { Clock::mock() } else { Clock::monotonic() };
        self
    }

    /// Runs the loop on the given clock.
    pub fn clock(mut self, clock: Clock) -> Runner {
        self.options.clock = clock;
        self
    }

    /// Lets a mock clock jump although I/O or blocking work is awaited, once nothing has come for `real` time.
    pub fn autojump_after(mut self, real: Duration) -> Runner {
        self.options.autojump_after = Some(real);
        self
    }

    /// Runs `main` as a task of the loop, and the loop until that task has ended.
    ///
    /// # Errors
    ///
    /// See [`RunError`].
    ///
    /// # Panics
    ///
    /// When `main` panics: the panic goes on here, after the task has ended. The loop is still usable.
    pub fn run<F: Future>(&mut self, main: F) -> Result<F::Output, RunError> {
        if current_loop().is_some() {
            return Err(RunError::Nested);
        }
        let handle_sigint = self.handle_sigint;
        let event_loop = self.open()?;
        event_loop.check_fork()?;
        event_loop.entered(|event_loop| run_main(event_loop, handle_sigint, main))
    }

    /// Ends the loop: cancels its tasks and those of its pool, and waits for them and for blocking work. Idempotent.
    ///
    /// A runner that never ran closes silently.
    pub fn close(&mut self) {
        if let State::Open(mut event_loop) = std::mem::replace(&mut self.state, State::Closed) {
            event_loop.close();
        }
    }

    fn open(&mut self) -> Result<&mut EventLoop, RunError> {
        if let State::New = self.state {
            self.state = State::Open(Box::new(EventLoop::new(self.options.clone())?));
        }
        match &mut self.state {
            State::Open(event_loop) => Ok(event_loop),
            State::New | State::Closed => Err(RunError::Closed),
        }
    }
}

/// How many steps a turn goes on for while tasks wake each other. At some 30 ns a step this is a look at I/O every
/// 15 µs; a smaller one makes two tasks that only talk to each other pay for the looks, a larger one was no faster.
const DEFAULT_TICK_BUDGET: usize = 512;

/// The main future, which tells when it is gone.
struct Main<F> {
    future: F,
    _alive: Alive,
}

/// Clears the flag when it is dropped.
struct Alive(Rc<Cell<bool>>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

impl<F: Future> Future for Main<F> {
    type Output = F::Output;

    #[expect(unsafe_code, reason = "a pin projection")]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: a structural projection; `Main` has no destructor of its own, and `future` is never moved.
        unsafe { self.map_unchecked_mut(|main| &mut main.future) }.poll(cx)
    }
}

/// Ends the main task, if it has not ended, before the caller's frame does: the task borrows from there.
struct EndMain<'a> {
    queue: &'a LoopQueue,
    alive: Rc<Cell<bool>>,
}

impl Drop for EndMain<'_> {
    fn drop(&mut self) {
        while self.alive.get() {
            self.queue.take_remote();
            self.queue.tick(0);
        }
    }
}

fn run_main<F: Future>(
    event_loop: &mut EventLoop,
    handle_sigint: bool,
    main: F,
) -> Result<F::Output, RunError> {
    let sigint = if handle_sigint {
        Sigint::install(&event_loop.reactor.handle())
    } else {
        None
    };
    event_loop.own_sources = usize::from(sigint.is_some());
    let alive = Rc::new(Cell::new(true));
    let main = Main {
        future: main,
        _alive: Alive(alive.clone()),
    };
    // SAFETY: `end` below is dropped before this function's caller goes on, however that happens, and returns only
    // when the future is gone. The task's handle is dropped before it, which cancels a task that has not ended.
    #[expect(unsafe_code, reason = "the main future may borrow from the caller of run")]
    let spawned = unsafe { event_loop.queue.spawn_borrowing(main) };
    let Ok(task) = spawned else {
        return Err(RunError::Closed);
    };
    let mut interrupted = false;
    let mut task = Some(task);
    let turned = catch_unwind(AssertUnwindSafe(|| {
        while alive.get() {
            event_loop.turn()?;
            if let Some(sigint) = &sigint {
                if !interrupted && sigint.came() {
                    interrupted = true;
                    // Cancels the main task: it ends at its next step, which this schedules.
                    keep_if_finished(&mut task);
                }
            }
        }
        Ok(())
    }));
    if !matches!(turned, Ok(Ok(()))) {
        task = None;
    }
    drop(EndMain {
        queue: &event_loop.queue,
        alive,
    });
    match turned {
        Err(panic) => resume_unwind(panic),
        Ok(Err(error)) => Err(RunError::Io(error)),
        Ok(Ok(())) => match task.and_then(value) {
            Some(value) => Ok(value),
            None if interrupted => Err(RunError::KeyboardInterrupt),
            None => Err(RunError::Cancelled),
        },
    }
}

/// Drops the handle, and so cancels the task, unless the task has its value already.
fn keep_if_finished<T>(task: &mut Option<RawTask<T>>) {
    if task.as_ref().is_some_and(|task| !task.is_finished()) {
        *task = None;
    }
}

/// The value of a task that has ended.
fn value<T>(task: RawTask<T>) -> Option<T> {
    let mut task = std::pin::pin!(task);
    match task.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => None,
    }
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
            .field("debug", &self.debug)
            .finish_non_exhaustive()
    }
}
