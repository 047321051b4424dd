//! `Put`: the wait for a place, and the item that goes there.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use asyncio_core::{WaitKind, waits_for};
use asyncio_sync::monitor::{Status, Waiter};
use pin_project_lite::pin_project;

use super::Queue;
use super::state::{Change, PROMISE, PUTTERS, Phase, State};
use crate::error::QueueShutDown;
use crate::storage::QueueStorage;

/// The queue was shut down.
pub(super) struct Refused;

/// Waits for a place, which is the caller's to take, with the lock that comes with it.
#[inline]
pub(super) fn poll_place<'a, T, S: QueueStorage<T>>(
    queue: &'a Queue<T, S>,
    mut waiter: Pin<&mut Waiter<'_, State<S>, 3>>,
    cx: &mut Context<'_>,
) -> Poll<Result<Change<'a, T, S>, Refused>> {
    let mut state = queue.monitor.lock();
    match waiter.status() {
        Status::Idle if state.phase != Phase::Open => return Poll::Ready(Err(Refused)),
        Status::Idle if state.room() > 0 => return Poll::Ready(Ok(Change::new(state))),
        Status::Idle => state.push_back(PUTTERS, waiter.as_ref(), 0, cx.waker().clone()),
        Status::Waiting => {
            let old = state.renew(waiter.as_ref(), cx.waker());
            drop(state);
            drop(old);
        }
        Status::Notified(note) => {
            waiter.as_mut().reset();
            if note == PROMISE {
                state.promised_places -= 1;
            }
            if state.phase != Phase::Open {
                return Poll::Ready(Err(Refused));
            }
            return Poll::Ready(Ok(Change::new(state)));
        }
    }
    waits_for(WaitKind::Queue, queue.address());
    Poll::Pending
}

/// The wait is dropped: it leaves its line, and gives up what it was promised.
pub(super) fn leave_places<T, S: QueueStorage<T>>(
    queue: &Queue<T, S>,
    mut waiter: Pin<&mut Waiter<'_, State<S>, 3>>,
) {
    if waiter.status() == Status::Waiting {
        let left = queue.monitor.lock().remove(waiter.as_ref());
        drop(left);
    }
    if waiter.status() == Status::Notified(PROMISE) {
        waiter.as_mut().reset();
        let mut change = Change::new(queue.monitor.lock());
        change.promised_places -= 1;
    }
}

pin_project! {
    /// The wait for a place, and the item that goes there; from [`Queue::put`].
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Put<'a, T, S>
    where
        S: QueueStorage<T>,
    {
        pub(super) queue: &'a Queue<T, S>,
        pub(super) item: Option<T>,
        #[pin]
        pub(super) waiter: Waiter<'a, State<S>, 3>,
    }

    impl<T, S: QueueStorage<T>> PinnedDrop for Put<'_, T, S> {
        fn drop(this: Pin<&mut Self>) {
            if this.waiter.status() != Status::Idle {
                let this = this.project();
                leave_places(this.queue, this.waiter);
            }
        }
    }
}

impl<T, S: QueueStorage<T>> Future for Put<'_, T, S> {
    type Output = Result<(), QueueShutDown<T>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let placed = ready!(poll_place(this.queue, this.waiter, cx));
        let Some(item) = this.item.take() else {
            panic!("a put was polled after it had ended");
        };
        Poll::Ready(match placed {
            Ok(mut change) => {
                let back = change.storage.push(item);
                drop(change);
                // Now that the lock is free.
                drop(back);
                Ok(())
            }
            Err(Refused) => Err(QueueShutDown(item)),
        })
    }
}

impl<T, S: QueueStorage<T>> fmt::Debug for Put<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Put").finish_non_exhaustive()
    }
}
