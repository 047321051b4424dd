//! What the models share: to wait for a future, to poll one once, and a place that two must not be in.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use loom::cell::UnsafeCell;
use loom::sync::Notify;

struct Signal(Notify);

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.0.notify();
    }
}

/// Waits for a future. A lost wakeup is a deadlock, which loom reports.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
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

/// Polls once, with a waker that wakes nobody.
pub(crate) fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// A place that one thread at a time may be in; loom reports two.
#[derive(Debug)]
pub(crate) struct Alone(UnsafeCell<usize>);

impl Alone {
    pub(crate) fn new() -> Alone {
        Alone(UnsafeCell::new(0))
    }

    #[expect(unsafe_code, reason = "loom checks that nobody else is in")]
    pub(crate) fn enter(&self) -> usize {
        self.0.with_mut(|count| {
            // SAFETY: loom has checked it.
            let count = unsafe { &mut *count };
            *count += 1;
            *count
        })
    }
}

#[expect(unsafe_code, reason = "to be shared between the threads of a model")]
// SAFETY: loom checks each access.
unsafe impl Sync for Alone {}
