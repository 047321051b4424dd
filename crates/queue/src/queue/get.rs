//! `Get`: the wait for an item.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use asyncio_core::{WaitKind, waits_for};
use asyncio_sync::monitor::{Status, Waiter};
use pin_project_lite::pin_project;

use super::Queue;
use super::state::{Change, GETTERS, PROMISE, State};
use crate::error::QueueShutDown;
use crate::storage::QueueStorage;

pin_project! {
    /// The wait for an item; from [`Queue::get`].
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Get<'a, T, S>
    where
        S: QueueStorage<T>,
    {
        pub(super) queue: &'a Queue<T, S>,
        #[pin]
        pub(super) waiter: Waiter<'a, State<S>, 3>,
    }

    impl<T, S: QueueStorage<T>> PinnedDrop for Get<'_, T, S> {
        fn drop(this: Pin<&mut Self>) {
            if this.waiter.status() != Status::Idle {
                let this = this.project();
                leave_items(this.queue, this.waiter);
            }
        }
    }
}

/// The wait is dropped: it leaves its line, and what it was promised goes to the next.
fn leave_items<T, S: QueueStorage<T>>(queue: &Queue<T, S>, mut waiter: Pin<&mut Waiter<'_, State<S>, 3>>) {
    if waiter.status() == Status::Waiting {
        let left = queue.monitor.lock().remove(waiter.as_ref());
        drop(left);
    }
    if waiter.status() == Status::Notified(PROMISE) {
        waiter.as_mut().reset();
        let mut change = Change::new(queue.monitor.lock());
        change.promised_items -= 1;
    }
}

impl<T, S: QueueStorage<T>> Future for Get<'_, T, S> {
    type Output = Result<T, QueueShutDown>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let mut state = this.queue.monitor.lock();
        match this.waiter.status() {
            Status::Idle => {}
            Status::Waiting => {
                let old = state.renew(this.waiter.as_ref(), cx.waker());
                drop(state);
                drop(old);
                waits_for(WaitKind::Queue, this.queue.address());
                return Poll::Pending;
            }
            Status::Notified(note) => {
                this.waiter.as_mut().reset();
                if note == PROMISE {
                    state.promised_items -= 1;
                }
            }
        }
        if state.items() > 0 {
            let mut change = Change::new(state);
            let item = change.storage.pop();
            drop(change);
            if let Some(item) = item {
                return Poll::Ready(Ok(item));
            }
            // The storage has broken its word. Looked at once more, it may have one.
            state = this.queue.monitor.lock();
        }
        if state.is_exhausted() {
            return Poll::Ready(Err(QueueShutDown(())));
        }
        state.push_back(GETTERS, this.waiter.as_ref(), 0, cx.waker().clone());
        drop(state);
        waits_for(WaitKind::Queue, this.queue.address());
        Poll::Pending
    }
}

impl<T, S: QueueStorage<T>> fmt::Debug for Get<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Get").finish_non_exhaustive()
    }
}
