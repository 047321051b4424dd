//! `Readiness`: what is known of a source, and who waits to know more.
//!
//! One word for each direction: flags, and a tick that every event advances. An operation looks at the word, tries,
//! and on `WouldBlock` clears the readiness that it saw; if the tick has moved on meanwhile, a newer event has come
//! and the clearing is void, for that event may be an answer to what the failed operation missed.
//!
//! Invariants:
//! - Every change of a word is one read-modify-write, so all changes have one order. A waiter sets `WAITING` while it
//!   holds the lock with its waker in place. If the event's change comes first, the waiter sees `READY` and does not
//!   wait; if it comes second, the event sees `WAITING`, takes the lock and finds the waker. Neither is lost.
//! - An event that nobody waits for takes no lock.
//! - Wakers leave through a `WakeList` and are woken by the caller, outside the lock.
//!
//! What an event means and how the operating system is told is the backend's business.

use std::task::Waker;

use crate::direction::Direction;
use crate::sync::{AtomicU32, Mutex, Ordering, lock};
use crate::waiters::Waiters;
use asyncio_core::WakeList;

/// An event came and no operation has found it spent since.
const READY: u32 = 1;
/// The peer has hung up, an error is pending, or urgent data is there: a short operation is no proof that the next
/// one would block.
const STICKY: u32 = 1 << 1;
/// The reactor was closed: waiting is in vain.
const CLOSED: u32 = 1 << 2;
/// No event came yet and no operation was tried.
const FRESH: u32 = 1 << 3;
/// Somebody waits: the event has to take the lock.
const WAITING: u32 = 1 << 4;
/// Somebody waits for the end of the connection, or for its error; in the word of writing alone. An event that is not
/// sticky takes no lock for it.
const AWAITS_HANGUP: u32 = 1 << 5;
/// The slot's waker stays there: each event wakes it. With `WAITING` always. Set and cleared under the lock.
const STANDING: u32 = 1 << 6;
const TICK: u32 = 1 << 8;
const TICK_MASK: u32 = !(TICK - 1);

/// The readiness of a source in both directions.
#[derive(Debug)]
pub(crate) struct Readiness {
    words: [AtomicU32; 2],
    waiters: Mutex<Waiters>,
}

/// A word as an operation saw it before it tried.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen(u32);

impl Seen {
    #[inline]
    pub(crate) fn is_ready(self) -> bool {
        self.0 & READY != 0
    }

    #[inline]
    pub(crate) fn is_ready_or_fresh(self) -> bool {
        self.0 & (READY | FRESH) != 0
    }

    /// Whether every event wakes somebody who need not ask for it.
    #[inline]
    pub(crate) fn is_standing(self) -> bool {
        self.0 & (STANDING | CLOSED) == STANDING
    }
}

/// What came of an attempt to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    /// The waker is in place.
    Waiting,
    /// An event has come already.
    Ready,
    /// The reactor is gone.
    Closed,
}

impl Readiness {
    pub(crate) fn new() -> Readiness {
        Readiness {
            words: [AtomicU32::new(FRESH), AtomicU32::new(FRESH)],
            waiters: Mutex::new(Waiters::default()),
        }
    }

    #[inline]
    fn word(&self, direction: Direction) -> &AtomicU32 {
        &self.words[direction.index()]
    }

    /// What is known now.
    #[inline]
    pub(crate) fn see(&self, direction: Direction) -> Seen {
        Seen(self.word(direction).load(Ordering::Acquire))
    }

    /// Somebody waits for an event of this direction (or did, and left).
    pub(crate) fn is_awaited(&self, direction: Direction) -> bool {
        self.word(direction).load(Ordering::Acquire) & WAITING != 0
    }

    /// The operation that followed `seen` would have blocked.
    #[inline]
    pub(crate) fn clear(&self, direction: Direction, seen: Seen) {
        self.clear_unless(direction, seen, 0);
    }

    /// The operation that followed `seen` did less than it was asked for, so the next one would block, unless the
    /// source is at its end.
    #[inline]
    pub(crate) fn clear_drained(&self, direction: Direction, seen: Seen) {
        self.clear_unless(direction, seen, STICKY);
    }

    #[inline]
    fn clear_unless(&self, direction: Direction, seen: Seen, keep: u32) {
        let word = self.word(direction);
        let mut now = word.load(Ordering::Relaxed);
        while now & TICK_MASK == seen.0 & TICK_MASK && now & keep == 0 && now & (READY | FRESH) != 0 {
            let cleared = now & !(READY | FRESH);
            match word.compare_exchange_weak(now, cleared, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return,
                Err(other) => now = other,
            }
        }
    }

