//! `Shared`: the locked half of a driver, which every thread may use.
//!
//! For [`Timers`](crate::Timers) it holds all timers; for [`LocalTimers`](crate::LocalTimers) those that other
//! threads registered, and notes about the loop's own timers that were cancelled elsewhere. Wakers are cloned, woken
//! and dropped outside the lock, always.
//!
//! The park protocol: `armed` is the time until which the owner may be parked. Whoever inserts an earlier deadline
//! lowers it and wakes the owner's unpark waker, once. The owner of `Timers` arms by asking for the next deadline and
//! disarms by firing. A `LocalTimers` stays armed, because a loop without timers does not ask: `pending`, which is
//! written under the lock, tells it without one that nothing is here, and then `armed` is "for ever".
//!
//! In a forked child the lock may be held by a thread that is gone. A `Shared` of an earlier fork generation therefore
//! counts as closed there, without a look at its lock.

use std::fmt;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use asyncio_core::fork_generation;

use crate::clock::{self, Clock};
use crate::registry;
use crate::store::{Key, NEVER, Store};
use crate::sync::{AtomicUsize, Mutex, MutexGuard, Ordering};

/// The owner is not parked.
const AWAKE: u64 = 0;

/// Which kind of owner turns it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    Timers,
    LocalTimers,
}

pub(crate) struct Shared {
    id: u64,
    owner: Owner,
    generation: u32,
    base: Instant,
    clock: Clock,
    /// Timers and notes behind the lock.
    pending: AtomicUsize,
    inner: Mutex<Inner>,
}

struct Inner {
    store: Store,
    notes: Vec<Note>,
    unpark: Option<Arc<Waker>>,
    armed: u64,
    closed: bool,
}

/// A timer of the loop's own store that another thread has done with.
#[derive(Clone, Copy)]
pub(crate) struct Note {
    pub(crate) key: Key,
    /// Wake its waker instead of dropping it, for its sleep to register again.
    pub(crate) wake: bool,
}

/// What became of a registration.
pub(crate) enum Found {
    Pending,
    Fired,
    Closed,
}

impl Shared {
    pub(crate) fn new(owner: Owner, clock: Clock) -> Arc<Shared> {
        let base = clock.now();
        let shared = Arc::new(Shared {
            id: registry::new_id(),
            owner,
            generation: fork_generation(),
            base,
            clock,
            pending: AtomicUsize::new(0),
            inner: Mutex::new(Inner {
                store: Store::new(),
                notes: Vec::new(),
                unpark: None,
                armed: match owner {
                    Owner::Timers => AWAKE,
                    Owner::LocalTimers => NEVER,
                },
                closed: false,
            }),
        });
        registry::add(&shared);
        if let Some(mock) = shared.clock.as_mock() {
            mock.attach(&shared);
        }
        shared
    }

    #[inline]
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    #[inline]
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// `time` in nanoseconds since this driver began; a deadline that is too far becomes [`NEVER`].
    #[inline]
    pub(crate) fn nanos(&self, time: Instant) -> u64 {
        clock::nanos(time.saturating_duration_since(self.base))
    }

    pub(crate) fn instant(&self, nanos: u64) -> Option<Instant> {
        if nanos == NEVER {
            return None;
        }
        self.base.checked_add(Duration::from_nanos(nanos))
    }

    #[inline]
    pub(crate) fn pending(&self) -> usize {
        self.pending.load(Ordering::Acquire)
    }

    /// `None` in a forked child.
    fn lock(&self) -> Option<MutexGuard<'_, Inner>> {
        if self.generation != fork_generation() {
            return None;
        }
        Some(self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn lock_open(&self) -> Option<MutexGuard<'_, Inner>> {
        self.lock().filter(|inner| !inner.closed)
    }

    fn count(&self, inner: &Inner) {
        self.pending
            .store(inner.store.len() + inner.notes.len(), Ordering::Release);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock_open().is_none()
    }

