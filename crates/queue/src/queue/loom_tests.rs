//! Models of puts, gets and a shutdown that meet.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use loom::model::Builder;
use loom::sync::Notify;
use loom::thread;

use super::Queue;

struct Signal(Notify);

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.0.notify();
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let signal = Arc::new(Signal(Notify::new()));
    let waker = Waker::from(signal.clone());
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => signal.0.wait(),
        }
    }
}

/// Polls once and drops the future.
fn try_once<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

fn check(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}

#[test]
fn loom_items_go_through_one_place() {
    check(|| {
        let queue = Arc::new(Queue::bounded(1));
        let producer = {
            let queue = queue.clone();
            thread::spawn(move || {
                for item in 0..3 {
                    assert!(block_on(queue.put(item)).is_ok());
                }
            })
        };
        for item in 0..3 {
            assert_eq!(block_on(queue.get()), Ok(item));
        }
        producer.join().expect("no model panics");
        assert!(queue.empty() && !queue.full());
    });
}

#[test]
fn loom_a_get_that_gives_up_loses_no_item() {
    check(|| {
        let queue = Arc::new(Queue::new());
        let quitter = {
            let queue = queue.clone();
            thread::spawn(move || try_once(queue.get()).is_some())
        };
        let other = {
            let queue = queue.clone();
            thread::spawn(move || block_on(queue.get()))
        };
        assert!(queue.put_nowait(1).is_ok());
        let got = quitter.join().expect("no model panics");
        if got {
            assert!(queue.put_nowait(2).is_ok());
        }
        assert!(other.join().expect("no model panics").is_ok());
        assert!(queue.empty());
    });
}

#[test]
fn loom_a_put_that_gives_up_loses_no_place() {
    check(|| {
        let queue = Arc::new(Queue::bounded(1));
        assert!(queue.put_nowait(0).is_ok());
        let quitter = {
            let queue = queue.clone();
            thread::spawn(move || try_once(queue.put(1)).is_some())
        };
        let other = {
            let queue = queue.clone();
            thread::spawn(move || block_on(queue.put(2)).is_ok())
        };
        assert!(block_on(queue.get()).is_ok());
        if quitter.join().expect("no model panics") {
            assert!(block_on(queue.get()).is_ok());
        }
        assert!(other.join().expect("no model panics"));
        assert!(block_on(queue.get()).is_ok());
        assert!(queue.empty() && !queue.full());
    });
}

#[test]
fn loom_a_shutdown_ends_every_wait_and_keeps_every_item() {
    check(|| {
        let queue = Arc::new(Queue::bounded(1));
        let producer = {
            let queue = queue.clone();
            thread::spawn(move || (0..2).filter(|item| block_on(queue.put(*item)).is_ok()).count())
        };
        let closer = {
            let queue = queue.clone();
            thread::spawn(move || queue.shutdown())
        };
        let mut got = 0;
        while block_on(queue.get()).is_ok() {
            got += 1;
        }
        closer.join().expect("no model panics");
        assert_eq!(producer.join().expect("no model panics"), got);
    });
}

#[test]
fn loom_a_reserved_place_is_waited_for_after_a_shutdown() {
    check(|| {
        let queue = Arc::new(Queue::bounded(1));
        let holder = {
            let queue = queue.clone();
            thread::spawn(move || match block_on(queue.reserve()) {
                Ok(slot) => {
                    slot.put(5);
                    1
                }
                Err(_) => 0,
            })
        };
        queue.shutdown();
        let mut got = 0;
        while block_on(queue.get()).is_ok() {
            got += 1;
        }
        assert_eq!(holder.join().expect("no model panics"), got);
    });
}
