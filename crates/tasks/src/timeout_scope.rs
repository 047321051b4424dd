//! `timeout_scope`: a deadline that can be looked at and moved while the body runs.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use asyncio_core::Request;
use asyncio_timers::{Sleep, sleep, sleep_until};
use pin_project_lite::pin_project;

use crate::scope::{Own, Scope};
use crate::{InvalidStateError, TimeoutError};

/// Runs `body` with a deadline that it, or anybody with a clone of the handle, can look at and move. `None` is none.
///
/// Otherwise as [`timeout()`](crate::timeout()).
///
/// # Errors
///
/// [`TimeoutError`] when the time was up.
///
/// # Cancel safety
///
/// As [`timeout()`](crate::timeout()).
///
/// # Python
///
/// `async with asyncio.timeout(...) as t: ...`.
///
/// # Examples
///
/// ```
/// use asyncio_tasks::timeout_scope;
/// use asyncio_timers::{now, sleep};
/// use std::time::Duration;
///
/// let done = timeout_scope(Duration::from_millis(1), async |deadline| {
///     deadline.reschedule(now() + Duration::from_secs(60)).unwrap();
///     sleep(Duration::from_millis(5)).await;
///     deadline.expired()
/// });
/// assert_eq!(futures_lite::future::block_on(done), Ok(false));
/// ```
pub fn timeout_scope<T, Fut>(
    limit: impl Into<Option<Duration>>,
    body: impl FnOnce(TimeoutHandle) -> Fut,
) -> TimeoutScope<Fut>
where
    Fut: Future<Output = T>,
{
    let handle = TimeoutHandle {
        shared: Arc::new(Mutex::new(Shared {
            state: TimeoutState::Created,
            when: None,
            changed: false,
            waker: None,
        })),
    };
    TimeoutScope {
        scope: Scope::default(),
        limit: limit.into(),
        sleep: None,
        own: None,
        body: Some(body(handle.clone())),
        handle: Finish(handle),
    }
}

/// A deadline that can be moved; from [`timeout_scope`]. Clones share it, from any thread.
///
/// # Python
///
/// `asyncio.Timeout`.
#[derive(Clone)]
pub struct TimeoutHandle {
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    state: TimeoutState,
    when: Option<Instant>,
    /// The deadline was moved, and the scope has not seen it.
    changed: bool,
    waker: Option<Waker>,
}

/// Where a [`timeout_scope`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeoutState {
    /// The body has not begun.
    Created,
    /// The body runs.
    Active,
    /// The time is up, and the body cleans up.
    Expiring,
    /// The time was up, and the body has ended.
    Expired,
    /// The body ended in time.
    Finished,
}

impl TimeoutHandle {
    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The deadline, if there is one.
    pub fn when(&self) -> Option<Instant> {
        self.shared().when
    }

    /// Where the scope is.
    pub fn state(&self) -> TimeoutState {
        self.shared().state
    }

    /// Was the time up? True from that moment on.
    pub fn expired(&self) -> bool {
        matches!(self.state(), TimeoutState::Expiring | TimeoutState::Expired)
    }

    /// Moves the deadline; `None` takes it away. One in the past takes effect at the next turn.
    ///
    /// # Errors
    ///
    /// When the body has not begun, the time is up, or the body has ended.
    pub fn reschedule(&self, when: impl Into<Option<Instant>>) -> Result<(), InvalidStateError> {
        let waker = {
            let mut shared = self.shared();
            match shared.state {
                TimeoutState::Active => {}
                TimeoutState::Created => {
                    return Err(InvalidStateError::new("Timeout has not been entered"));
                }
                TimeoutState::Expiring => {
                    return Err(InvalidStateError::new("Cannot change state of expiring Timeout"));
                }
                TimeoutState::Expired => {
                    return Err(InvalidStateError::new("Cannot change state of expired Timeout"));
                }
                TimeoutState::Finished => {
                    return Err(InvalidStateError::new("Cannot change state of finished Timeout"));
                }
            }
            shared.when = when.into();
            shared.changed = true;
            shared.waker.clone()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(())
    }

    /// The new deadline, if it was moved.
    fn take_change(&self, waker: &Waker) -> Option<Option<Instant>> {
        let mut shared = self.shared();
        let known = shared.waker.as_ref().is_some_and(|known| known.will_wake(waker));
        let old = if known {
            None
        } else {
            shared.waker.replace(waker.clone())
        };
        let change = std::mem::take(&mut shared.changed).then_some(shared.when);
        drop(shared);
        drop(old);
        change
    }
}

impl fmt::Debug for TimeoutHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shared = self.shared();
        f.debug_struct("Timeout")
            .field("state", &shared.state)
            .field("when", &shared.when)
            .finish()
    }
}

