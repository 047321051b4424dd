//! `Cancellable`: a scope that is asked to stop by hand.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use asyncio_core::Request;
use pin_project_lite::pin_project;

use crate::CancelledError;
use crate::scope::Scope;

pin_project! {
    /// A scope that its owner asks to stop: what a timeout does by the clock. For test kits and the like.
    ///
    /// # Cancel safety
    ///
    /// A request from outside goes through it. Dropped, it drops the future.
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Cancellable<F> {
        scope: Scope,
        asked: Option<Request>,
        own: Option<Request>,
        #[pin]
        future: Option<F>,
    }
}

impl<F: Future> Cancellable<F> {
    /// A scope around `future`.
    pub fn new(future: F) -> Cancellable<F> {
        Cancellable {
            scope: Scope::default(),
            asked: None,
            own: None,
            future: Some(future),
        }
    }

    /// Asks the future to stop; the request is delivered in the next poll.
    pub fn cancel(self: Pin<&mut Self>, message: &str) {
        let this = self.project();
        let request = Request::new(Some(message));
        *this.asked = Some(request.clone());
        *this.own = Some(request);
    }
}

impl<F: Future> Future for Cancellable<F> {
    type Output = Result<F::Output, CancelledError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        match this.scope.poll(this.future, cx, this.asked.take()) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(value)) => {
                this.scope.end(this.own.as_ref(), cx.waker());
                Poll::Ready(Ok(value))
            }
            Poll::Ready(Err(request)) => {
                let outer = this
                    .scope
                    .position
                    .outer
                    .take()
                    .filter(|outer| !outer.is_withdrawn());
                if outer.is_none() && this.own.as_ref().is_some_and(|own| own.same(&request)) {
                    this.scope.position.end();
                    return Poll::Ready(Err(CancelledError::of(Some(&request))));
                }
                this.scope.position.raise(outer.unwrap_or(request));
                Poll::Pending
            }
        }
    }
}

impl<F> fmt::Debug for Cancellable<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancellable").finish_non_exhaustive()
    }
}
