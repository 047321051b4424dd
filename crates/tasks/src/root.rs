//! `Root`: the future of a task's cell: the root of a tree of cancel scopes.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use asyncio_core::{Outcome, take_running_request};
use pin_project_lite::pin_project;

use crate::scope::{Children, poll_inside};

pin_project! {
    /// Runs a future as a task: what is asked of the task goes to the scopes in it.
    #[must_use = "futures do nothing unless they are polled"]
    pub struct Root<F> {
        children: Children,
        #[pin]
        future: Option<F>,
    }
}

impl<F: Future> Root<F> {
    #[inline]
    /// A task that runs `future`; to be made a task by asyncio-core.
    pub fn new(future: F) -> Root<F> {
        Root {
            children: Children::default(),
            future: Some(future),
        }
    }

    /// The future of a root that was never polled.
    /// Drops the future in its place.
    pub(crate) fn drop_future(self: Pin<&mut Self>) {
        self.project().future.set(None);
    }

    /// The future back.
    ///
    /// # Panics
    ///
    /// When it has ended or was cancelled.
    pub fn into_inner(self) -> F {
        self.future.expect("a root that did not start has its future")
    }
}

impl<F: Future> Future for Root<F> {
    type Output = Outcome<F::Output>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome<F::Output>> {
        let this = self.project();
        let request = take_running_request();
        match poll_inside(this.children, this.future, cx, request) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(request)) => Poll::Ready(Outcome::Cancelled(Some(request))),
            // A request that was to come at the next suspension: there is none, so it comes now.
            Poll::Ready(Ok(value)) => Poll::Ready(match this.children.take_again() {
                Some(request) if !request.is_withdrawn() => Outcome::Cancelled(Some(request)),
                _ => Outcome::Value(value),
            }),
        }
    }
}

impl<F> std::fmt::Debug for Root<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Root").finish_non_exhaustive()
    }
}
