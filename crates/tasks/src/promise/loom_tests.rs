//! The protocol of a promise with two threads at it: set once, and nobody waits for ever.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::thread;

use crate::{Promise, PromiseError};

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

fn flag() -> (Arc<Flag>, Waker) {
    let flag = Arc::new(Flag(AtomicBool::new(false)));
    (flag.clone(), flag.into())
}

fn poll<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

#[test]
fn loom_who_waits_sees_the_value_or_is_woken() {
    loom::model(|| {
        let promise = Promise::on(None);
        let setter = promise.clone();
        let thread = thread::spawn(move || setter.set_result(5).expect("nobody else sets it"));
        let (flag, waker) = flag();
        let mut wait = (&promise).into_future();
        let first = poll(&mut wait, &waker);
        thread.join().expect("no panic");
        if first.is_pending() {
            assert!(flag.0.load(Ordering::Acquire), "it waits and was not woken");
            assert!(matches!(poll(&mut wait, &waker), Poll::Ready(Ok(5))));
        }
    });
}

#[test]
fn loom_one_of_two_sets_it() {
    loom::model(|| {
        let promise = Promise::on(None);
        let other = promise.clone();
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = calls.clone();
        promise.add_done_callback(move |_: &Promise<i32>| {
            counted.fetch_add(1, Ordering::Relaxed);
        });
        let thread = thread::spawn(move || other.cancel());
        let set = promise.try_set_result(1).is_ok();
        let cancelled = thread.join().expect("no panic");
        assert!(set != cancelled);
        assert_eq!(promise.cancelled(), cancelled);
        assert_eq!(calls.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn loom_who_leaves_takes_nobodys_wake_along() {
    loom::model(|| {
        let promise = Promise::on(None);
        let (stays, waker) = flag();
        let (_, other) = flag();
        let mut leaving = (&promise).into_future();
        let mut staying = (&promise).into_future();
        assert!(poll(&mut leaving, &other).is_pending());
        assert!(poll(&mut staying, &waker).is_pending());
        let thread = thread::spawn(move || drop(leaving));
        promise.set_result(1).expect("nobody else sets it");
        thread.join().expect("no panic");
        assert!(stays.0.load(Ordering::Acquire));
        assert!(poll(&mut staying, &waker).is_ready());
    });
}

#[test]
fn loom_the_last_of_two_handles_ends_the_wait() {
    loom::model(|| {
        let promise = Promise::<i32>::on(None);
        let other = promise.clone();
        let (flag, waker) = flag();
        let mut wait = (&promise).into_future();
        assert!(poll(&mut wait, &waker).is_pending());
        let thread = thread::spawn(move || drop(other));
        drop(promise);
        thread.join().expect("no panic");
        assert!(flag.0.load(Ordering::Acquire));
        let ended = poll(&mut wait, &waker);
        assert!(matches!(ended, Poll::Ready(Err(PromiseError::Cancelled(_)))));
    });
}

#[test]
fn loom_a_callback_is_called_or_taken_back() {
    loom::model(|| {
        let promise = Promise::on(None);
        let setter = promise.clone();
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = calls.clone();
        let callback = promise.add_done_callback(move |_: &Promise<i32>| {
            counted.fetch_add(1, Ordering::Relaxed);
        });
        let thread = thread::spawn(move || setter.set_result(1).expect("nobody else sets it"));
        let removed = promise.remove_done_callback(callback);
        thread.join().expect("no panic");
        assert_eq!(calls.load(Ordering::Relaxed), usize::from(!removed));
    });
}
