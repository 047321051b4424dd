//! `LocalTimers` on its own thread, on the mock clock.

use std::cell::RefCell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use asyncio_timers::{Clock, LocalTimers, MockClock, Sleep, now, sleep, sleep_until};

const SECOND: Duration = Duration::from_secs(1);

fn mocked() -> (MockClock, LocalTimers) {
    let mock = MockClock::new();
    let timers = LocalTimers::with_clock(Clock::from(mock.clone()));
    (mock, timers)
}

fn poll_with(sleep: &mut Sleep, waker: &Waker) -> Poll<()> {
    Pin::new(sleep).poll(&mut Context::from_waker(waker))
}

fn poll(sleep: &mut Sleep) -> Poll<()> {
    poll_with(sleep, Waker::noop())
}

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

struct Call<F>(F);

impl<F: Fn() + Send + Sync + 'static> Wake for Call<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

fn calling(call: impl Fn() + Send + Sync + 'static) -> Waker {
    Waker::from(Arc::new(Call(call)))
}

#[test]
fn equal_deadlines_fire_in_the_order_of_registration() {
    let (mock, mut timers) = mocked();
    let _entered = timers.enter();
    for delay in [Duration::from_nanos(1), SECOND, SECOND * 1_000_000] {
        let order = Arc::new(Mutex::new(Vec::new()));
        let deadline = now() + delay;
        let mut sleeps: Vec<_> = (0..500).map(|_| sleep_until(deadline)).collect();
        for (number, sleep) in sleeps.iter_mut().enumerate() {
            let order = Arc::clone(&order);
            assert!(poll_with(sleep, &calling(move || order.lock().unwrap().push(number))).is_pending());
        }
        mock.advance_to(deadline - Duration::from_nanos(1));
        assert_eq!(timers.fire(mock.now()), 0, "never early");
        mock.advance(Duration::from_nanos(1));
        assert_eq!(timers.fire(mock.now()), 500);
        assert_eq!(*order.lock().unwrap(), (0..500).collect::<Vec<_>>());
    }
}

#[test]
fn a_deadline_that_has_passed_is_ready_and_registers_nothing() {
    let (mock, timers) = mocked();
    let _entered = timers.enter();
    mock.advance(SECOND);
    let mut none = sleep(Duration::ZERO);
    assert!(poll(&mut none).is_pending(), "the others go first");
    assert!(poll(&mut none).is_ready());
    assert!(poll(&mut sleep_until(now())).is_ready());
    assert!(poll(&mut sleep_until(now() - SECOND)).is_ready());
    assert!(timers.is_empty());
}

#[test]
fn a_sleep_of_the_longest_duration_never_ends() {
    let (mock, mut timers) = mocked();
    let _entered = timers.enter();
    let mut forever = sleep(Duration::MAX);
    assert!(poll(&mut forever).is_pending());
    assert_eq!(timers.next_deadline(), None);
    assert!(!timers.is_empty());
    mock.advance(SECOND * 3600 * 24 * 365 * 500);
    assert_eq!(timers.fire(mock.now()), 0);
    assert!(poll(&mut forever).is_pending());
    mock.advance(Duration::MAX);
    assert_eq!(timers.fire(mock.now()), 0);
    let mut at_the_end_of_time = sleep(Duration::MAX);
    assert!(poll(&mut at_the_end_of_time).is_pending());
    assert_eq!(timers.fire(mock.now()), 0);
    drop((forever, at_the_end_of_time));
    assert!(timers.is_empty());
}

#[test]
fn a_dropped_sleep_leaves_nothing_behind() {
    let (_mock, timers) = mocked();
    let _entered = timers.enter();
    let count = Arc::new(Count::default());
    let mut sleep = sleep(SECOND);
    assert!(poll_with(&mut sleep, &Waker::from(Arc::clone(&count))).is_pending());
    assert_eq!((timers.len(), Arc::strong_count(&count)), (1, 2));
    drop(sleep);
    assert_eq!((timers.len(), Arc::strong_count(&count)), (0, 1));
    assert_eq!(timers.next_deadline(), None);
}

#[test]
fn the_last_waker_is_the_one_that_is_woken() {
    let (mock, mut timers) = mocked();
    let _entered = timers.enter();
    let (former, last) = (Arc::new(Count::default()), Arc::new(Count::default()));
    let mut sleep = sleep(SECOND);
    assert!(poll_with(&mut sleep, &Waker::from(Arc::clone(&former))).is_pending());
    assert!(poll_with(&mut sleep, &Waker::from(Arc::clone(&last))).is_pending());
    mock.advance(SECOND);
    assert_eq!(timers.fire(mock.now()), 1);
    assert_eq!(
        (former.0.load(Ordering::SeqCst), last.0.load(Ordering::SeqCst)),
        (0, 1)
    );
    assert!(poll(&mut sleep).is_ready());
    assert!(poll(&mut sleep).is_ready(), "ready again");
}

#[test]
fn a_reset_sleep_keeps_its_waker_and_fires_at_the_new_deadline() {
    let (mock, mut timers) = mocked();
    let _entered = timers.enter();
    let count = Arc::new(Count::default());
    let mut sleep = sleep(SECOND);
    assert!(poll_with(&mut sleep, &Waker::from(Arc::clone(&count))).is_pending());
    sleep.reset(now() + SECOND * 3);
    assert_eq!(timers.next_deadline(), Some(sleep.deadline()));
    mock.advance(SECOND * 2);
    assert_eq!(timers.fire(mock.now()), 0);
    mock.advance(SECOND);
    assert_eq!(timers.fire(mock.now()), 1);
    assert_eq!(count.0.load(Ordering::SeqCst), 1);
    assert!(sleep.is_elapsed());

    sleep.reset(now() + SECOND);
    assert!(!sleep.is_elapsed());
    assert!(poll(&mut sleep).is_pending());
}

