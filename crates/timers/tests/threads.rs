//! Sleeps and drivers across threads.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use asyncio_timers::{Clock, LocalTimers, MockClock, Sleep, Timers, sleep};
use futures_lite::future::block_on;

const SECOND: Duration = Duration::from_secs(1);

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn counting() -> (Arc<Count>, Waker) {
    let count = Arc::new(Count::default());
    (Arc::clone(&count), Waker::from(count))
}

fn poll_with(sleep: &mut Sleep, waker: &Waker) -> Poll<()> {
    Pin::new(sleep).poll(&mut Context::from_waker(waker))
}

fn elsewhere<R: Send>(run: impl FnOnce() -> R + Send) -> R {
    thread::scope(|scope| scope.spawn(run).join()).expect("the other thread is well")
}

fn mocked_local() -> (MockClock, LocalTimers) {
    let mock = MockClock::new();
    let timers = LocalTimers::with_clock(Clock::from(mock.clone()));
    (mock, timers)
}

#[test]
fn a_sleep_of_a_loop_that_is_dropped_on_another_thread_is_taken_out_at_the_next_turn() {
    let (mock, mut timers) = mocked_local();
    let (unparked, unpark) = counting();
    timers.set_unpark(unpark);
    let _entered = timers.enter();
    let (count, waker) = counting();
    let mut sleeps: Vec<_> = (0..100).map(|_| sleep(SECOND)).collect();
    for sleep in &mut sleeps {
        assert!(poll_with(sleep, &waker).is_pending());
    }
    elsewhere(move || drop(sleeps));
    assert_eq!(unparked.0.load(Ordering::SeqCst), 1, "one wake for all");
    assert!(!timers.is_empty());
    assert_eq!(timers.fire(mock.now()), 0);
    assert!(timers.is_empty());
    drop(waker);
    assert_eq!(Arc::strong_count(&count), 1, "their wakers are gone");
}

#[test]
fn a_sleep_of_a_loop_that_is_polled_on_another_thread_goes_on_there() {
    let (mock, mut timers) = mocked_local();
    let (unparked, unpark) = counting();
    timers.set_unpark(unpark);
    let _entered = timers.enter();
    let (former, former_waker) = counting();
    let (last, last_waker) = counting();
    let mut sleep = sleep(SECOND);
    assert!(poll_with(&mut sleep, &former_waker).is_pending());
    let mut sleep = elsewhere(move || {
        assert!(poll_with(&mut sleep, &last_waker).is_pending());
        assert!(poll_with(&mut sleep, &last_waker).is_pending());
        sleep
    });
    assert!(unparked.0.load(Ordering::SeqCst) >= 1);
    assert_eq!(timers.next_deadline(), Some(sleep.deadline()));
    mock.advance(SECOND);
    assert_eq!(timers.fire(mock.now()), 1);
    assert_eq!(
        (former.0.load(Ordering::SeqCst), last.0.load(Ordering::SeqCst)),
        (0, 1)
    );
    assert!(poll_with(&mut sleep, Waker::noop()).is_ready());
    assert!(timers.is_empty());
}

#[test]
fn a_sleep_that_is_due_is_ready_on_another_thread_before_its_loop_has_turned() {
    let (mock, mut timers) = mocked_local();
    let _entered = timers.enter();
    let mut sleep = sleep(SECOND);
    assert!(poll_with(&mut sleep, Waker::noop()).is_pending());
    mock.advance(SECOND);
    assert!(elsewhere(move || poll_with(&mut sleep, Waker::noop())).is_ready());
    assert_eq!(timers.fire(mock.now()), 0);
    assert!(timers.is_empty());
}

#[test]
fn a_reset_on_another_thread_wakes_the_task_to_register_anew() {
    let (mock, mut timers) = mocked_local();
    let _entered = timers.enter();
    let (count, waker) = counting();
    let mut sleep = sleep(SECOND);
    assert!(poll_with(&mut sleep, &waker).is_pending());
    let later = sleep.deadline() + SECOND;
    let mut sleep = elsewhere(move || {
        sleep.reset(later);
        sleep
    });
    timers.fire(mock.now());
    assert_eq!(count.0.load(Ordering::SeqCst), 1);
    assert!(poll_with(&mut sleep, &waker).is_pending());
    assert_eq!(timers.next_deadline(), Some(later));
}

#[test]
fn a_handle_registers_from_other_threads_and_wakes_the_loop_for_an_earlier_deadline_only() {
    let (mock, mut timers) = mocked_local();
    let (unparked, unpark) = counting();
    timers.set_unpark(unpark);
    assert!(timers.is_empty());
    let handle = timers.handle();
    let (count, waker) = counting();
    let sleeps = elsewhere(|| {
        [2, 1, 3].map(|seconds| {
            let mut sleep = handle.sleep(SECOND * seconds);
            assert!(poll_with(&mut sleep, &waker).is_pending());
            sleep
        })
    });
    assert_eq!(unparked.0.load(Ordering::SeqCst), 2);
    assert_eq!(timers.len(), 3);
    assert_eq!(timers.next_deadline(), Some(sleeps[1].deadline()));
    mock.advance(SECOND * 2);
    assert_eq!(timers.fire(mock.now()), 2);
    assert_eq!(count.0.load(Ordering::SeqCst), 2);
    drop(sleeps);
    assert!(timers.is_empty());
}

