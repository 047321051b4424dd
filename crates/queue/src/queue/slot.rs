//! `Slot`: a place in a queue that is sure.

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use asyncio_sync::monitor::{Status, Waiter};
use pin_project_lite::pin_project;

use super::Queue;
use super::put::{leave_places, poll_place};
use super::state::{Change, Phase, State};
use crate::error::QueueShutDown;
use crate::storage::QueueStorage;

pin_project! {
    /// The wait for a place; from [`Queue::reserve`].
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Reserve<'a, T, S>
    where
        S: QueueStorage<T>,
    {
        pub(super) queue: &'a Queue<T, S>,
        #[pin]
        pub(super) waiter: Waiter<'a, State<S>, 3>,
    }

    impl<T, S: QueueStorage<T>> PinnedDrop for Reserve<'_, T, S> {
        fn drop(this: Pin<&mut Self>) {
            if this.waiter.status() != Status::Idle {
                let this = this.project();
                leave_places(this.queue, this.waiter);
            }
        }
    }
}

impl<'a, T, S: QueueStorage<T>> Future for Reserve<'a, T, S> {
    type Output = Result<Slot<'a, T, S>, QueueShutDown>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let queue: &'a Queue<T, S> = this.queue;
        let placed = ready!(poll_place(queue, this.waiter, cx));
        Poll::Ready(match placed {
            Ok(mut change) => {
                change.reserved += 1;
                drop(change);
                Ok(Slot { queue })
            }
            Err(_) => Err(QueueShutDown(())),
        })
    }
}

impl<T, S: QueueStorage<T>> fmt::Debug for Reserve<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reserve").finish_non_exhaustive()
    }
}

/// A place in a queue, for one item. Dropped unused, it goes to the next who waits.
#[must_use = "the place is given up when the slot is dropped"]
pub struct Slot<'a, T, S: QueueStorage<T>> {
    pub(super) queue: &'a Queue<T, S>,
}

impl<T, S: QueueStorage<T>> Slot<'_, T, S> {
    /// Puts the item; also after [`Queue::shutdown`]. After [`Queue::shutdown_immediate`] it is dropped, as those were
    /// that had been put before.
    pub fn put(self, item: T) {
        let queue = self.queue;
        mem::forget(self);
        let mut change = Change::new(queue.monitor.lock());
        change.reserved -= 1;
        let back = if change.phase == Phase::Closed {
            Some(item)
        } else {
            change.storage.push(item)
        };
        drop(change);
        // Now that the lock is free.
        drop(back);
    }
}

impl<T, S: QueueStorage<T>> Drop for Slot<'_, T, S> {
    fn drop(&mut self) {
        Change::new(self.queue.monitor.lock()).reserved -= 1;
    }
}

impl<T, S: QueueStorage<T>> fmt::Debug for Slot<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").finish_non_exhaustive()
    }
}
