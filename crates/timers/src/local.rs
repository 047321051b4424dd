//! `LocalTimers`: the timers of a loop that runs on one thread.
//!
//! What the loop's own thread registers lies in a plain store: no lock, no atomic, no allocation per sleep. What
//! other threads do lies in the locked half ([`Shared`]): their own registrations, and notes about timers of the
//! plain store that they have done with. A turn works off the notes, then fires both halves as one.
//!
//! Invariant: the plain store is borrowed only within a method of [`Local`], and never while foreign code runs.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Instant;

use crate::batch::{Batch, wake_all};
use crate::clock::Clock;
use crate::current::{self, Driver, Entered};
use crate::local_handle::LocalHandle;
use crate::shared::{Found, Owner, Shared};
use crate::store::{Key, Store};
use crate::timers::TimersHandle;

/// The owner of the timers of one thread.
///
/// The loop enters it, and turns it: ask for [`next_deadline`](LocalTimers::next_deadline), wait until then, and
/// [`fire`](LocalTimers::fire). Sleeps that are created and polled on this thread take no lock; a sleep that moves
/// to another thread keeps working there.
///
/// When it is dropped, sleeps that are still pending are woken and go on with the driver of the thread that polls
/// them next, or with the fallback thread.
///
/// # Examples
///
/// ```
/// use asyncio_timers::{Clock, LocalTimers, MockClock, sleep};
/// use futures_lite::future;
/// use std::pin::pin;
/// use std::time::Duration;
///
/// let mock = MockClock::new();
/// let mut timers = LocalTimers::with_clock(Clock::from(mock.clone()));
/// let _entered = timers.enter();
///
/// let mut sleep = pin!(sleep(Duration::from_secs(60)));
/// assert!(future::block_on(future::poll_once(&mut sleep)).is_none());
///
/// // Nothing is ready, so the loop jumps.
/// mock.advance_to(timers.next_deadline().expect("one timer is pending"));
/// assert_eq!(timers.fire(mock.now()), 1);
/// assert!(future::block_on(future::poll_once(&mut sleep)).is_some());
/// ```
pub struct LocalTimers {
    local: Rc<Local>,
    batch: Batch,
}

impl LocalTimers {
    /// Timers on the monotonic clock.
    pub fn new() -> LocalTimers {
        LocalTimers::with_clock(Clock::monotonic())
    }

    /// Timers on `clock`.
    pub fn with_clock(clock: Clock) -> LocalTimers {
        LocalTimers {
            local: Rc::new(Local {
                shared: Shared::new(Owner::LocalTimers, clock),
                closed: Cell::new(false),
                store: RefCell::new(Store::new()),
            }),
            batch: Batch::new(),
        }
    }

    /// The clock of these timers.
    pub fn clock(&self) -> &Clock {
        self.local.shared.clock()
    }

    /// Makes these timers the ones of this thread until the guard is dropped.
    pub fn enter(&self) -> Entered {
        current::enter(Driver::Local(Rc::clone(&self.local)))
    }

    /// The way to these timers from other threads.
    pub fn handle(&self) -> TimersHandle {
        TimersHandle::new(Arc::clone(&self.local.shared))
    }

    /// When to fire next; `None` when nothing will ever be due.
    ///
    /// It may be earlier than the earliest deadline when timers were cancelled, never later; on a mock clock it is
    /// exact. An earlier deadline that another thread registers wakes the [unpark waker](LocalTimers::set_unpark).
    #[inline]
    pub fn next_deadline(&self) -> Option<Instant> {
        // A turn asks, and often there are none.
        if self.is_empty() {
            None
        } else {
            self.next_of_some()
        }
    }

    fn next_of_some(&self) -> Option<Instant> {
        let shared = &self.local.shared;
        if !self.batch.is_empty() {
            return Some(shared.clock().now());
        }
        let here = {
            let store = self.local.store.borrow();
            if shared.clock().is_mock() {
                store.next_exact()
            } else {
                store.next()
            }
        };
        let elsewhere = if shared.pending() > 0 { shared.next() } else { None };
        let next = match (here, elsewhere) {
            (Some(here), Some(elsewhere)) => here.min(elsewhere),
            (one, other) => one.or(other)?,
        };
        shared.instant(next)
    }

