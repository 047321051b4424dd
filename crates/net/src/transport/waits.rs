//! The waits for a transport: until it is not paused, and until it is closed.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use asyncio_core::{WaitKind, waits_for};
use asyncio_sync::monitor::{Status, Waiter};
use pin_project_lite::pin_project;

use super::sending::{Phase, Sending, closed};
use super::{CLOSERS, DRAINERS, Shared, Transport};

/// The answer, if there is one.
type Look = fn(&Sending) -> Option<io::Result<()>>;

/// Waits on a list until `look` has an answer.
fn poll(
    shared: &Shared,
    mut waiter: Pin<&mut Waiter<'_, Sending, 2>>,
    list: usize,
    look: Look,
    cx: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    let mut sending = shared.sending.lock();
    waiter.as_mut().reset();
    if let Some(answer) = look(&sending) {
        let left = sending.remove(waiter.as_ref());
        drop(sending);
        drop(left);
        return Poll::Ready(answer);
    }
    let old = match waiter.status() {
        Status::Waiting => sending.renew(waiter.as_ref(), cx.waker()),
        _ => {
            sending.push_back(list, waiter.as_ref(), 0, cx.waker().clone());
            None
        }
    };
    drop(sending);
    drop(old);
    // What has no number is told by an address.
    let number = shared.wire.number();
    waits_for(WaitKind::Io, number.unwrap_or((&raw const *shared).addr()));
    Poll::Pending
}

fn drained(sending: &Sending) -> Option<io::Result<()>> {
    match &sending.error {
        Some(error) => Some(Err(error.again())),
        None if sending.phase == Phase::Closed => Some(Err(closed())),
        None => (!sending.paused).then_some(Ok(())),
    }
}

fn ended(sending: &Sending) -> Option<io::Result<()>> {
    if sending.phase != Phase::Closed {
        return None;
    }
    Some(match &sending.error {
        Some(error) => Err(error.again()),
        None => Ok(()),
    })
}

pin_project! {
    /// The wait while a transport is paused; from [`Transport::drain`].
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Drain<'a> {
        shared: &'a Shared,
        #[pin]
        waiter: Waiter<'a, Sending, 2>,
    }
}

impl<'a> Drain<'a> {
    pub(super) fn new(transport: &'a Transport) -> Drain<'a> {
        let shared = &*transport.shared;
        let waiter = Waiter::new(&shared.sending);
        Drain { shared, waiter }
    }
}

impl Future for Drain<'_> {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.project();
        let mut sending = this.shared.sending.lock();
        // The usual case: there is room. Who has waited has let others run.
        if sending.is_flowing() && !matches!(this.waiter.status(), Status::Waiting) {
            let waited = matches!(this.waiter.status(), Status::Notified(_));
            if !sending.is_turn_over() || waited {
                return Poll::Ready(Ok(()));
            }
            drop(sending);
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        drop(sending);
        poll(this.shared, this.waiter, DRAINERS, drained, cx)
    }
}

impl fmt::Debug for Drain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain").finish_non_exhaustive()
    }
}

pin_project! {
    /// The wait for the end of a connection; from [`Transport::wait_closed`].
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct WaitClosed<'a> {
        shared: &'a Arc<Shared>,
        #[pin]
        waiter: Waiter<'a, Sending, 2>,
    }
}

impl<'a> WaitClosed<'a> {
    pub(super) fn new(transport: &'a Transport) -> WaitClosed<'a> {
        let shared = &transport.shared;
        let waiter = Waiter::new(&shared.sending);
        WaitClosed { shared, waiter }
    }
}

impl Future for WaitClosed<'_> {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.project();
        this.shared.watch();
        poll(this.shared, this.waiter, CLOSERS, ended, cx)
    }
}

impl fmt::Debug for WaitClosed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitClosed").finish_non_exhaustive()
    }
}
