//! `Interval` on the mock clock: what happens about ticks that were missed.

use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use asyncio_timers::{Clock, Interval, LocalTimers, MissedTickBehavior, MockClock, interval, interval_at};

const MS: Duration = Duration::from_millis(1);

fn tick(interval: &mut Interval) -> Poll<Instant> {
    interval.poll_tick(&mut Context::from_waker(Waker::noop()))
}

/// Plays the example of [`MissedTickBehavior`]: a period of 10, a consumer that is away from 20 to 45. Says at what
/// times the ticks came from then on.
fn after_an_absence(missed: MissedTickBehavior) -> Vec<u128> {
    let mock = MockClock::new();
    let mut timers = LocalTimers::with_clock(Clock::from(mock.clone()));
    let _entered = timers.enter();
    let start = mock.now();
    let mut ticks = interval(10 * MS);
    ticks.set_missed_tick_behavior(missed);
    for expected in [0, 10, 20] {
        mock.advance_to(start + expected * MS);
        timers.fire(mock.now());
        assert_eq!(tick(&mut ticks), Poll::Ready(start + expected * MS));
    }
    mock.advance_to(start + 45 * MS);
    timers.fire(mock.now());
    let mut came = Vec::new();
    while mock.now() <= start + 65 * MS {
        while tick(&mut ticks).is_ready() {
            came.push((mock.now() - start).as_millis());
        }
        mock.advance(MS);
        timers.fire(mock.now());
    }
    came
}

#[test]
fn burst_makes_up_for_each_missed_tick() {
    assert_eq!(after_an_absence(MissedTickBehavior::Burst), [45, 45, 50, 60]);
}

#[test]
fn delay_goes_on_a_period_after_the_late_tick() {
    assert_eq!(after_an_absence(MissedTickBehavior::Delay), [45, 55, 65]);
}

#[test]
fn skip_leaves_the_missed_ticks_out() {
    assert_eq!(after_an_absence(MissedTickBehavior::Skip), [45, 50, 60]);
}

#[test]
fn delay_does_not_drift_by_what_the_system_adds() {
    let mock = MockClock::new();
    let timers = LocalTimers::with_clock(Clock::from(mock.clone()));
    let _entered = timers.enter();
    let start = mock.now();
    let mut ticks = interval_at(start + 10 * MS, 10 * MS);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    mock.advance(11 * MS);
    assert_eq!(tick(&mut ticks), Poll::Ready(start + 10 * MS));
    mock.advance(9 * MS);
    assert_eq!(tick(&mut ticks), Poll::Ready(start + 20 * MS));
}

#[test]
fn resets_set_the_next_tick() {
    let mock = MockClock::new();
    let mut timers = LocalTimers::with_clock(Clock::from(mock.clone()));
    let _entered = timers.enter();
    let mut ticks = interval(10 * MS);
    assert_eq!(ticks.period(), 10 * MS);
    assert!(tick(&mut ticks).is_ready());
    let mut due_after = |set: &dyn Fn(&mut Interval), wait: Duration| {
        set(&mut ticks);
        if !wait.is_zero() {
            assert!(tick(&mut ticks).is_pending());
            mock.advance(wait - MS);
            timers.fire(mock.now());
            assert!(tick(&mut ticks).is_pending());
            mock.advance(MS);
            timers.fire(mock.now());
        }
        assert_eq!(tick(&mut ticks), Poll::Ready(mock.now()));
    };
    due_after(&Interval::reset, 10 * MS);
    due_after(&Interval::reset_immediately, Duration::ZERO);
    due_after(&|ticks| ticks.reset_after(3 * MS), 3 * MS);
    let at = mock.now() + 7 * MS;
    due_after(&move |ticks| ticks.reset_at(at), 7 * MS);
}

#[test]
fn a_period_without_end_ticks_once() {
    let mut ticks = interval(Duration::MAX);
    assert!(tick(&mut ticks).is_ready());
    assert!(tick(&mut ticks).is_pending());
}

#[test]
#[should_panic(expected = "must not be zero")]
fn a_period_of_zero_is_refused() {
    let _refused = interval(Duration::ZERO);
}