    /// An event came. Who waited goes to `wake`.
    #[inline]
    pub(crate) fn event(&self, direction: Direction, sticky: bool, wake: &mut WakeList) {
        let word = self.word(direction);
        let (set, clear) = match sticky {
            true => (READY | STICKY, WAITING | FRESH | AWAITS_HANGUP),
            false => (READY, WAITING | FRESH),
        };
        let mut now = word.load(Ordering::Relaxed);
        loop {
            let kept = if now & STANDING == 0 { 0 } else { WAITING };
            let next = ((now | set) & !(clear & !kept)).wrapping_add(TICK);
            match word.compare_exchange_weak(now, next, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => break,
                Err(other) => now = other,
            }
        }
        if now & WAITING != 0 {
            let mut waiters = lock(&self.waiters);
            if self.word(direction).load(Ordering::Relaxed) & STANDING == 0 {
                waiters.take_all(direction, wake);
            } else {
                waiters.take_others(direction, wake);
            }
        }
        if sticky && now & AWAITS_HANGUP != 0 {
            lock(&self.waiters).take_hangup(wake);
        }
    }

    /// No event will ever come again. Who waited goes to `wake`.
    pub(crate) fn close(&self, wake: &mut WakeList) {
        for direction in Direction::BOTH {
            self.word(direction).fetch_or(CLOSED, Ordering::AcqRel);
            lock(&self.waiters).take_all(direction, wake);
        }
        lock(&self.waiters).take_hangup(wake);
    }

    /// Waits for a sticky event of writing, of which one that has come counts. One at a time.
    pub(crate) fn wait_for_hangup(&self, waker: &Waker) -> Wait {
        let (wait, spare) = {
            let mut waiters = lock(&self.waiters);
            let old = waiters.set_hangup(waker);
            let before = self
                .word(Direction::Write)
                .fetch_or(AWAITS_HANGUP, Ordering::AcqRel);
            let wait = if before & CLOSED != 0 {
                Wait::Closed
            } else if before & STICKY != 0 {
                Wait::Ready
            } else {
                Wait::Waiting
            };
            (wait, old)
        };
        drop(spare);
        wait
    }

    /// Waits in the slot of `direction`.
    pub(crate) fn wait_in_slot(&self, direction: Direction, waker: &Waker) -> Wait {
        let mut wake = WakeList::new();
        let mut spare = None;
        let wait = {
            let mut waiters = lock(&self.waiters);
            if self.word(direction).load(Ordering::Relaxed) & STANDING != 0 {
                // Another waker takes the place of the one that stands, which is woken once more.
                self.word(direction).fetch_and(!STANDING, Ordering::AcqRel);
            }
            waiters.set_slot(direction, waker, &mut wake);
            let wait = self.announce(direction, WAITING);
            if wait != Wait::Waiting {
                spare = waiters.take_slot(direction);
            }
            wait
        };
        drop(spare);
        wake.wake_all();
        wait
    }

    /// Waits in the slot of `direction` for every event from now on, until somebody else waits there.
    pub(crate) fn stand_in_slot(&self, direction: Direction, waker: &Waker) -> Wait {
        let mut wake = WakeList::new();
        let mut spare = None;
        let wait = {
            let mut waiters = lock(&self.waiters);
            waiters.set_slot(direction, waker, &mut wake);
            let wait = self.announce(direction, WAITING | STANDING);
            if wait == Wait::Closed {
                spare = waiters.take_slot(direction);
            }
            wait
        };
        drop(spare);
        wake.wake_all();
        wait
    }

    /// Waits on the list, under `key`. [`Readiness::leave`] must follow when it is over.
    pub(crate) fn wait_on_list(&self, key: &mut Option<u32>, direction: Direction, waker: &Waker) -> Wait {
        let (wait, spare) = {
            let mut waiters = lock(&self.waiters);
            let spare = waiters.set_entry(key, direction, waker);
            (self.announce(direction, WAITING), spare)
        };
        drop(spare);
        wait
    }

    /// Whether an event came since the future `key` began to wait.
    pub(crate) fn is_notified(&self, key: u32) -> bool {
        lock(&self.waiters).is_notified(key)
    }

    /// The reactor is gone.
    pub(crate) fn is_closed(&self) -> bool {
        self.word(Direction::Read).load(Ordering::Acquire) & CLOSED != 0
    }

    /// Takes the future `key` off the list.
    pub(crate) fn leave(&self, key: u32) {
        let waker = lock(&self.waiters).remove(key);
        drop(waker);
    }

    /// The caller holds the lock and has put its waker in place.
    fn announce(&self, direction: Direction, how: u32) -> Wait {
        let before = self.word(direction).fetch_or(how, Ordering::AcqRel);
        if before & CLOSED != 0 {
            Wait::Closed
        } else if before & READY != 0 {
            Wait::Ready
        } else {
            Wait::Waiting
        }
    }
}

#[cfg(all(test, asyncio_loom))]
mod loom_tests;
