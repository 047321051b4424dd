//! `ByHand`: a future that a test polls itself.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// A future that a test polls by hand, and that counts how often it was woken; from [`by_hand`].
///
/// Dropping it cancels the future where it stands.
pub struct ByHand<F> {
    future: Pin<Box<F>>,
    wakes: Arc<Wakes>,
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A future to be polled by hand, with no executor and no loop: for tests of what happens between two polls.
///
/// # Examples
///
/// ```
/// use asyncio_testing::by_hand;
///
/// let mut future = by_hand(asyncio_tasks::yield_now()).waits();
/// assert_eq!(future.wakes(), 1);
/// assert_eq!(future.poll(), Some(()));
/// ```
pub fn by_hand<F: Future>(future: F) -> ByHand<F> {
    ByHand {
        future: Box::pin(future),
        wakes: Arc::default(),
    }
}

impl<F: Future> ByHand<F> {
    /// Polls once. `None`: it is pending.
    pub fn poll(&mut self) -> Option<F::Output> {
        let waker = Waker::from(self.wakes.clone());
        match self.future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        }
    }

    /// Polls once, where it must be pending.
    ///
    /// # Panics
    ///
    /// When it is ready.
    #[track_caller]
    #[must_use = "dropping it cancels the future"]
    pub fn waits(mut self) -> ByHand<F> {
        assert!(self.poll().is_none(), "the future should wait, and is ready");
        self
    }

    /// How often it was woken.
    pub fn wakes(&self) -> usize {
        self.wakes.0.load(Ordering::SeqCst)
    }
}

impl<F> fmt::Debug for ByHand<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByHand")
            .field("wakes", &self.wakes.0)
            .finish_non_exhaustive()
    }
}
