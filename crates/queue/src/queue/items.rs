//! `Items`: what comes out of a queue, as a stream.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use pin_project_lite::pin_project;

use super::{Get, Queue};
use crate::storage::QueueStorage;

pin_project! {
    /// The items of a queue; from [`Queue::items`].
    #[must_use = "streams do nothing unless they are polled"]
    pub struct Items<'a, T, S>
    where
        S: QueueStorage<T>,
    {
        queue: &'a Queue<T, S>,
        #[pin]
        get: Option<Get<'a, T, S>>,
    }
}

impl<'a, T, S: QueueStorage<T>> Items<'a, T, S> {
    pub(super) fn new(queue: &'a Queue<T, S>) -> Items<'a, T, S> {
        Items { queue, get: None }
    }
}

impl<T, S: QueueStorage<T>> Stream for Items<'_, T, S> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut this = self.project();
        if this.get.is_none() {
            this.get.set(Some(this.queue.get()));
        }
        let Some(get) = this.get.as_mut().as_pin_mut() else {
            return Poll::Ready(None);
        };
        let polled = get.poll(cx);
        if polled.is_ready() {
            this.get.set(None);
        }
        polled.map(Result::ok)
    }
}

impl<T, S: QueueStorage<T>> fmt::Debug for Items<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items").finish_non_exhaustive()
    }
}
