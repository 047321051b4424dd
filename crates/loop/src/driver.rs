//! `Driver`: how a loop waits, for those who want to wait for more than it knows of.

use std::io;
use std::time::Instant;

use asyncio_reactor::Reactor;
use asyncio_timers::{LocalHandle, TimersHandle};

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

    /// Looks for events without waiting. A loop calls it between the steps of its tasks, in each turn in which something
    /// is ready: a driver that has events of its own looks for them here too, or they wait until the loop rests.
    ///
    /// # Errors
    ///
    /// As for [`wait`](Driver::wait).
    fn look(&mut self, reactor: &mut Reactor) -> io::Result<()> {
        reactor.poll().map(drop)
    }
}

/// Calls `f` as if on another thread, though still on the loop's: for a [`Driver`] whose wait runs code of others.
///
/// What `f` wakes goes the way of wakes from other threads, and makes the reactor's descriptor readable; a sleep that is
/// made there ends the wait if it comes to be the next that is due. To such code this thread runs no loop:
/// `create_task` panics. `get_running_loop` still gives the loop's handle.
pub fn leave_loop<R>(f: impl FnOnce() -> R) -> R {
    let timers = LocalHandle::current().map(|local| local.threadsafe());
    let _timers = timers.as_ref().map(TimersHandle::enter);
    asyncio_core::leave_loop(f)
}
