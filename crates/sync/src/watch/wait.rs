//! Waiting at a [`Monitor`] until its state has something for us, for those whom nobody hands anything over.
//!
//! A waiter is only told to look again, so one that is dropped has nothing to pass on.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use asyncio_core::{WaitKind, waits_for};

use crate::monitor::{Monitor, Status, Waiter};

/// Waits on that list until `ready`, called under the mutex, gives something.
///
/// Whoever makes a change that `ready` may be waiting for notifies the list under the same lock.
///
/// # Cancel safety
///
/// Dropped before it has ended, `ready` has given nothing.
pub(crate) async fn wait_until<S, R, const LISTS: usize>(
    monitor: &Monitor<S, LISTS>,
    list: usize,
    kind: WaitKind,
    mut ready: impl FnMut(&mut S) -> Option<R>,
) -> R {
    let mut waiter = pin!(Waiter::new(monitor));
    poll_fn(|cx| {
        let mut locked = monitor.lock();
        let found = ready(&mut locked);
        let old = if found.is_some() {
            locked.remove(waiter.as_ref())
        } else if waiter.status() == Status::Waiting {
            locked.renew(waiter.as_ref(), cx.waker())
        } else {
            waiter.as_mut().reset();
            locked.push_back(list, waiter.as_ref(), 0, cx.waker().clone());
            None
        };
        drop(locked);
        drop(old);
        match found {
            Some(found) => Poll::Ready(found),
            None => {
                waits_for(kind, (&raw const *monitor).addr());
                Poll::Pending
            }
        }
    })
    .await
}
