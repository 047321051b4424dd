//! `Driver`: how a loop waits, for those who want to wait for more than it knows of.

use std::io;
use std::time::Instant;

use asyncio_reactor::Reactor;

/// Waits in the place of a loop: for the loop's events, and for others of its own.
///
/// A loop calls it when nothing is ready. It is the way in for what no reactor can watch; a program that has a loop of
/// its own, and only wants this one to take part, turns it with [`EventLoop::run_once`](crate::EventLoop::run_once).
///
/// # Examples
///
/// A driver that notes how long the loop has rested:
///
/// ```
/// use std::cell::Cell;
/// use std::rc::Rc;
/// use std::time::{Duration, Instant};
/// use asyncio_loop::{Driver, EventLoop};
/// use asyncio_reactor::Reactor;
///
/// struct Rested(Rc<Cell<Duration>>);
///
/// impl Driver for Rested {
///     fn wait(&mut self, reactor: &mut Reactor, deadline: Option<Instant>) -> std::io::Result<()> {
///         let start = Instant::now();
///         reactor.turn(deadline)?;
///         self.0.set(self.0.get() + start.elapsed());
///         Ok(())
///     }
/// }
///
/// let rested = Rc::new(Cell::new(Duration::ZERO));
/// let mut event_loop = EventLoop::new()?;
/// event_loop.set_driver(Box::new(Rested(rested.clone())));
/// event_loop.run_until_complete(asyncio_timers::sleep(Duration::from_millis(2)))?;
/// assert!(rested.get() >= Duration::from_millis(1));
/// # Ok::<(), asyncio_loop::RunError>(())
/// ```
///
/// # Python
///
/// What a subclass of `asyncio.BaseEventLoop`, or a selector of one's own, is made for.
pub trait Driver {
    /// Waits until the reactor has something, until somebody notifies it, or until `deadline`, and lets it wake those who
    /// waited: it calls [`Reactor::turn`] or, having waited on the reactor's descriptor, [`Reactor::poll`]. It may return
    /// early. Without a deadline nothing is due.
    ///
    /// # Errors
    ///
    /// Those of the reactor; they end the run of the loop.
    fn wait(&mut self, reactor: &mut Reactor, deadline: Option<Instant>) -> io::Result<()>;
}
