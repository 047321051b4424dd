//! `Interval`: ticks at a fixed distance, and what to do when some were missed.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use futures_core::Stream;

use crate::clock::after;
use crate::current::now;
use crate::sleep::{Sleep, sleep_until};

/// How late a tick may be before it counts as missed, for [`MissedTickBehavior::Delay`].
const TOLERANCE: Duration = Duration::from_millis(5);

/// Ticks that come every `period`; made by [`interval`] and [`interval_at`].
///
/// It is a [`Stream`] too, which never ends.
#[derive(Debug)]
#[must_use = "an interval does nothing unless its ticks are awaited"]
pub struct Interval {
    sleep: Sleep,
    period: Duration,
    missed: MissedTickBehavior,
}

/// What an [`Interval`] does about ticks that nobody awaited in time.
///
/// With a period of 10 and a consumer that was away from 20 to 45, so that it missed 30 and 40:
///
/// | | ticks at |
/// |---|---|
/// | `Burst` | 45, 45, 50, 60 |
/// | `Delay` | 45, 55, 65 |
/// | `Skip`  | 45, 50, 60 |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MissedTickBehavior {
    /// Makes up for each missed tick at once, then goes on as planned.
    #[default]
    Burst,
    /// Goes on a period after the late tick. A tick counts as late after 5 ms, or half a period if that is less.
    Delay,
    /// Leaves the missed ticks out and goes on as planned.
    Skip,
}

/// Ticks every `period`; the first tick is ready at once.
///
/// # Panics
///
/// When `period` is zero.
///
/// # Examples
///
/// ```
/// use asyncio_timers::interval;
/// use std::time::Duration;
///
/// futures_lite::future::block_on(async {
///     let mut ticks = interval(Duration::from_millis(10));
///     let first = ticks.tick().await;
///     let second = ticks.tick().await;
///     assert_eq!(second - first, Duration::from_millis(10));
/// });
/// ```
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    interval_at(now(), period)
}

/// Ticks every `period`, beginning at `start`.
///
/// # Panics
///
/// When `period` is zero.
///
/// # Examples
///
/// ```
/// use asyncio_timers::{interval_at, now};
/// use std::time::Duration;
///
/// futures_lite::future::block_on(async {
///     let start = now() + Duration::from_millis(5);
///     let mut ticks = interval_at(start, Duration::from_millis(10));
///     assert_eq!(ticks.tick().await, start);
/// });
/// ```
#[track_caller]
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    assert!(
        !period.is_zero(),
        "the period of an interval must not be zero: use a period of at least one nanosecond"
    );
    Interval {
        sleep: sleep_until(start),
        period,
        missed: MissedTickBehavior::default(),
    }
}

impl Interval {
    /// Waits for the next tick, and says when it was due.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing: the tick that it waited for is still to come.
    pub async fn tick(&mut self) -> Instant {
        poll_fn(|cx| self.poll_tick(cx)).await
    }

    /// Polls for the next tick.
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        ready!(Pin::new(&mut self.sleep).poll(cx));
        let due = self.sleep.deadline();
        self.sleep.reset(self.following(due, now()));
        Poll::Ready(due)
    }

    fn following(&self, due: Instant, now: Instant) -> Instant {
        let late = now.saturating_duration_since(due);
        match self.missed {
            MissedTickBehavior::Delay if late > TOLERANCE.min(self.period / 2) => after(now, self.period),
            MissedTickBehavior::Skip if late >= self.period => {
                // Both are below 585 years in nanoseconds for all that a process lives through.
                let over = late.as_nanos() % self.period.as_nanos();
                let over = Duration::from_nanos(u64::try_from(over).unwrap_or(0));
                after(now, self.period - over)
            }
            _ => after(due, self.period),
        }
    }

    /// Begins anew: the next tick comes a period from now.
    pub fn reset(&mut self) {
        self.reset_at(after(now(), self.period));
    }

    /// Makes the next tick ready at once; those after it follow from there.
    pub fn reset_immediately(&mut self) {
        self.reset_at(now());
    }

    /// Sets the next tick to `wait` from now.
    pub fn reset_after(&mut self, wait: Duration) {
        self.reset_at(after(now(), wait));
    }

    /// Sets the next tick to `deadline`.
    pub fn reset_at(&mut self, deadline: Instant) {
        self.sleep.reset(deadline);
    }

    /// The distance between two ticks.
    pub fn period(&self) -> Duration {
        self.period
    }

    /// What happens about missed ticks; [`MissedTickBehavior::Burst`] unless set.
    pub fn missed_tick_behavior(&self) -> MissedTickBehavior {
        self.missed
    }

    /// Sets what happens about missed ticks.
    pub fn set_missed_tick_behavior(&mut self, behavior: MissedTickBehavior) {
        self.missed = behavior;
    }
}

impl Stream for Interval {
    type Item = Instant;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Instant>> {
        self.poll_tick(cx).map(Some)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX, None)
    }
}
