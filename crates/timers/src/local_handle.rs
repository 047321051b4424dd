//! `LocalHandle`: the way to the timers of a loop for code on the loop's own thread; `LocalTimer`: a callback that waits
//! there for its time.
//!
//! Invariant: a callback's waker lies in the plain store alone, which its thread alone touches; so it is woken or
//! dropped there, as `DelayedCall` asks for.

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use asyncio_core::DelayedCall;

use crate::clock::Clock;
use crate::current::{self, Driver};
use crate::local::Local;
use crate::store::Key;
use crate::timers::TimersHandle;

/// The way to a [`LocalTimers`](crate::LocalTimers) for code on the same thread.
///
/// # Examples
///
/// ```
/// use asyncio_timers::{LocalHandle, LocalTimers};
///
/// let timers = LocalTimers::new();
/// assert!(LocalHandle::current().is_none());
/// let _entered = timers.enter();
/// assert!(LocalHandle::current().is_some());
/// ```
#[derive(Clone)]
pub struct LocalHandle {
    local: Rc<Local>,
}

/// A callback that waits for its time. Dropping this lets it wait on.
pub struct LocalTimer {
    local: Rc<Local>,
    key: Key,
}

impl LocalHandle {
    pub(crate) fn new(local: Rc<Local>) -> LocalHandle {
        LocalHandle { local }
    }

    /// The loop's timers that are entered on this thread.
    pub fn current() -> Option<LocalHandle> {
        current::with(|driver| match driver {
            Some(Driver::Local(local)) => Some(LocalHandle::new(Rc::clone(local))),
            Some(Driver::Shared(_)) | None => None,
        })
    }

    /// The way to the same timers that may go to other threads.
    pub fn threadsafe(&self) -> TimersHandle {
        TimersHandle::new(Arc::clone(self.local.shared()))
    }

    /// The clock of these timers.
    pub fn clock(&self) -> &Clock {
        self.local.shared().clock()
    }

    /// Queues a callback on its loop when `deadline` has come: never before, and callbacks of equal deadlines in the
    /// order of these calls.
    pub fn call_at(&self, deadline: Instant, call: DelayedCall) -> LocalTimer {
        let nanos = self.local.shared().nanos(deadline);
        #[expect(unsafe_code, reason = "the waker of a callback stays on its thread")]
        // SAFETY: it goes to the plain store, which is not Send; from there it comes out to be woken by a turn of the
        // `LocalTimers`, or to be dropped by `cancel` below, and neither of those is Send.
        let waker = unsafe { call.into_waker() };
        let key = self.local.insert(nanos, waker);
        LocalTimer {
            local: Rc::clone(&self.local),
            key,
        }
    }
}

impl LocalTimer {
    /// Takes the callback out, if its time has not come.
    pub fn cancel(&self) {
        let waker = self.local.remove(self.key);
        drop(waker);
    }
}

impl Clone for LocalTimer {
    fn clone(&self) -> LocalTimer {
        LocalTimer {
            local: Rc::clone(&self.local),
            key: self.key,
        }
    }
}

impl fmt::Debug for LocalHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalHandle")
            .field("clock", self.clock())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for LocalTimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalTimer").finish_non_exhaustive()
    }
}
