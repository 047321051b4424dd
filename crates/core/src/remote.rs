//! `Remote`: the side of a ready queue that other threads push to, and the protocol by which its owner parks.
//!
//! The owner sets `parked`, then looks at the queue; a pusher pushes, then looks at `parked`. A fence between the
//! two steps on both sides makes it impossible that both look before the other has written, so either the owner
//! sees the item and does not park, or the pusher sees the flag and unparks the owner. The flag is taken by a
//! swap: of many pushers one pays for the system call. (This is Dekker's store-then-load, with the flag as one of
//! the two variables.) The owner writes the flag by swaps too: loom, which checks this, may order a plain store behind
//! a swap that did not see it.
//!
//! A `Remote` is never freed but used again by a later loop (see `table`): a pusher may still stand between its
//! push and its look when the loop that it pushed to has taken the item and ended. What it then does to the next
//! owner is one unpark for nothing.

use std::sync::PoisonError;
use std::task::Waker;

use crate::sync::{AtomicBool, Mutex, Ordering, RemoteQueue, fence};

#[derive(Debug)]
pub(crate) struct Remote<T> {
    queue: RemoteQueue<T>,
    /// The owner waits, or is about to, and wants to be told of the next push.
    parked: AtomicBool,
    /// Ends the owner's wait.
    unpark: Mutex<Option<Waker>>,
}

impl<T> Remote<T> {
    pub(crate) fn new() -> Remote<T> {
        Remote {
            queue: RemoteQueue::unbounded(),
            parked: AtomicBool::new(false),
            unpark: Mutex::new(None),
        }
    }

    /// Sets what ends the owner's wait.
    pub(crate) fn set_unpark(&self, unpark: Option<Waker>) {
        let previous = {
            let mut slot = self.unpark.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *slot, unpark)
        };
        drop(previous);
    }

    /// Pushes from any thread, and unparks the owner if it waits.
    pub(crate) fn push(&self, item: T) {
        if self.queue.push(item).is_err() {
            unreachable!("the queue of a loop is unbounded and never closed");
        }
        self.wake_parked();
    }

    /// Unparks the owner if it waits.
    pub(crate) fn wake_parked(&self) {
        fence(Ordering::SeqCst);
        if self.parked.load(Ordering::Relaxed) && self.parked.swap(false, Ordering::Relaxed) {
            let unpark = self.unpark.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if let Some(unpark) = unpark {
                unpark.wake();
            }
        }
    }

    pub(crate) fn pop(&self) -> Option<T> {
        self.queue.pop().ok()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Announces that the owner is about to wait. `false` means that there is something to do first.
    pub(crate) fn prepare_park(&self) -> bool {
        self.parked.swap(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if self.queue.is_empty() {
            return true;
        }
        self.parked.swap(false, Ordering::Relaxed);
        false
    }

    /// Withdraws the announcement.
    pub(crate) fn unparked(&self) {
        self.parked.swap(false, Ordering::Relaxed);
    }
}

#[cfg(all(test, asyncio_loom))]
mod loom_tests {
    use super::*;
    use loom::sync::{Arc, Notify};
    use std::task::Wake;

    /// Stands for the reactor's notifier: it ends a wait, whether it comes before or during it.
    struct Notifier(Arc<Notify>);

    impl Wake for Notifier {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.notify();
        }
    }

    fn remote_with_notifier() -> (Arc<Remote<u32>>, Arc<Notify>) {
        let notify = Arc::new(Notify::new());
        let remote = Arc::new(Remote::new());
        remote.set_unpark(Some(Waker::from(std::sync::Arc::new(Notifier(notify.clone())))));
        (remote, notify)
    }

    /// The owner's side as the loop runs it: take everything, park only when there is nothing.
    fn take(remote: &Remote<u32>, notifier: &Notify, mut wanted: u32) {
        while wanted > 0 {
            while let Some(_item) = remote.pop() {
                wanted -= 1;
            }
            if wanted > 0 && remote.prepare_park() {
                notifier.wait();
                remote.unparked();
            }
        }
    }

    /// A lost wakeup would be an deadlock here, which loom reports.
    #[test]
    fn loom_no_push_is_lost_while_the_owner_parks() {
        loom::model(|| {
            let (remote, notifier) = remote_with_notifier();
            let pusher = {
                let remote = remote.clone();
                loom::thread::spawn(move || remote.push(1))
            };
            take(&remote, &notifier, 1);
            pusher.join().unwrap();
        });
    }

    #[test]
    fn loom_two_pushers_and_a_parking_owner() {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(3);
        model.check(|| {
            let (remote, notifier) = remote_with_notifier();
            let pushers: Vec<_> = (0..2)
                .map(|n| {
                    let remote = remote.clone();
                    loom::thread::spawn(move || remote.push(n))
                })
                .collect();
            take(&remote, &notifier, 2);
            for pusher in pushers {
                pusher.join().unwrap();
            }
        });
    }
}