    /// Registers a timer; gives the waker back when the driver is closed.
    pub(crate) fn insert(&self, nanos: u64, waker: Waker) -> Result<Key, Waker> {
        let Some(mut inner) = self.lock_open() else {
            return Err(waker);
        };
        let key = inner.store.insert(nanos, waker);
        self.count(&inner);
        let unpark = inner.expect(nanos);
        drop(inner);
        wake(unpark);
        Ok(key)
    }

    /// Looks after a registration, and makes `cx` the one to be woken.
    pub(crate) fn poll(&self, key: Key, cx: &Context<'_>) -> Found {
        match self.try_poll(key, cx, None) {
            Ok(found) => found,
            Err(()) => {
                let waker = cx.waker().clone();
                self.try_poll(key, cx, Some(waker)).unwrap_or(Found::Pending)
            }
        }
    }

    /// An error says that a waker is needed.
    fn try_poll(&self, key: Key, cx: &Context<'_>, waker: Option<Waker>) -> Result<Found, ()> {
        let Some(mut inner) = self.lock_open() else {
            return Ok(Found::Closed);
        };
        let Some(present) = inner.store.waker_mut(key) else {
            return Ok(Found::Fired);
        };
        if present.will_wake(cx.waker()) {
            return Ok(Found::Pending);
        }
        let Some(waker) = waker else { return Err(()) };
        let former = std::mem::replace(present, waker);
        drop(inner);
        drop(former);
        Ok(Found::Pending)
    }

    /// Takes a timer out; gives its waker back if it was pending.
    pub(crate) fn remove(&self, key: Key) -> Option<Waker> {
        let mut inner = self.lock()?;
        let waker = inner.store.remove(key);
        self.count(&inner);
        if self.owner == Owner::LocalTimers && self.pending.load(Ordering::Relaxed) == 0 {
            inner.armed = NEVER;
        }
        waker
    }

    /// Leaves a note about a timer in the loop's own store, for its next turn.
    pub(crate) fn leave(&self, note: Note) {
        let Some(mut inner) = self.lock_open() else { return };
        inner.notes.push(note);
        self.count(&inner);
        // The first note brings the loop to a turn, or the waker of a dropped sleep would stay until its deadline.
        let unpark = if inner.notes.len() == 1 {
            inner.unpark.clone()
        } else {
            None
        };
        drop(inner);
        wake(unpark);
    }

    /// The notes that were left since the last call.
    pub(crate) fn take_notes(&self) -> Vec<Note> {
        let Some(mut inner) = self.lock() else {
            return Vec::new();
        };
        let notes = std::mem::take(&mut inner.notes);
        self.count(&inner);
        notes
    }

    /// The next deadline behind the lock; the owner is armed for it.
    pub(crate) fn next(&self) -> Option<u64> {
        let mut inner = self.lock()?;
        let next = if self.clock.is_mock() {
            inner.store.next_exact()
        } else {
            inner.store.next()
        };
        inner.armed = next.unwrap_or(NEVER);
        next
    }

    /// Takes out what is due at `now`, each with its deadline, in order.
    pub(crate) fn take_due(&self, now: u64, mut due: impl FnMut(u64, Waker)) {
        let Some(mut inner) = self.lock() else { return };
        inner.store.advance(now);
        while let Some(nanos) = inner.store.peek().filter(|&nanos| nanos <= now) {
            if let Some(waker) = inner.store.pop() {
                due(nanos, waker);
            }
        }
        self.count(&inner);
        inner.armed = match self.owner {
            Owner::Timers => AWAKE,
            Owner::LocalTimers => inner.store.next().unwrap_or(NEVER),
        };
    }

    pub(crate) fn set_unpark(&self, unpark: Option<Waker>) {
        let unpark = unpark.map(Arc::new);
        let Some(mut inner) = self.lock() else { return };
        let former = std::mem::replace(&mut inner.unpark, unpark);
        drop(inner);
        drop(former);
    }

    /// Wakes the owner.
    pub(crate) fn unpark(&self) {
        let unpark = self.lock_open().and_then(|inner| inner.unpark.clone());
        wake(unpark);
    }

