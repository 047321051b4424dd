//! `Join`: the wait until all that was put is done.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use asyncio_core::{WaitKind, waits_for};
use asyncio_sync::monitor::{Status, Waiter};
use pin_project_lite::pin_project;

use super::Queue;
use super::state::{JOINERS, State};
use crate::storage::QueueStorage;

pin_project! {
    /// The wait until all is done; from [`Queue::join`].
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Join<'a, T, S>
    where
        S: QueueStorage<T>,
    {
        pub(super) queue: &'a Queue<T, S>,
        #[pin]
        pub(super) waiter: Waiter<'a, State<S>, 3>,
    }
}

impl<T, S: QueueStorage<T>> Future for Join<'_, T, S> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let mut state = this.queue.monitor.lock();
        let mut old = None;
        match this.waiter.status() {
            Status::Idle if state.unfinished == 0 => return Poll::Ready(()),
            Status::Idle => state.push_back(JOINERS, this.waiter.as_ref(), 0, cx.waker().clone()),
            Status::Waiting => old = state.renew(this.waiter.as_ref(), cx.waker()),
            Status::Notified(_) => {
                this.waiter.reset();
                return Poll::Ready(());
            }
        }
        drop(state);
        drop(old);
        waits_for(WaitKind::Queue, this.queue.address());
        Poll::Pending
    }
}

impl<T, S: QueueStorage<T>> fmt::Debug for Join<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Join").finish_non_exhaustive()
    }
}
