//! `Put`: the wait for a place, and the item that goes there.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use asyncio_core::{WaitKind, waits_for};
use asyncio_sync::monitor::{Status, Waiter};
use pin_project_lite::pin_project;

use super::Queue;
use super::state::{PROMISE, PUTTERS, Phase, QueueLocked, State, offer_item};
use crate::error::QueueShutDown;
use crate::storage::QueueStorage;

/// The queue was shut down.
pub(super) struct Refused;

/// Waits for a place, and calls `enter` with the lock held when there is one: it takes the place, and may wake
/// somebody.
#[inline]
pub(super) fn poll_place<T, S: QueueStorage<T>>(
    queue: &Queue<T, S>,
    mut waiter: Pin<&mut Waiter<'_, State<S>, 3>>,
    cx: &mut Context<'_>,
    enter: impl FnOnce(&mut QueueLocked<'_, S>) -> Option<Waker>,
) -> Poll<Result<(), Refused>> {
    let mut state = queue.monitor.lock();
    let mut old = None;
    match waiter.status() {
        Status::Idle if state.phase != Phase::Open => return Poll::Ready(Err(Refused)),
        Status::Idle if state.room() > 0 => {}
        Status::Idle => {
            state.push_back(PUTTERS, waiter.as_ref(), 0, cx.waker());
            drop(state);
            waits_for(WaitKind::Queue, queue.address());
            return Poll::Pending;
        }
        Status::Waiting => {
            old = state.renew(waiter.as_ref(), cx.waker());
            drop(state);
            drop(old);
            waits_for(WaitKind::Queue, queue.address());
            return Poll::Pending;
        }
        Status::Notified(note) => {
            waiter.as_mut().reset();
            if note == PROMISE {
                state.promised_places -= 1;
            }
            if state.phase != Phase::Open {
                return Poll::Ready(Err(Refused));
            }
        }
    }
    let waker = enter(&mut state);
    drop(state);
    drop(old);
    if let Some(waker) = waker {
        waker.wake();
    }
    Poll::Ready(Ok(()))
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
        queue.give_place(true);
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
        let item = this.item;
        let put = poll_place(this.queue, this.waiter, cx, |state| {
            if let Some(item) = item.take() {
                state.push(item);
            }
            offer_item(state)
        });
        match (put, item.take()) {
            (Poll::Pending, kept) => {
                *item = kept;
                Poll::Pending
            }
            (Poll::Ready(_), None) => Poll::Ready(Ok(())),
            (Poll::Ready(_), Some(refused)) => Poll::Ready(Err(QueueShutDown(refused))),
        }
    }
}

impl<T, S: QueueStorage<T>> fmt::Debug for Put<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Put").finish_non_exhaustive()
    }
}
