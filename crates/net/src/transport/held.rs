//! A transport that somebody holds for himself, to send a file over it: others are refused until he lets go.

use std::io::{self, IoSlice};
use std::task::{Context, Poll};

use super::Transport;
use super::sending::{Phase, closed};

/// Keeps others from writing while it lives.
pub(crate) struct Hold<'a>(&'a Transport);

impl Transport {
    /// Keeps others from writing.
    ///
    /// # Errors
    ///
    /// When nothing can be written, or somebody else holds it.
    pub(crate) fn hold(&self) -> io::Result<Hold<'_>> {
        let mut sending = self.shared.sending.lock();
        sending.check(0)?;
        sending.held = true;
        Ok(Hold(self))
    }
}

impl Hold<'_> {
    /// As much of `bytes` as there is room for, in the queue; it is sent from there.
    pub(crate) fn poll_put(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let shared = &self.0.shared;
        let mut sending = shared.sending.lock();
        if let Some(error) = &sending.error {
            return Poll::Ready(Err(error.again()));
        }
        if sending.phase != Phase::Open {
            return Poll::Ready(Err(closed()));
        }
        if sending.paused || sending.is_full() {
            let old = sending.poller.replace(cx.waker().clone());
            drop(sending);
            drop(old);
            return Poll::Pending;
        }
        let bytes = &bytes[..sending.room().min(bytes.len())];
        match shared.layer.get() {
            Some(layer) => {
                drop(sending);
                self.0.seal(&**layer, &[IoSlice::new(bytes)])?;
            }
            None => {
                sending.queue.push_slice(bytes);
                shared.send_queue(sending);
            }
        }
        Poll::Ready(Ok(bytes.len()))
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        self.0.shared.sending.lock().held = false;
    }
}
