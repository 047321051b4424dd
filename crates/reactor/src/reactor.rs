//! `Reactor`: the owner's side, which waits.
//!
//! Invariant: every waker that a turn collected is woken before the turn returns, on the error path too, and while
//! no lock is held.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Instant;

use crate::backend::Backend;
use crate::handle::Handle;
use crate::shared::Shared;
use crate::sys::{self, Timeout, Waits};
use asyncio_core::WakeList;

/// Waits for sources to become ready, and wakes who waits for them.
///
/// It has one owner, who calls [`turn`](Reactor::turn); everybody else has a [`Handle`]. When it is dropped, whoever
/// waits for one of its sources gets an error.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, Instant};
/// use asyncio_reactor::Reactor;
///
/// # fn main() -> std::io::Result<()> {
/// let mut reactor = Reactor::new()?;
/// let deadline = Instant::now() + Duration::from_millis(5);
/// assert_eq!(reactor.turn(Some(deadline))?, 0);
/// assert!(Instant::now() >= deadline);
/// # Ok(())
/// # }
/// ```
pub struct Reactor {
    shared: Arc<Shared>,
    waits: Waits,
    wake: WakeList,
    /// Notes when the system came back.
    is_timed: bool,
    waited_until: Option<Instant>,
}

/// Makes a [`Reactor`]; made by [`Reactor::builder`].
#[derive(Debug, Clone, Default)]
pub struct Builder {
    backend: Backend,
}

impl Builder {
    /// Chooses the backend. The default is [`Backend::Auto`].
    #[must_use]
    pub fn backend(mut self, backend: Backend) -> Builder {
        self.backend = backend;
        self
    }

    /// Makes the reactor.
    ///
    /// # Errors
    ///
    /// The operating system's, if it has no descriptor to spare for instance; `InvalidInput` if the environment
    /// variable `ASYNCIO_REACTOR` is to choose and names no backend; `Unsupported` if this system lacks the backend.
    pub fn build(self) -> io::Result<Reactor> {
        let (poller, waits) = sys::open(self.backend.resolve()?)?;
        Ok(Reactor {
            shared: Arc::new(Shared::new(poller)),
            waits,
            wake: WakeList::new(),
            is_timed: false,
            waited_until: None,
        })
    }
}

impl Reactor {
    /// A reactor on the backend that the environment chooses: see [`Backend::Auto`].
    ///
    /// # Errors
    ///
    /// As [`Builder::build`].
    pub fn new() -> io::Result<Reactor> {
        Reactor::builder().build()
    }

    /// Starts to make a reactor with a choice of backend.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Waits for events until one comes, somebody notifies, or the deadline is reached; then wakes who waited.
    /// Gives the number of sources that had an event. `None` waits for ever, an instant in the past not at all.
    ///
    /// It never returns before the deadline without a cause, and signals that interrupt the wait are no cause.
    ///
    /// # Errors
    ///
    /// The operating system's, of which none is known for a reactor in working order; and a plain one in a process
    /// that was forked from the one that made the reactor.
    ///
    /// # Panics
    ///
    /// When a waker does, after all others were woken.
    ///
    /// # Python
    ///
    /// `selectors.BaseSelector.select(timeout)`.
    pub fn turn(&mut self, deadline: Option<Instant>) -> io::Result<usize> {
        self.shared.check_fork()?;
        let timeout = match deadline {
            None => Timeout::Never,
            Some(deadline) if deadline <= Instant::now() => Timeout::Now,
            Some(deadline) => Timeout::Until(deadline),
        };
        self.wait(timeout)
    }

    /// Looks for events without waiting: a [`turn`](Reactor::turn) with a deadline in the past, without a look at
    /// the clock.
    ///
    /// # Errors
    ///
    /// As for [`turn`](Reactor::turn).
    ///
    /// # Panics
    ///
    /// As for [`turn`](Reactor::turn).
    pub fn poll(&mut self) -> io::Result<usize> {
        self.shared.check_fork()?;
        self.wait(Timeout::Now)
    }

    fn wait(&mut self, timeout: Timeout) -> io::Result<usize> {
        let result = loop {
            match self.waits.wait(&self.shared.poller, timeout) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => break Err(error),
            }
            if self.is_timed {
                self.note_return();
            }
            let (shared, wake) = (&self.shared, &mut self.wake);
            let count = self.waits.events(|events| shared.dispatch(events, wake));
            if self.shared.take_notified() || count > 0 {
                break Ok(count);
            }
            match timeout {
                Timeout::Now => break Ok(0),
                Timeout::Until(deadline) if Instant::now() >= deadline => break Ok(0),
                // A timer that an earlier turn set, or an event for a source that is gone.
                Timeout::Until(_) | Timeout::Never => {}
            }
        };
        if !self.wake.is_empty() {
            let _returning = self.shared.returning();
            self.wake.wake_all();
        }
        result
    }

    #[cold]
    fn note_return(&mut self) {
        self.waited_until = Some(Instant::now());
    }

    /// Turns and polls note when the system came back from its wait, or no longer do. Gives the last that was noted since the
    /// call before: what took long can then be told from what was waited for.
    pub fn time_waits(&mut self, on: bool) -> Option<Instant> {
        self.is_timed = on;
        self.waited_until.take()
    }

    /// A handle, to register sources with and to notify.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle::new(self.shared.clone())
    }

    /// How many sources are registered: one relaxed load, so that a loop may skip a turn when there is none.
    #[inline]
    #[must_use]
    pub fn source_count(&self) -> usize {
        self.shared.source_count()
    }

    /// Whether no source is registered.
    #[inline]
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.source_count() == 0
    }

    /// The backend that was chosen.
    #[must_use]
    pub fn backend(&self) -> Backend {
        self.shared.poller.backend()
    }

    /// The descriptor that becomes readable when [`poll`](Reactor::poll) would find something, for embedding this
    /// reactor in another loop; `None` where the backend has none.
    #[cfg(unix)]
    #[must_use]
    pub fn as_raw_fd(&self) -> Option<std::os::fd::RawFd> {
        self.shared.poller.raw_fd()
    }
}

#[cfg(unix)]
impl Reactor {
    /// A descriptor of the caller's own for what [`as_raw_fd`](Reactor::as_raw_fd) gives: it stays valid, and silent once
    /// the reactor is gone.
    ///
    /// # Errors
    ///
    /// The operating system's; `Unsupported` where the backend has none.
    pub fn try_clone_fd(&self) -> io::Result<std::os::fd::OwnedFd> {
        self.shared.poller.try_clone_fd()
    }
}

impl Drop for Reactor {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl fmt::Debug for Reactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reactor")
            .field("backend", &self.backend())
            .field("sources", &self.source_count())
            .finish_non_exhaustive()
    }
}