#[test]
fn a_waker_may_create_and_drop_sleeps() {
    thread_local! {
        static KEPT: RefCell<Vec<Sleep>> = const { RefCell::new(Vec::new()) };
    }
    let (mock, mut timers) = mocked();
    let _entered = timers.enter();
    let mut victim = sleep(SECOND * 9);
    assert!(poll(&mut victim).is_pending());
    KEPT.set(vec![victim]);
    let waker = calling(|| {
        KEPT.take();
        let mut past = sleep(Duration::from_nanos(1));
        assert!(poll(&mut past).is_pending());
        KEPT.set(vec![past]);
    });
    let mut sleep = sleep(SECOND);
    assert!(poll_with(&mut sleep, &waker).is_pending());
    mock.advance(SECOND);
    assert_eq!(
        timers.fire(mock.now()),
        1,
        "what a waker adds waits for the next turn"
    );
    assert_eq!(timers.len(), 1);
    mock.advance(SECOND);
    assert_eq!(timers.fire(mock.now()), 1);
    KEPT.take();
}

#[test]
fn those_behind_a_waker_that_panics_are_woken_by_the_next_turn() {
    let (mock, mut timers) = mocked();
    let _entered = timers.enter();
    let count = Arc::new(Count::default());
    let wakers = [
        Waker::from(Arc::clone(&count)),
        calling(|| panic!("a waker that panics")),
        Waker::from(Arc::clone(&count)),
    ];
    let mut sleeps = [sleep(SECOND), sleep(SECOND), sleep(SECOND)];
    for (sleep, waker) in sleeps.iter_mut().zip(&wakers) {
        assert!(poll_with(sleep, waker).is_pending());
    }
    mock.advance(SECOND);
    assert!(catch_unwind(AssertUnwindSafe(|| timers.fire(mock.now()))).is_err());
    assert_eq!(count.0.load(Ordering::SeqCst), 1);
    assert!(!timers.is_empty());
    assert_eq!(timers.next_deadline(), Some(mock.now()));
    assert_eq!(timers.fire(mock.now()), 1);
    assert_eq!(count.0.load(Ordering::SeqCst), 2);
    assert!(timers.is_empty());
}

#[test]
fn a_sleep_outlives_its_owner_and_goes_on_with_the_next_one() {
    let mock = MockClock::new();
    let first = LocalTimers::with_clock(Clock::from(mock.clone()));
    let count = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&count));
    let entered = first.enter();
    let mut sleep = sleep(SECOND);
    assert!(poll_with(&mut sleep, &waker).is_pending());
    drop(first);
    assert_eq!(
        count.0.load(Ordering::SeqCst),
        1,
        "woken to look for another driver"
    );
    drop(entered);

    let mut second = LocalTimers::with_clock(Clock::from(mock.clone()));
    let _entered = second.enter();
    assert!(poll_with(&mut sleep, &waker).is_pending());
    assert_eq!(second.len(), 1);
    mock.advance(SECOND);
    assert_eq!(second.fire(mock.now()), 1);
    assert!(poll(&mut sleep).is_ready());
}

#[test]
fn a_sleep_outlives_its_owner_and_goes_on_with_the_fallback() {
    let timers = LocalTimers::new();
    let entered = timers.enter();
    let mut sleep = sleep(Duration::from_millis(30));
    assert!(poll(&mut sleep).is_pending());
    drop(timers);
    // The closed driver is still entered here, and must not take it back.
    let deadline = sleep.deadline();
    futures_lite::future::block_on(&mut sleep);
    assert!(Instant::now() >= deadline);
    drop(entered);
}

#[test]
fn guards_that_leave_in_the_wrong_order_leave_no_driver_that_is_gone() {
    let (_mock, first) = mocked();
    let (mock, second) = mocked();
    let outer = first.enter();
    let inner = second.enter();
    drop(outer);
    drop(first);
    drop(inner);
    let mut sleep = sleep(Duration::from_millis(1));
    assert!(poll(&mut sleep).is_pending());
    drop(mock);
    futures_lite::future::block_on(sleep);
}

#[test]
fn a_million_timers_are_pending_and_fire_in_order() {
    let (mock, mut timers) = mocked();
    let _entered = timers.enter();
    let count = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&count));
    let start = now();
    let mut sleeps: Vec<_> = (0..1_000_000_u64)
        .map(|number| sleep_until(start + SECOND + Duration::from_nanos(number * 7919 % 1_000_003 * 1000)))
        .collect();
    for sleep in &mut sleeps {
        assert!(poll_with(sleep, &waker).is_pending());
    }
    assert_eq!(timers.len(), 1_000_000);
    sleeps.truncate(500_000);
    assert_eq!(timers.len(), 500_000);
    let mut fired = 0;
    while let Some(next) = timers.next_deadline() {
        assert!(next >= mock.now());
        mock.advance_to(next);
        mock.advance(Duration::from_millis(50));
        fired += timers.fire(mock.now());
    }
    assert_eq!(fired, 500_000);
    assert_eq!(count.0.load(Ordering::SeqCst), 500_000);
    assert!(sleeps.iter_mut().all(|sleep| poll(sleep).is_ready()));
}
