//! Which driver serves this thread.
//!
//! The slot is borrowed while a driver is looked at, so no waker may be cloned, woken or dropped in there: its code
//! is foreign and may enter or leave a driver.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use asyncio_core::Slot;

use crate::clock::Clock;
use crate::local::Local;
use crate::shared::Shared;

#[derive(Clone)]
pub(crate) enum Driver {
    Local(Rc<Local>),
    Shared(Arc<Shared>),
}

thread_local! {
    static CURRENT: Slot<Driver> = const { Slot::empty() };
    static TURN: Cell<Turn> = const { Cell::new(Turn { local: 0, fired: 0 }) };
}

/// What tells a pending sleep that nothing has happened to it, without a look at its driver.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Turn {
    /// The number of the loop's timers that are entered here; 0 if none are.
    pub(crate) local: u64,
    /// How often timers of a loop have fired on this thread.
    pub(crate) fired: u64,
}

#[inline]
pub(crate) fn turn() -> Turn {
    TURN.get()
}

/// Timers of a loop fire on this thread.
#[inline]
pub(crate) fn note_fired() {
    let turn = TURN.get();
    TURN.set(Turn {
        fired: turn.fired + 1,
        ..turn
    });
}

/// Keeps a driver installed on this thread; made by [`LocalTimers::enter`](crate::LocalTimers::enter) and
/// [`TimersHandle::enter`](crate::TimersHandle::enter). Dropping it puts back what was there before.
#[must_use = "the driver leaves the thread when this guard is dropped"]
pub struct Entered {
    _slot: asyncio_core::Entered<Driver>,
    /// The number of the loop's timers that were entered before.
    before: u64,
}

impl Drop for Entered {
    fn drop(&mut self) {
        set_local(self.before);
    }
}

/// Sets which loop's timers are entered, and gives those of before.
fn set_local(local: u64) -> u64 {
    let turn = TURN.get();
    TURN.set(Turn { local, ..turn });
    turn.local
}

impl fmt::Debug for Entered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entered").finish_non_exhaustive()
    }
}

pub(crate) fn enter(driver: Driver) -> Entered {
    let local = match &driver {
        Driver::Local(local) => local.shared().id(),
        Driver::Shared(_) => 0,
    };
    Entered {
        _slot: Slot::enter(&CURRENT, driver),
        before: set_local(local),
    }
}

#[inline]
pub(crate) fn with<R>(look: impl FnOnce(Option<&Driver>) -> R) -> R {
    Slot::with(&CURRENT, look)
}

impl Driver {
    #[inline]
    pub(crate) fn clock(&self) -> &Clock {
        match self {
            Driver::Local(local) => local.shared().clock(),
            Driver::Shared(shared) => shared.clock(),
        }
    }
}

/// The time on the clock of this thread's driver: the mock clock's under a mock, else the system's monotonic clock.
///
/// # Python
///
/// `loop.time()`, which is a number of seconds there.
///
/// # Examples
///
/// ```
/// use asyncio_timers::{Clock, LocalTimers, MockClock, now};
/// use std::time::Duration;
///
/// let mock = MockClock::new();
/// let timers = LocalTimers::with_clock(Clock::from(mock.clone()));
/// let _entered = timers.enter();
/// let before = now();
/// mock.advance(Duration::from_secs(5));
/// assert_eq!(now() - before, Duration::from_secs(5));
/// ```
#[inline]
#[doc(alias = "time")]
pub fn now() -> Instant {
    with(|driver| driver.map_or_else(Instant::now, |driver| driver.clock().now()))
}