#[test]
fn an_emptied_loop_is_woken_again_for_a_later_deadline() {
    let (_mock, timers) = mocked_local();
    let (unparked, unpark) = counting();
    timers.set_unpark(unpark);
    let handle = timers.handle();
    elsewhere(|| {
        let mut first = handle.sleep(SECOND);
        assert!(poll_with(&mut first, Waker::noop()).is_pending());
        drop(first);
        let mut second = handle.sleep(SECOND * 2);
        assert!(poll_with(&mut second, Waker::noop()).is_pending());
        assert_eq!(unparked.0.load(Ordering::SeqCst), 2);
    });
}

#[test]
fn shared_timers_wake_a_parked_owner_only() {
    let mock = MockClock::new();
    let mut timers = Timers::with_clock(Clock::from(mock.clone()));
    let (unparked, unpark) = counting();
    timers.set_unpark(unpark);
    let handle = timers.handle();
    let pending = |seconds| {
        let mut sleep = handle.sleep(SECOND * seconds);
        assert!(poll_with(&mut sleep, Waker::noop()).is_pending());
        sleep
    };
    let first = pending(10);
    assert_eq!(unparked.0.load(Ordering::SeqCst), 0, "the owner is awake");
    assert_eq!(timers.next_deadline(), Some(first.deadline()));
    let _later = pending(11);
    assert_eq!(unparked.0.load(Ordering::SeqCst), 0);
    let _sooner = pending(5);
    let _sooner_but_later = pending(7);
    assert_eq!(unparked.0.load(Ordering::SeqCst), 1);
    mock.advance(SECOND * 20);
    assert_eq!(unparked.0.load(Ordering::SeqCst), 2, "time has moved");
    assert_eq!(timers.fire(mock.now()), 4);
}

#[test]
fn workers_share_timers_that_one_of_them_turns() {
    let mut timers = Timers::new();
    let handle = timers.handle();
    let done = Arc::new(AtomicUsize::new(0));
    let owner = thread::current();
    timers.set_unpark(Waker::from(Arc::new(Unpark(owner.clone()))));
    let workers: Vec<_> = (0..4_u64)
        .map(|worker| {
            let (handle, done, owner) = (handle.clone(), Arc::clone(&done), owner.clone());
            thread::spawn(move || {
                let _entered = handle.enter();
                for round in 0..50 {
                    let start = Instant::now();
                    let duration = Duration::from_micros(100 + (worker * 37 + round * 11) % 900);
                    block_on(sleep(duration));
                    assert!(start.elapsed() >= duration);
                }
                done.fetch_add(1, Ordering::SeqCst);
                owner.unpark();
            })
        })
        .collect();
    while done.load(Ordering::SeqCst) < 4 {
        match timers.next_deadline() {
            None => thread::park(),
            Some(deadline) => thread::park_timeout(deadline.saturating_duration_since(Instant::now())),
        }
        timers.fire(Instant::now());
    }
    for worker in workers {
        worker.join().unwrap();
    }
    assert!(timers.is_empty());
}

struct Unpark(thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[test]
fn a_dropped_owner_hands_waiting_threads_to_the_fallback() {
    let timers = Timers::new();
    let handle = timers.handle();
    let (registered, is_registered) = mpsc::channel();
    let waiting = thread::spawn(move || {
        let _entered = handle.enter();
        let mut sleep = sleep(Duration::from_millis(50));
        assert!(poll_with(&mut sleep, Waker::noop()).is_pending());
        registered.send(()).unwrap();
        let deadline = sleep.deadline();
        block_on(sleep);
        assert!(Instant::now() >= deadline);
        assert!(handle.is_closed());
    });
    is_registered.recv().unwrap();
    drop(timers);
    waiting.join().unwrap();
}

#[test]
fn sleeps_that_wander_between_threads_all_end() {
    let (give, take) = mpsc::channel::<Sleep>();
    let taker = thread::spawn(move || {
        let mut ended = 0;
        for sleep in take {
            block_on(sleep);
            ended += 1;
        }
        ended
    });
    let mut timers = LocalTimers::new();
    let owner = thread::current();
    timers.set_unpark(Waker::from(Arc::new(Unpark(owner))));
    let entered = timers.enter();
    for round in 0..200_u64 {
        let mut sleep = sleep(Duration::from_micros(50 + round * 13 % 700));
        // It may have become due since: then it is ready at once, and as good as any.
        let _ = poll_with(&mut sleep, Waker::noop());
        give.send(sleep).unwrap();
        timers.fire(Instant::now());
    }
    drop(give);
    while !taker.is_finished() {
        // Bounded, because the end of a thread wakes nobody.
        let limit = Instant::now() + Duration::from_millis(1);
        let until = timers.next_deadline().map_or(limit, |next| next.min(limit));
        thread::park_timeout(until.saturating_duration_since(Instant::now()));
        timers.fire(Instant::now());
    }
    assert_eq!(taker.join().unwrap(), 200);
    timers.fire(Instant::now());
    assert!(timers.is_empty());
    drop(entered);
}

#[test]
fn a_sleep_bound_to_a_closed_handle_goes_to_the_driver_of_the_thread() {
    let handle = Timers::new().handle();
    assert!(handle.is_closed());
    let (_mock, timers) = mocked_local();
    let _entered = timers.enter();
    let mut sleep = handle.sleep(SECOND * 1000);
    assert!(poll_with(&mut sleep, Waker::noop()).is_pending());
    assert_eq!(timers.len(), 1);
}
