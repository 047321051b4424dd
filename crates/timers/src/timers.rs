//! `Timers`: a driver whose timers any thread may register, and `TimersHandle`, the way to it.
//!
//! All of it is the locked half, [`Shared`]; the owner adds the batch of wakers that a turn takes out.

use std::fmt;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use crate::batch::{Batch, wake_all};
use crate::clock::{self, Clock};
use crate::current::{self, Driver, Entered};
use crate::shared::{Owner, Shared};
use crate::sleep::Sleep;

/// The owner of timers that several threads use, such as the workers of a pool.
///
/// Whoever holds it turns it: ask for [`next_deadline`](Timers::next_deadline), wait until then, and
/// [`fire`](Timers::fire). Each thread that polls sleeps enters a [`handle`](Timers::handle). A loop on one thread
/// is better served by [`LocalTimers`](crate::LocalTimers), which takes no lock.
///
/// When it is dropped, sleeps that are still pending are woken and go on with the driver of the thread that polls
/// them next, or with the fallback thread.
///
/// # Examples
///
/// ```
/// use asyncio_timers::{Timers, sleep};
/// use futures_lite::future;
/// use std::pin::pin;
/// use std::time::{Duration, Instant};
///
/// let mut timers = Timers::new();
/// let handle = timers.handle();
/// let _entered = handle.enter();
///
/// let mut sleep = pin!(sleep(Duration::from_millis(10)));
/// assert!(future::block_on(future::poll_once(&mut sleep)).is_none());
///
/// let deadline = timers.next_deadline().expect("one timer is pending");
/// std::thread::sleep(deadline - Instant::now());
/// assert_eq!(timers.fire(Instant::now()), 1);
/// assert!(future::block_on(future::poll_once(&mut sleep)).is_some());
/// ```
pub struct Timers {
    shared: Arc<Shared>,
    batch: Batch,
}

impl Timers {
    /// Timers on the monotonic clock.
    pub fn new() -> Timers {
        Timers::with_clock(Clock::monotonic())
    }

    /// Timers on `clock`.
    pub fn with_clock(clock: Clock) -> Timers {
        Timers {
            shared: Shared::new(Owner::Timers, clock),
            batch: Batch::new(),
        }
    }

    /// The clock of these timers.
    pub fn clock(&self) -> &Clock {
        self.shared.clock()
    }

    /// The way to these timers from every thread.
    pub fn handle(&self) -> TimersHandle {
        TimersHandle {
            shared: Arc::clone(&self.shared),
        }
    }

    /// When to fire next; `None` when nothing will ever be due.
    ///
    /// It may be earlier than the earliest deadline when timers were cancelled, never later. The owner counts as
    /// parked from this call until [`fire`](Timers::fire): an earlier deadline that is registered in between wakes
    /// the [unpark waker](Timers::set_unpark).
    pub fn next_deadline(&self) -> Option<Instant> {
        if !self.batch.is_empty() {
            return Some(self.shared.clock().now());
        }
        self.shared.next().and_then(|nanos| self.shared.instant(nanos))
    }

    /// Wakes the tasks of all timers that are due at `now`, and says how many.
    ///
    /// Never early; equal deadlines fire in the order of registration. No lock is held while a task is woken.
    ///
    /// # Panics
    ///
    /// When a waker does. The tasks behind it are woken by the next call.
    pub fn fire(&mut self, now: Instant) -> usize {
        let nanos = self.shared.nanos(now);
        self.shared.take_due(nanos, |_, waker| self.batch.push(waker));
        self.batch.wake()
    }

    /// How many timers are pending.
    pub fn len(&self) -> usize {
        self.shared.pending()
    }

    /// Whether no timer is pending; takes no lock.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Sets what is woken when the parked owner has to look at [`next_deadline`](Timers::next_deadline) again.
    ///
    /// It is also woken when a mock clock moves.
    pub fn set_unpark(&self, unpark: Waker) {
        self.shared.set_unpark(Some(unpark));
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

impl Default for Timers {
    fn default() -> Timers {
        Timers::new()
    }
}

impl Drop for Timers {
    fn drop(&mut self) {
        self.batch.append(self.shared.close());
        wake_all(self.batch.take());
    }
}

impl fmt::Debug for Timers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timers")
            .field("len", &self.len())
            .field("clock", self.clock())
            .finish()
    }
}

/// The way to a [`Timers`] or to the locked part of a [`LocalTimers`](crate::LocalTimers), from every thread.
///
/// It outlives its owner: what is registered through it then goes to the driver of the polling thread instead.
#[derive(Clone)]
pub struct TimersHandle {
    shared: Arc<Shared>,
}

impl TimersHandle {
    pub(crate) fn new(shared: Arc<Shared>) -> TimersHandle {
        TimersHandle { shared }
    }

    /// Makes these timers the ones of this thread until the guard is dropped.
    pub fn enter(&self) -> Entered {
        current::enter(Driver::Shared(Arc::clone(&self.shared)))
    }

    /// A sleep on these timers, whichever thread polls it.
    pub fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::on(clock::after(self.now(), duration), self.shared.id())
    }

    /// A sleep until `deadline` on these timers, whichever thread polls it.
    pub fn sleep_until(&self, deadline: Instant) -> Sleep {
        Sleep::on(deadline, self.shared.id())
    }

    /// The time on the clock of these timers.
    pub fn now(&self) -> Instant {
        self.shared.clock().now()
    }

    /// The clock of these timers.
    pub fn clock(&self) -> &Clock {
        self.shared.clock()
    }

    /// Whether the owner is gone, or belongs to the process that this one was forked from.
    pub fn is_closed(&self) -> bool {
        self.shared.is_closed()
    }
}

impl fmt::Debug for TimersHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimersHandle")
            .field("clock", self.clock())
            .field("is_closed", &self.is_closed())
            .finish()
    }
}
