//! Futures that are polled by hand, by one of two wakers that count.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A future that has not ended, and what is expected of its wakers.
pub(crate) struct Hand<F> {
    future: Pin<Box<F>>,
    wakers: [Arc<Wakes>; 2],
    expected: [usize; 2],
    /// The waker by which it waits.
    waits_by: Option<usize>,
}

impl<F: Future> Hand<F> {
    pub(crate) fn new(future: F) -> Hand<F> {
        Hand {
            future: Box::pin(future),
            wakers: Default::default(),
            expected: [0; 2],
            waits_by: None,
        }
    }

    pub(crate) fn poll(&mut self, by: usize) -> Option<F::Output> {
        let waker = Waker::from(self.wakers[by].clone());
        match self.future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        }
    }

    /// By the model it is in line now, and this waker is the one to be woken.
    pub(crate) fn waits(&mut self, by: usize) {
        self.waits_by = Some(by);
    }

    /// By the model it is its turn now.
    pub(crate) fn is_woken(&mut self) {
        if let Some(by) = self.waits_by.take() {
            self.expected[by] += 1;
        }
    }

    /// Each waker was woken exactly as often as it had to be, and is kept exactly while it is needed.
    pub(crate) fn check(&self) {
        for by in 0..2 {
            let woken = self.wakers[by].0.load(Ordering::SeqCst);
            assert_eq!(woken, self.expected[by], "wakes of waker {by}");
            let kept = Arc::strong_count(&self.wakers[by]) - 1;
            assert_eq!(kept, usize::from(self.waits_by == Some(by)), "waker {by} is kept");
        }
    }

    /// Drops the future; gives back what must hold when the model has followed.
    pub(crate) fn cancel(self) -> impl FnOnce() {
        let Hand {
            future,
            wakers,
            expected,
            ..
        } = self;
        drop(future);
        move || {
            for by in 0..2 {
                assert_eq!(
                    wakers[by].0.load(Ordering::SeqCst),
                    expected[by],
                    "wakes of a dropped future"
                );
                assert_eq!(
                    Arc::strong_count(&wakers[by]),
                    1,
                    "a dropped future's waker is kept"
                );
            }
        }
    }
}
