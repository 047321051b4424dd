//! `TimerHandle`: what a caller keeps of a callback that waits for its time.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::panic::Location;
use std::time::Instant;

use asyncio_core::{DelayedCall, Handle};
use asyncio_tasks::Context;
use asyncio_timers::{LocalHandle, LocalTimer};

/// A callback that a loop calls at a given time. Dropping the handle lets it be called.
///
/// It stays on the loop's thread. Handles are ordered by their times, those of one time not at all: two are equal if
/// they are of the same callback.
///
/// # Python
///
/// `asyncio.TimerHandle`.
#[derive(Clone)]
pub struct TimerHandle {
    handle: Handle,
    timer: LocalTimer,
    when: Instant,
}

impl TimerHandle {
    pub(crate) fn start(
        timers: &LocalHandle,
        when: Instant,
        (call, handle): (DelayedCall, Handle),
    ) -> TimerHandle {
        TimerHandle {
            handle,
            timer: timers.call_at(when, call),
            when,
        }
    }

    /// When the callback is due, on the loop's clock.
    ///
    /// # Python
    ///
    /// `TimerHandle.when()`.
    pub fn when(&self) -> Instant {
        self.when
    }

    /// Withdraws the callback: it is dropped now, with what it holds, and its place among the timers is free again.
    /// Nothing happens if it was called, is being called, or was cancelled before.
    ///
    /// # Python
    ///
    /// `TimerHandle.cancel()`.
    pub fn cancel(&self) {
        self.handle.cancel();
        self.timer.cancel();
    }

    /// Was the callback cancelled before it was called?
    pub fn cancelled(&self) -> bool {
        self.handle.cancelled()
    }

    /// The context that the callback runs in.
    pub fn get_context(&self) -> Context {
        self.handle.get_context()
    }

    /// Where the callback was given to the loop.
    pub fn location(&self) -> &'static Location<'static> {
        self.handle.location()
    }
}

impl PartialEq for TimerHandle {
    fn eq(&self, other: &TimerHandle) -> bool {
        self.handle.same(&other.handle)
    }
}

impl Eq for TimerHandle {}

impl PartialOrd for TimerHandle {
    fn partial_cmp(&self, other: &TimerHandle) -> Option<Ordering> {
        match self.when.cmp(&other.when) {
            Ordering::Equal if self != other => None,
            order => Some(order),
        }
    }
}

impl Hash for TimerHandle {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.when.hash(state);
    }
}

impl fmt::Debug for TimerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimerHandle")
            .field("when", &self.when)
            .field("handle", &self.handle)
            .finish()
    }
}
