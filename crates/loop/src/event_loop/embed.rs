//! A loop inside of another: what the host waits for, and one turn.
//!
//! The host asks what to wait for ([`EventLoop::prepare_wait`]), waits for the descriptor and the time together with its own
//! events, and then lets the loop take a turn ([`EventLoop::run_once`]). From the question to the turn the loop counts as
//! parked: whatever makes something ready meanwhile, on this thread or another, makes the descriptor readable.

use std::future::Future;
use std::time::{Duration, Instant};

use asyncio_core::current_loop;
use asyncio_tasks::{Task, create_task};

use super::EventLoop;
use crate::{Driver, RunError, shutdown};

/// What a host waits for before it lets a loop take its next turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitFor {
    /// For nothing: something is ready.
    Nothing,
    /// For the loop's descriptor to become readable, or for this time, on the system's clock.
    Until(Instant),
    /// For the loop's descriptor to become readable.
    Event,
}

/// What a turn has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a loop that was told to stop has to be left"]
pub enum Turned {
    /// Go on.
    Continue,
    /// The loop was told to stop.
    Stopped,
}

impl EventLoop {
    /// Calls `f` with this loop as the one of this thread: what `f` makes, sockets, sleeps and tasks, belongs to it. The
    /// loop does not run meanwhile.
    ///
    /// # Python
    ///
    /// `asyncio.set_event_loop(loop)`, for as long as `f` runs.
    ///
    /// # Examples
    ///
    /// ```
    /// use asyncio_loop::{EventLoop, get_running_loop};
    ///
    /// let event_loop = EventLoop::new()?;
    /// let handle = event_loop.enter(get_running_loop);
    /// assert!(!handle.is_running());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[doc(alias = "set_event_loop")]
    pub fn enter<R>(&self, f: impl FnOnce() -> R) -> R {
        let result = self.with_drivers(|| self.queue.enter(f));
        self.queue.nudge();
        result
    }

    /// Starts a task on this loop; it takes its steps when the loop is run.
    ///
    /// # Panics
    ///
    /// When the loop was closed.
    ///
    /// # Python
    ///
    /// `loop.create_task`.
    #[track_caller]
    pub fn create_task<F>(&self, future: F) -> Task<F::Output>
    where
        F: Future<Output: 'static> + 'static,
    {
        assert!(!self.is_closed(), "the event loop is closed");
        self.enter(|| create_task(future))
    }

    /// Tells what to wait for before the next turn. Until that turn other threads, and the owner of this loop, make the
    /// descriptor readable when they make something ready.
    ///
    /// With a mock clock the loop does not wait for time: a turn jumps.
    pub fn prepare_wait(&mut self) -> WaitFor {
        self.queue.take_remote();
        self.ask_watches();
        let deadline = self.real_deadline();
        let is_due = deadline.is_some_and(|due| self.options.clock.is_mock() || due <= Instant::now());
        if self.queue.has_ready() || self.queue.is_stopping() || is_due || !self.queue.prepare_park() {
            return WaitFor::Nothing;
        }
        deadline.map_or(WaitFor::Event, WaitFor::Until)
    }

    /// Takes one turn: looks for events, waiting for `timeout` at most, fires timers, and runs what is ready. Without a
    /// timeout it waits for as long as it takes; with one of zero not at all.
    ///
    /// # Errors
    ///
    /// As for [`run_forever`](EventLoop::run_forever).
    ///
    /// # Python
    ///
    /// `BaseEventLoop._run_once`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use asyncio_loop::{EventLoop, WaitFor};
    /// use asyncio_timers::sleep;
    ///
    /// let mut event_loop = EventLoop::new()?;
    /// let task = event_loop.create_task(sleep(Duration::from_millis(1)));
    /// while !task.is_finished() {
    ///     match event_loop.prepare_wait() {
    ///         WaitFor::Nothing => {}
    ///         // A host waits for the descriptor too: nothing else comes here.
    ///         WaitFor::Until(due) => std::thread::sleep(due.saturating_duration_since(Instant::now())),
    ///         WaitFor::Event => unreachable!("the task sleeps"),
    ///     }
    ///     let _ = event_loop.run_once(Some(Duration::ZERO))?;
    /// }
    /// # Ok::<(), asyncio_loop::RunError>(())
    /// ```
    pub fn run_once(&mut self, timeout: Option<Duration>) -> Result<Turned, RunError> {
        self.queue.unparked();
        self.check()?;
        let limit = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        self.entered_for_a_turn(|this| match limit {
            Some(limit) => this.turn_until(limit),
            None => this.turn(),
        })?;
        if self.queue.is_stopping() {
            self.queue.stopped();
            return Ok(Turned::Stopped);
        }
        Ok(Turned::Continue)
    }

    /// The descriptor that becomes readable when the loop has events, for a host that waits on it. It stays the loop's.
    ///
    /// `None` where the loop waits on something that is no descriptor.
    #[cfg(unix)]
    pub fn as_raw_fd(&self) -> Option<std::os::fd::RawFd> {
        self.reactor.as_raw_fd()
    }

    /// A descriptor of the host's own for what [`as_raw_fd`](EventLoop::as_raw_fd) gives.
    ///
    /// # Errors
    ///
    /// The operating system's; `Unsupported` where the loop waits on something that is no descriptor.
    #[cfg(unix)]
    pub fn try_clone_fd(&self) -> std::io::Result<std::os::fd::OwnedFd> {
        self.reactor.try_clone_fd()
    }

    /// Lets `driver` wait in the place of this loop's reactor.
    pub fn set_driver(&mut self, driver: Box<dyn Driver>) {
        self.driver = Some(driver);
    }

    /// Asks all tasks to stop, turns the loop until they have cleaned up, for `grace` at most if there is one, and closes
    /// it: the end that a [`Runner`](crate::Runner) gives its loop.
    pub fn shutdown(&mut self, grace: Option<Duration>) {
        if !self.is_closed() && current_loop().is_none() && self.check_fork().is_ok() {
            self.entered(|this| shutdown::cancel_all(this, grace));
        }
        self.close();
    }
}
