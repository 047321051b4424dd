//! The awaits of a promise: for a clone of its value, or for the value itself.
//!
//! An await is a delegate in the tree of scopes, a leaf without a future: a request that reaches it cancels the
//! promise, which cannot refuse, and goes on at once.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use asyncio_core::{WaitKind, waits_for};

use crate::PromiseError;
use crate::promise::shared::{Shared, Stage};
use crate::scope::Leaf;

/// One who waits for a promise to be done.
pub(super) struct Waiting<T> {
    shared: Arc<Shared<T>>,
    /// Its number among those who are told.
    place: Option<u64>,
    position: Leaf,
    /// The await was cancelled: nothing comes any more.
    over: bool,
}

impl<T> Waiting<T> {
    pub(super) fn new(shared: Arc<Shared<T>>) -> Waiting<T> {
        Waiting {
            shared,
            place: None,
            position: Leaf::default(),
            over: false,
        }
    }

    fn poll_done(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.over {
            return Poll::Pending;
        }
        if let Some(request) = self.position.inbox() {
            // A promise that is done already keeps its outcome; the cancellation beats it all the same.
            self.shared.stop_waiting(&mut self.place);
            self.shared.cancel(request.message());
            self.over = true;
            self.position.raise(request);
            return Poll::Pending;
        }
        if self.shared.wait(&mut self.place, cx.waker()) {
            self.place = None;
            self.position.end();
            return Poll::Ready(());
        }
        waits_for(WaitKind::Promise, Arc::as_ptr(&self.shared) as usize);
        self.position.link(cx.waker());
        Poll::Pending
    }
}

impl<T> Drop for Waiting<T> {
    fn drop(&mut self) {
        self.shared.stop_waiting(&mut self.place);
    }
}

/// The future of an awaited [`Promise`](crate::Promise): it gives a clone of the value, or, to the last one who has to
/// do with the promise, the value itself.
#[must_use = "futures do nothing unless they are awaited"]
pub struct PromiseWait<T> {
    waiting: Waiting<T>,
}

impl<T> PromiseWait<T> {
    pub(super) fn new(shared: Arc<Shared<T>>) -> PromiseWait<T> {
        PromiseWait {
            waiting: Waiting::new(shared),
        }
    }
}

impl<T> Unpin for PromiseWait<T> {}

impl<T: Clone> Future for PromiseWait<T> {
    type Output = Result<T, PromiseError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let waiting = &mut self.waiting;
        if waiting.poll_done(cx).is_pending() {
            return Poll::Pending;
        }
        Poll::Ready(match Arc::get_mut(&mut waiting.shared) {
            Some(shared) => shared.state_mut().take(),
            None => waiting.shared.cloned(),
        })
    }
}

impl<T> fmt::Debug for PromiseWait<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PromiseWait")
            .field("done", &self.waiting.shared.is_done())
            .finish_non_exhaustive()
    }
}

/// The future of [`Promise::take`](crate::Promise::take).
#[must_use = "futures do nothing unless they are awaited"]
pub struct PromiseTake<T> {
    waiting: Waiting<T>,
}

impl<T> PromiseTake<T> {
    pub(super) fn new(shared: Arc<Shared<T>>) -> PromiseTake<T> {
        PromiseTake {
            waiting: Waiting::new(shared),
        }
    }
}

impl<T> Unpin for PromiseTake<T> {}

impl<T> Future for PromiseTake<T> {
    type Output = Result<T, PromiseError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let done = self.waiting.poll_done(cx);
        done.map(|()| self.waiting.shared.state().take())
    }
}

impl<T> fmt::Debug for PromiseTake<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PromiseTake")
            .field("done", &self.waiting.shared.is_done())
            .finish_non_exhaustive()
    }
}

impl<T: Clone> Shared<T> {
    /// A clone of the value. It is made under the promise's lock, for `T` need not be `Sync`.
    pub(super) fn cloned(&self) -> Result<T, PromiseError> {
        let mut state = self.state();
        if let Some(error) = state.error() {
            return Err(error);
        }
        match &state.stage {
            Stage::Value(value) => Ok(value.clone()),
            _ => unreachable!("without a value there is an error"),
        }
    }
}
