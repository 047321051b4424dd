//! The races at the end of a task, on cells that an executor of somebody else runs: their protocol is that of a
//! pool, and needs no table of queues. A task on a loop ends by the same exchange.

use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, Wake, Waker};

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Arc, Notify};

use crate::{Outcome, RawTask, RunTask, foreign_task, take_running_request};

/// Ends a wait, whether it comes before or during it.
struct Notifier(Arc<Notify>);

impl Wake for Notifier {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.notify();
    }
}

fn notifier() -> (Arc<Notify>, Waker) {
    let notify = Arc::new(Notify::new());
    let waker = Waker::from(std::sync::Arc::new(Notifier(notify.clone())));
    (notify, waker)
}

/// A task that is ready at its first step, unless it sees a request then.
fn task<T: Send + 'static>(value: T) -> (RawTask<T>, RunTask<impl Future<Output = Outcome<T>> + Send>) {
    let mut value = Some(value);
    let future = poll_fn(move |_| {
        Poll::Ready(match take_running_request() {
            Some(request) => Outcome::Cancelled(Some(request)),
            None => Outcome::Value(value.take().expect("polled once")),
        })
    });
    foreign_task(future, Location::caller(), |_| {})
}

fn run<F: Future<Output = Outcome<T>>, T>(mut run: RunTask<F>) {
    let polled = Pin::new(&mut run).poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_ready());
}

/// Waits for the outcome of a task on this thread.
fn join<T>(mut task: RawTask<T>) -> Outcome<T> {
    let (notify, waker) = notifier();
    loop {
        match Pin::new(&mut task).poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(outcome) => return outcome,
            Poll::Pending => notify.wait(),
        }
    }
}

#[test]
fn loom_a_cancel_that_said_yes_is_not_overtaken_by_a_value() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let (handle, runner) = task(7);
        let outside = handle.as_task_ref().clone();
        let asking = loom::thread::spawn(move || outside.cancel());
        run(runner);
        let asked = asking.join().expect("no panic");
        let mut handle = handle;
        match handle.take() {
            Some(Outcome::Value(7)) => assert!(!asked),
            Some(Outcome::Cancelled(Some(_))) => assert!(asked),
            other => panic!("{other:?}"),
        }
    });
}

/// A lost wakeup would be a deadlock, which loom reports.
#[test]
fn loom_who_joins_sees_the_outcome_or_is_woken() {
    loom::model(|| {
        let (handle, runner) = task(7);
        let running = loom::thread::spawn(move || run(runner));
        assert!(matches!(join(handle), Outcome::Value(7)));
        running.join().expect("no panic");
    });
}

#[test]
fn loom_a_cancel_and_a_join_race_the_end() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(|| {
        let (handle, runner) = task(7);
        let running = loom::thread::spawn(move || run(runner));
        let asked = handle.as_task_ref().cancel();
        let outcome = join(handle);
        running.join().expect("no panic");
        assert_eq!(asked, matches!(outcome, Outcome::Cancelled(_)));
    });
}

#[test]
fn loom_a_callback_runs_once_whether_it_comes_before_or_after_the_end() {
    loom::model(|| {
        let (handle, runner) = task(7);
        let outside = handle.as_task_ref().clone();
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = calls.clone();
        let adding = loom::thread::spawn(move || {
            outside.add_done_callback(move |task| {
                assert!(task.is_finished());
                counted.fetch_add(1, Ordering::Relaxed);
            });
        });
        run(runner);
        adding.join().expect("no panic");
        assert_eq!(calls.load(Ordering::Relaxed), 1);
        drop(handle);
    });
}

/// The value holds an `Arc` of loom's, which reports one that is never dropped.
#[test]
fn loom_an_outcome_that_nobody_takes_is_dropped_once() {
    struct Counted(Arc<AtomicUsize>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    loom::model(|| {
        let drops = Arc::new(AtomicUsize::new(0));
        let (handle, runner) = task(Counted(drops.clone()));
        let detaching = loom::thread::spawn(move || drop(handle));
        run(runner);
        detaching.join().expect("no panic");
        assert_eq!(drops.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn loom_a_withdrawal_races_the_step_that_would_see_the_request() {
    loom::model(|| {
        let (handle, runner) = task(7);
        let outside = handle.as_task_ref().clone();
        assert!(outside.cancel());
        let withdrawing = loom::thread::spawn(move || outside.uncancel());
        run(runner);
        assert_eq!(withdrawing.join().expect("no panic") <= 1, true);
        let mut handle = handle;
        assert!(matches!(
            handle.take(),
            Some(Outcome::Value(7) | Outcome::Cancelled(Some(_)))
        ));
    });
}
