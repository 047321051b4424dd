//! A transport as `AsyncWrite` sees it: a write takes no more than there is room for, and who polls waits in one slot.

use std::io::{self, IoSlice};
use std::task::{Context, Poll};

use super::Transport;
use super::sending::{Eof, Phase, closed};

impl Transport {
    /// As much of the pieces as the system takes at once, or else as much as brings the queue just above the
    /// high-water mark; how much that is. For `AsyncWrite`.
    pub(crate) fn write_some(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let shared = &self.shared;
        let total = pieces.iter().map(|piece| piece.len()).sum::<usize>();
        let mut sending = shared.sending.lock();
        sending.check(usize::from(total > 0))?;
        if total == 0 {
            return Ok(0);
        }
        let mut room = sending.room().min(total);
        if let Some(layer) = shared.layer.get() {
            drop(sending);
            let Some(first) = pieces.iter().find(|piece| !piece.is_empty()) else {
                return Ok(0);
            };
            room = room.min(first.len());
            self.write_layered(&**layer, &[IoSlice::new(&first[..room])])?;
            return Ok(room);
        }
        match shared.send_now(&mut sending, pieces) {
            Ok(0) => {}
            Ok(sent) => return Ok(sent),
            Err(error) => return Err(shared.lose(sending, error)),
        }
        let mut left = room;
        for piece in pieces {
            let here = left.min(piece.len());
            sending.queue.push_slice(&piece[..here]);
            left -= here;
        }
        shared.send_queue(sending);
        Ok(room)
    }

    /// Ready when something can be written without being too much, or has failed: for `AsyncWrite`.
    pub(crate) fn poll_room(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut sending = self.shared.sending.lock();
        if sending.phase != Phase::Open || !sending.paused && !sending.is_full() {
            if sending.is_turn_over() {
                drop(sending);
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            return Poll::Ready(sending.check(0));
        }
        let old = sending.poller.replace(cx.waker().clone());
        drop(sending);
        drop(old);
        Poll::Pending
    }

    /// Ready when all that was written has been sent, or cannot be: for `AsyncWrite`.
    pub(crate) fn poll_sent(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut sending = self.shared.sending.lock();
        if let Some(error) = &sending.error {
            return Poll::Ready(Err(error.again()));
        }
        if sending.cut {
            return Poll::Ready(Err(closed()));
        }
        // Closing ends the direction too.
        if sending.phase == Phase::Closed || sending.queue.is_empty() && sending.eof != Eof::Wanted {
            return Poll::Ready(Ok(()));
        }
        let old = sending.poller.replace(cx.waker().clone());
        drop(sending);
        drop(old);
        Poll::Pending
    }
}