    /// Closes the driver and gives back the wakers of what was pending.
    pub(crate) fn close(&self) -> Vec<Waker> {
        registry::remove(self.id);
        let Some(mut inner) = self.lock() else {
            return Vec::new();
        };
        inner.closed = true;
        inner.notes = Vec::new();
        let wakers = inner.store.drain();
        let unpark = inner.unpark.take();
        self.count(&inner);
        drop(inner);
        drop(unpark);
        wakers
    }
}

impl Inner {
    /// The waker to wake when the owner is parked for longer than `nanos`.
    fn expect(&mut self, nanos: u64) -> Option<Arc<Waker>> {
        if nanos < self.armed {
            self.armed = nanos;
            self.unpark.clone()
        } else {
            None
        }
    }
}

fn wake(unpark: Option<Arc<Waker>>) {
    if let Some(unpark) = unpark {
        unpark.wake_by_ref();
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, asyncio_loom))]
mod loom_tests {
    use super::*;
    use loom::sync::Notify;
    use std::task::Wake;

    struct Unpark(loom::sync::Arc<Notify>);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.notify();
        }
    }

    /// The owner looks for its next deadline and parks until it is woken; an insertion elsewhere is either in what
    /// it sees or ends its wait. A lost one would be a deadlock here, which loom reports.
    #[test]
    fn loom_a_parked_owner_learns_of_an_earlier_deadline() {
        loom::model(|| {
            let shared = Shared::new(Owner::Timers, Clock::monotonic());
            let notify = loom::sync::Arc::new(Notify::new());
            shared.set_unpark(Some(Waker::from(Arc::new(Unpark(notify.clone())))));
            let inserter = {
                let shared = Arc::clone(&shared);
                loom::thread::spawn(move || {
                    let far = shared.insert(1 << 40, Waker::noop().clone());
                    let near = shared.insert(1 << 20, Waker::noop().clone());
                    assert!(far.is_ok() && near.is_ok());
                })
            };
            while shared.next().is_none_or(|next| next > 1 << 20) {
                notify.wait();
            }
            inserter.join().unwrap();
            assert_eq!(shared.pending(), 2);
        });
    }

    /// A loop that sees nothing pending parks without a deadline, and is woken for whatever comes then, also after an
    /// earlier timer came and went.
    #[test]
    fn loom_a_loop_that_was_emptied_learns_of_a_later_deadline() {
        loom::model(|| {
            let shared = Shared::new(Owner::LocalTimers, Clock::monotonic());
            let notify = loom::sync::Arc::new(Notify::new());
            shared.set_unpark(Some(Waker::from(Arc::new(Unpark(notify.clone())))));
            let other = {
                let shared = Arc::clone(&shared);
                loom::thread::spawn(move || {
                    if let Ok(key) = shared.insert(1 << 20, Waker::noop().clone()) {
                        assert!(shared.remove(key).is_some());
                    }
                    assert!(shared.insert(1 << 40, Waker::noop().clone()).is_ok());
                })
            };
            while shared.pending() == 0 || shared.next() != Some(1 << 40) {
                notify.wait();
            }
            other.join().unwrap();
        });
    }

    /// A note of another thread is taken at the turn that it brings about.
    #[test]
    fn loom_a_note_brings_the_loop_to_a_turn() {
        loom::model(|| {
            let shared = Shared::new(Owner::LocalTimers, Clock::monotonic());
            let notify = loom::sync::Arc::new(Notify::new());
            shared.set_unpark(Some(Waker::from(Arc::new(Unpark(notify.clone())))));
            let key = Store::new().insert(1, Waker::noop().clone());
            let other = {
                let shared = Arc::clone(&shared);
                loom::thread::spawn(move || shared.leave(Note { key, wake: true }))
            };
            while shared.pending() == 0 {
                notify.wait();
            }
            assert_eq!(shared.take_notes().len(), 1);
            other.join().unwrap();
        });
    }
}