/// Says that the body has ended, when the scope does.
struct Finish(TimeoutHandle);

impl Drop for Finish {
    fn drop(&mut self) {
        let waker = {
            let mut shared = self.0.shared();
            shared.state = match shared.state {
                TimeoutState::Expiring | TimeoutState::Expired => TimeoutState::Expired,
                _ => TimeoutState::Finished,
            };
            shared.waker.take()
        };
        drop(waker);
    }
}

pin_project! {
    /// The future of [`timeout_scope`].
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct TimeoutScope<Fut> {
        scope: Scope,
        limit: Option<Duration>,
        sleep: Option<Sleep>,
        own: Option<Own>,
        #[pin]
        body: Option<Fut>,
        handle: Finish,
    }
}

impl<T, Fut: Future<Output = T>> Future for TimeoutScope<Fut> {
    type Output = Result<T, TimeoutError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let handle = &this.handle.0;
        if handle.state() == TimeoutState::Created {
            let limit = this.limit.take();
            let mut shared = handle.shared();
            shared.state = TimeoutState::Active;
            shared.when = limit.map(|limit| sleep(limit).deadline());
            shared.changed = true;
        } else if let Some(when) = handle.take_change(cx.waker()) {
            *this.sleep = when.map(sleep_until);
        }
        let mut own = None;
        if this.own.is_none() && is_up(this.sleep, cx) {
            own = Some(expire(handle, this.own));
        }
        if this.body.is_none() {
            return Poll::Pending;
        }
        loop {
            match this.scope.poll(this.body.as_mut(), cx, own.take()) {
                Poll::Pending => {
                    // Moved inside this very poll, or set for the first time.
                    if let Some(when) = handle.take_change(cx.waker()) {
                        *this.sleep = when.map(sleep_until);
                        if this.own.is_none() && is_up(this.sleep, cx) {
                            own = Some(expire(handle, this.own));
                            continue;
                        }
                    }
                    return Poll::Pending;
                }
                Poll::Ready(Ok(value)) => {
                    this.scope.end(this.own.as_ref().map(Own::as_request), cx.waker());
                    return Poll::Ready(Ok(value));
                }
                Poll::Ready(Err(request)) => {
                    let own = this.own.take();
                    let outer = this
                        .scope
                        .position
                        .outer
                        .take()
                        .filter(|outer| !outer.is_withdrawn());
                    if outer.is_none() && own.as_ref().is_some_and(|own| own.as_request().same(&request)) {
                        this.scope.position.end();
                        return Poll::Ready(Err(TimeoutError::default()));
                    }
                    drop(own);
                    this.scope.position.raise(outer.unwrap_or(request));
                    return Poll::Pending;
                }
            }
        }
    }
}

fn is_up(sleep: &mut Option<Sleep>, cx: &mut Context<'_>) -> bool {
    let up = sleep
        .as_mut()
        .is_some_and(|sleep| Pin::new(sleep).poll(cx).is_ready());
    if up {
        *sleep = None;
    }
    up
}

fn expire(handle: &TimeoutHandle, own: &mut Option<Own>) -> Request {
    handle.shared().state = TimeoutState::Expiring;
    own.insert(Own::new("timeout")).request()
}

impl<Fut> fmt::Debug for TimeoutScope<Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.handle.0.fmt(f)
    }
}