    /// Wakes the tasks of all timers that are due at `now`, and says how many.
    ///
    /// Never early. Equal deadlines fire in the order of registration; those that were registered on other threads
    /// come after the loop's own.
    ///
    /// # Panics
    ///
    /// When a waker does. The tasks behind it are woken by the next call.
    pub fn fire(&mut self, now: Instant) -> usize {
        let local = &*self.local;
        let nanos = local.shared.nanos(now);
        if local.shared.pending() > 0 {
            self.fire_both(nanos);
        } else {
            let mut store = local.store.borrow_mut();
            store.advance(nanos);
            while store.peek().is_some_and(|next| next <= nanos) {
                if let Some(waker) = store.pop() {
                    self.batch.push(waker);
                }
            }
        }
        if !self.batch.is_empty() {
            current::note_fired();
        }
        self.batch.wake()
    }

    #[cold]
    fn fire_both(&mut self, now: u64) {
        let local = &*self.local;
        for note in local.shared.take_notes() {
            let waker = local.remove(note.key);
            if let Some(waker) = waker.filter(|_| note.wake) {
                self.batch.push(waker);
            }
        }
        let mut elsewhere = VecDeque::new();
        local
            .shared
            .take_due(now, |nanos, waker| elsewhere.push_back((nanos, waker)));
        let mut store = local.store.borrow_mut();
        store.advance(now);
        loop {
            let here = store.peek().filter(|&next| next <= now);
            let waker = match (here, elsewhere.front()) {
                (None, None) => break,
                (Some(here), Some(&(there, _))) if here <= there => store.pop(),
                (Some(_), None) => store.pop(),
                (_, Some(_)) => elsewhere.pop_front().map(|(_, waker)| waker),
            };
            if let Some(waker) = waker {
                self.batch.push(waker);
            }
        }
    }

    /// The way to these timers for those on the same thread.
    pub fn local(&self) -> LocalHandle {
        LocalHandle::new(Rc::clone(&self.local))
    }

    /// Ends these timers: sleeps that are still pending are woken and go on with another driver, callbacks are
    /// dropped. Dropping does the same; idempotent.
    pub fn close(&mut self) {
        if self.local.closed.replace(true) {
            return;
        }
        // Its sleeps look again, and find another driver.
        current::note_fired();
        let here = self.local.store.borrow_mut().drain();
        self.batch.append(here);
        self.batch.append(self.local.shared.close());
        wake_all(self.batch.take());
    }

    /// How many timers are pending.
    #[inline]
    pub fn len(&self) -> usize {
        self.local.store.borrow().len() + self.local.shared.pending()
    }

    /// Whether there is nothing to fire, now or later: then a turn needs to know neither deadline nor time.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0 && self.batch.is_empty()
    }

    /// Sets what is woken when another thread has registered an earlier deadline, or done with a timer of this loop.
    ///
    /// The wake must not be lost on a loop that is about to park. It is also woken when a mock clock moves.
    pub fn set_unpark(&self, unpark: Waker) {
        self.local.shared.set_unpark(Some(unpark));
    }
}

impl Default for LocalTimers {
    fn default() -> LocalTimers {
        LocalTimers::new()
    }
}

impl Drop for LocalTimers {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for LocalTimers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalTimers")
            .field("len", &self.len())
            .field("clock", self.clock())
            .finish()
    }
}

/// What the thread's slot holds while a loop is entered.
pub(crate) struct Local {
    shared: Arc<Shared>,
    closed: Cell<bool>,
    store: RefCell<Store>,
}

impl Local {
    #[inline]
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.get()
    }

    /// Whether a turn has already seen the time `nanos`.
    #[inline]
    pub(crate) fn has_passed(&self, nanos: u64) -> bool {
        nanos <= self.store.borrow().advanced()
    }

    #[inline]
    pub(crate) fn insert(&self, nanos: u64, waker: Waker) -> Key {
        self.store.borrow_mut().insert(nanos, waker)
    }

    #[inline]
    pub(crate) fn remove(&self, key: Key) -> Option<Waker> {
        self.store.borrow_mut().remove(key)
    }

    /// Looks after a registration; an error says that a waker is needed.
    #[inline]
    pub(crate) fn poll(&self, key: Key, cx: &Context<'_>) -> Result<Found, ()> {
        if self.closed.get() {
            return Ok(Found::Closed);
        }
        match self.store.borrow_mut().waker_mut(key) {
            None => Ok(Found::Fired),
            Some(present) if present.will_wake(cx.waker()) => Ok(Found::Pending),
            Some(_) => Err(()),
        }
    }

    /// Puts `waker` in the place of the registered one, which the caller drops once the thread's slot is free.
    pub(crate) fn replace(&self, key: Key, waker: Waker) -> Waker {
        match self.store.borrow_mut().waker_mut(key) {
            Some(present) => std::mem::replace(present, waker),
            None => waker,
        }
    }
}
