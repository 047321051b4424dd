//! `TokioDriver`: a loop of ours that waits in tokio, so that both live on one thread.
//!
//! tokio's public interface lets nobody turn a runtime by hand, but a current-thread runtime runs what was spawned, and looks
//! for I/O and timers, for as long as it blocks on a future. The future here ends when the loop's reactor has something or
//! the loop's next deadline is there; so each rest of the loop is a stretch of tokio's, and what tokio wakes in it needs
//! no other thread. While the loop is busy, each turn blocks on a future that yields once: that is one look of tokio's.
//!
//! Invariant: what tokio runs is code of another thread to the loop ([`leave_loop`]). A wake in it makes the reactor's
//! descriptor readable, which tokio watches: also a runtime whose tasks keep it busy without end lets the loop go on.

mod deadline;

use std::future::poll_fn;
use std::io;
use std::os::fd::OwnedFd;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use asyncio_loop::{Driver, leave_loop};
use asyncio_reactor::Reactor;
use tokio::io::unix::AsyncFd;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::current;
use crate::watched::watched;
use deadline::Deadline;

/// Lets a loop wait in a tokio runtime, on the loop's own thread: a readiness that tokio finds wakes a task of the loop
/// without another thread. [`run`](crate::run()) is the short way to it.
///
/// What is spawned on the runtime runs while the loop rests, and once in each turn while it does not; it ends when the loop is
/// closed. Code of the loop's thread has tokio's context through [`compat`](crate::TokioCompat::compat), or while
/// somebody has entered [`handle`](TokioDriver::handle) on it; so has code of the pool by `compat`, with a wake from
/// thread to thread.
///
/// With a mock clock the loop does not rest but jumps: tokio is looked at only between jumps, and its time is real.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use asyncio::{EventLoop, RunError};
/// use asyncio_tokio::{TokioCompat, TokioDriver};
///
/// let mut event_loop = EventLoop::new()?;
/// event_loop.set_driver(Box::new(TokioDriver::new()?));
/// let value = event_loop.run_until_complete(
///     async { tokio::spawn(async { tokio::time::sleep(Duration::from_millis(1)).await; 7 }).await }.compat(),
/// )?;
/// assert_eq!(value.unwrap(), 7);
/// # Ok::<(), RunError>(())
/// ```
#[derive(Debug)]
pub struct TokioDriver {
    /// What belongs to the runtime is dropped before it.
    waits: Option<Waits>,
    /// There until the drop.
    runtime: Option<Runtime>,
}

/// What the loop waits for, as sources of tokio's.
#[derive(Debug)]
struct Waits {
    reactor: AsyncFd<OwnedFd>,
    deadline: Deadline,
}

/// So many events one look of a reactor may take; if it has taken that many, there may be more, of which the descriptor
/// does not tell again.
const MANY: usize = 256;

/// As for the runtime on a thread of its own.
const GRACE: Duration = Duration::from_secs(5);

impl TokioDriver {
    /// Makes a runtime for a loop to wait in.
    ///
    /// # Errors
    ///
    /// When the operating system has no descriptor to spare.
    pub fn new() -> io::Result<TokioDriver> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Ok(TokioDriver::with_runtime(runtime))
    }

    /// Takes a runtime that is other than the usual. A runtime with threads of its own works, and gains nothing.
    ///
    /// # Panics
    ///
    /// The first wait does, if the runtime has no I/O or no timers.
    pub fn with_runtime(runtime: Runtime) -> TokioDriver {
        TokioDriver {
            waits: None,
            runtime: Some(runtime),
        }
    }

    /// The runtime's handle: to enter it, to spawn on it.
    pub fn handle(&self) -> &Handle {
        self.runtime().handle()
    }

    fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("it is there until the drop")
    }

    /// Puts what the loop waits for into tokio's hands, once.
    fn begin(&mut self, reactor: &Reactor) -> io::Result<()> {
        if self.waits.is_none() {
            let handle = self.handle().clone();
            let _entered = handle.enter();
            let fd = reactor.try_clone_fd()?;
            self.waits = Some(Waits {
                reactor: watched(fd)?,
                deadline: Deadline::new()?,
            });
            current::serve(&handle);
        }
        Ok(())
    }
}

impl Waits {
    fn poll(&mut self, cx: &mut Context<'_>, timed: bool) -> Poll<io::Result<()>> {
        if let Poll::Ready(ready) = self.reactor.poll_read_ready(cx) {
            // Cleared before the reactor looks: what comes in between makes it ready again.
            ready?.clear_ready();
            return Poll::Ready(Ok(()));
        }
        if !timed {
            return Poll::Pending;
        }
        ready!(self.deadline.poll(cx))?;
        Poll::Ready(Ok(()))
    }
}

impl Driver for TokioDriver {
    fn wait(&mut self, reactor: &mut Reactor, deadline: Option<Instant>) -> io::Result<()> {
        self.begin(reactor)?;
        let waits = self.waits.as_mut().expect("they were made just now");
        let runtime = self.runtime.as_ref().expect("it is there until the drop");
        if let Some(deadline) = deadline {
            waits.deadline.set(deadline)?;
        }
        let timed = deadline.is_some();
        leave_loop(|| runtime.block_on(poll_fn(|cx| waits.poll(cx, timed))))?;
        while reactor.poll()? >= MANY {}
        Ok(())
    }

    fn look(&mut self, reactor: &mut Reactor) -> io::Result<()> {
        self.begin(reactor)?;
        leave_loop(|| self.runtime().block_on(tokio::task::yield_now()));
        while reactor.poll()? >= MANY {}
        Ok(())
    }
}

impl Drop for TokioDriver {
    fn drop(&mut self) {
        self.waits = None;
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(GRACE);
        }
    }
}
