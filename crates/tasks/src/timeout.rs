//! `timeout` and `timeout_at`: a deadline for a future.
//!
//! In its first poll the future goes first: one that is ready costs no timer. Afterwards the deadline is looked at
//! first, as in Python: an expiry beats a value that becomes ready in the same turn.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use asyncio_core::{ExceptionContext, Request, TaskRef, report, report_for};
use asyncio_timers::{Sleep, sleep, sleep_until};
use pin_project_lite::pin_project;

use crate::TimeoutError;
use crate::scope::{Own, Scope};

/// Gives `future` so much time, counted from its first suspension; `None` is all the time in the world.
///
/// When the time is up the future is asked to stop: cleanup inside runs to its end before the error comes back;
/// [`grace`](Timeout::grace) bounds that. If the future turns the request down, its value comes back.
///
/// # Errors
///
/// [`TimeoutError`] when the time was up.
///
/// # Cancel safety
///
/// A request from outside reaches the future inside, and goes on outwards when that has cleaned up. Dropping it drops
/// the future.
///
/// # Python
///
/// `asyncio.timeout`.
pub fn timeout<F: IntoFuture>(duration: impl Into<Option<Duration>>, future: F) -> Timeout<F::IntoFuture> {
    let when = match duration.into() {
        Some(duration) => When::After(duration),
        None => When::Never,
    };
    Timeout::new(when, future.into_future())
}

/// Gives `future` until `deadline`; `None` is for ever. See [`timeout()`].
///
/// # Errors
///
/// [`TimeoutError`] when the deadline has passed.
///
/// # Cancel safety
///
/// As [`timeout()`].
///
/// # Python
///
/// `asyncio.timeout_at`.
pub fn timeout_at<F: IntoFuture>(deadline: impl Into<Option<Instant>>, future: F) -> Timeout<F::IntoFuture> {
    let when = match deadline.into() {
        Some(deadline) => When::At(deadline),
        None => When::Never,
    };
    Timeout::new(when, future.into_future())
}

pin_project! {
    /// The future of [`timeout()`] and [`timeout_at`].
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Timeout<F> {
        scope: Scope,
        clock: Countdown,
        grace: Option<Duration>,
        #[pin]
        future: Option<F>,
    }
}

/// When the time is up.
enum When {
    /// The future was not polled yet.
    After(Duration),
    At(Instant),
    Running(Sleep),
    Never,
}

/// The time that is left, and the request that is made when it is up.
struct Countdown {
    when: When,
    own: Option<Own>,
}

impl<F> Timeout<F> {
    fn new(when: When, future: F) -> Timeout<F> {
        Timeout {
            scope: Scope::default(),
            clock: Countdown { when, own: None },
            grace: None,
            future: Some(future),
        }
    }

    /// Bounds the cleanup: what has not ended so long after the time was up is dropped, and a report of it goes to
    /// the exception handler.
    pub fn grace(mut self, grace: Duration) -> Timeout<F> {
        self.grace = Some(grace);
        self
    }
}

impl<F> Timeout<F> {
    /// The time is not up any more, unless it was.
    pub(crate) fn disarm(self: Pin<&mut Self>) {
        self.project().clock.when = When::Never;
    }
}

impl Countdown {
    /// Starts to run, after the first suspension.
    #[inline]
    fn start(&mut self) {
        match self.when {
            When::After(duration) => self.when = When::Running(sleep(duration)),
            When::At(deadline) => self.when = When::Running(sleep_until(deadline)),
            When::Running(_) | When::Never => {}
        }
    }

    /// Is it up now? Once.
    #[inline]
    fn is_up(&mut self, cx: &mut Context<'_>) -> bool {
        let When::Running(sleep) = &mut self.when else {
            return false;
        };
        if Pin::new(sleep).poll(cx).is_pending() {
            return false;
        }
        self.when = When::Never;
        true
    }

    fn runs(&self) -> bool {
        matches!(self.when, When::Running(_))
    }

    #[cold]
    fn request(&mut self) -> Request {
        self.own.insert(Own::new("timeout")).request()
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, TimeoutError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let mut own = None;
        let first = matches!(this.clock.when, When::After(_) | When::At(_));
        if this.clock.runs() && this.clock.is_up(cx) {
            own = expire(this.clock, *this.grace, this.future.as_mut(), cx);
        }
        if this.future.is_none() {
            return after_the_end(this.clock);
        }
        loop {
            match this.scope.poll(this.future.as_mut(), cx, own.take()) {
                Poll::Pending if first && !this.clock.runs() && this.clock.own.is_none() => {
                    this.clock.start();
                    if this.clock.is_up(cx) {
                        own = expire(this.clock, *this.grace, this.future.as_mut(), cx);
                        continue;
                    }
                    return Poll::Pending;
                }
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(value)) => {
                    this.scope
                        .end(this.clock.own.as_ref().map(Own::as_request), cx.waker());
                    return Poll::Ready(Ok(value));
                }
                Poll::Ready(Err(request)) => return conclude(this.scope, this.clock, request),
            }
        }
    }
}

/// The time is up for the first time: the request to make. The second time, after the grace, the future goes.
#[cold]
fn expire<F>(
    clock: &mut Countdown,
    grace: Option<Duration>,
    mut future: Pin<&mut Option<F>>,
    cx: &mut Context<'_>,
) -> Option<Request> {
    if clock.own.is_some() {
        report_overrun(grace.unwrap_or_default());
        future.set(None);
        return None;
    }
    if let Some(grace) = grace {
        clock.when = When::Running(sleep(grace));
        if clock.is_up(cx) {
            // No time at all: the future goes, unpolled.
            clock.request();
            future.set(None);
            return None;
        }
    }
    Some(clock.request())
}

fn report_overrun(grace: Duration) {
    let message =
        format!("cleanup inside a timeout did not end within its grace of {grace:?}, and is dropped");
    let context = ExceptionContext::new(message);
    match TaskRef::current() {
        Some(task) => report_for(&task, &context.with_task(task.clone())),
        None => report(None, &context),
    }
}

/// The future was dropped: at the end of the grace, or because the request went on outwards.
#[cold]
fn after_the_end<T>(clock: &mut Countdown) -> Poll<Result<T, TimeoutError>> {
    if clock.own.take().is_some() {
        Poll::Ready(Err(TimeoutError::default()))
    } else {
        Poll::Pending
    }
}

/// The future ended with a request: our own, or one that goes on.
#[cold]
fn conclude<T>(scope: &mut Scope, clock: &mut Countdown, request: Request) -> Poll<Result<T, TimeoutError>> {
    clock.when = When::Never;
    let own = clock.own.take();
    let is_own = own.is_some_and(|own| own.as_request().same(&request));
    let outer = scope.position.outer.take().filter(|outer| !outer.is_withdrawn());
    match outer {
        None if is_own => {
            scope.position.end();
            Poll::Ready(Err(TimeoutError::default()))
        }
        outer => {
            scope.position.raise(outer.unwrap_or(request));
            Poll::Pending
        }
    }
}

impl<F> fmt::Debug for Timeout<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match (&self.clock.when, &self.clock.own) {
            (_, Some(_)) => "expiring",
            (When::After(_) | When::At(_), None) => "created",
            (When::Running(_) | When::Never, None) => "active",
        };
        f.debug_struct("Timeout")
            .field("state", &state)
            .finish_non_exhaustive()
    }
}
