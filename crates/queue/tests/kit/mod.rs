//! What the tests share: to poll by hand, to count wakes, and to run the same on executors that are not ours.

#![allow(dead_code, reason = "each test uses a part")]

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// A future that is polled by hand, and counts how often it was woken.
pub(crate) struct ByHand<F> {
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

pub(crate) fn by_hand<F: Future>(future: F) -> ByHand<F> {
    ByHand {
        future: Box::pin(future),
        wakes: Arc::default(),
    }
}

impl<F: Future> ByHand<F> {
    /// `None`: pending.
    pub(crate) fn poll(&mut self) -> Option<F::Output> {
        let waker = Waker::from(self.wakes.clone());
        match self.future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        }
    }

    /// Polls, and expects it to wait.
    pub(crate) fn waits(mut self) -> ByHand<F> {
        assert!(self.poll().is_none(), "it should wait");
        self
    }

    pub(crate) fn wakes(&self) -> usize {
        self.wakes.0.load(Ordering::SeqCst)
    }
}

/// Runs the future that `make` makes on each of several executors.
pub(crate) fn everywhere<F: Future<Output = ()> + Send + 'static>(make: impl Fn() -> F) {
    futures_lite::future::block_on(make());
    asyncio_executor::block_on(make());
    smol::block_on(async { smol::spawn(make()).await });
    let tokio = tokio::runtime::Builder::new_current_thread().build();
    tokio.expect("tokio starts").block_on(make());
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build();
    let tokio = tokio.expect("tokio starts");
    tokio.block_on(async {
        tokio.spawn(make()).await.expect("no test panics in it");
    });
}
