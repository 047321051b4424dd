//! `Sending`: what a transport's mutex guards.

use std::io;
use std::task::Waker;

use asyncio_core::WakeList;
use asyncio_sync::monitor::Locked;

use super::DRAINERS;
use super::outgoing::Outgoing;
use crate::error::SharedError;

pub(super) type Guard<'a> = Locked<'a, Sending, 2>;

pub(super) struct Sending {
    pub(super) queue: Outgoing,
    pub(super) high: usize,
    pub(super) low: usize,
    pub(super) hard: Option<usize>,
    pub(super) paused: bool,
    /// So many bytes were sent at once since the writer last let others run.
    pub(super) streak: usize,
    pub(super) phase: Phase,
    pub(super) eof: Eof,
    /// A file is being sent: nobody else may write.
    pub(super) held: bool,
    /// The wire tells when it breaks, or has said that it will not.
    pub(super) watched: bool,
    /// Why the connection was lost.
    pub(super) error: Option<SharedError>,
    /// Something was in the queue at the end, and was not sent.
    pub(super) cut: bool,
    /// Who writes through `AsyncWrite` and waits for room, or for the queue to be sent.
    pub(super) poller: Option<Waker>,
    /// Who ends the connection when it closes and the queue has been sent: the layer, which waits for the peer's
    /// farewell.
    pub(super) lingering: Option<Waker>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Open,
    /// The queue is sent, then all is over.
    Closing,
    Closed,
}

/// The end of the sending direction, after all that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Eof {
    No,
    Wanted,
    Sent,
}

/// So many bytes a writer may send before others have their turn, though the system takes them all.
const TURN: usize = 256 * 1024;

impl Sending {
    /// Whether nothing keeps a writer from writing on.
    pub(super) fn is_flowing(&self) -> bool {
        !self.paused && self.phase != Phase::Closed && self.error.is_none()
    }

    /// Whether the writer has sent for so long that it is time for others. Counts anew if so.
    pub(super) fn is_turn_over(&mut self) -> bool {
        let over = self.streak >= TURN;
        if over {
            self.streak = 0;
        }
        over
    }

    /// Whether so many bytes more may be written.
    pub(super) fn check(&self, more: usize) -> io::Result<()> {
        if let Some(error) = &self.error {
            return Err(error.again());
        }
        if self.phase != Phase::Open {
            return Err(closed());
        }
        if self.held {
            return Err(busy());
        }
        if self.eof != Eof::No {
            let message = "cannot write after write_eof()";
            return Err(io::Error::new(io::ErrorKind::BrokenPipe, message));
        }
        if let Some(most) = self.hard {
            let queued = self.queue.len();
            if queued.saturating_add(more) > most {
                let message =
                    format!("{more} bytes more than the {queued} that wait to be sent: the limit is {most}");
                return Err(io::Error::new(io::ErrorKind::StorageFull, message));
            }
        }
        Ok(())
    }

    /// Whether the hard limit is reached.
    pub(super) fn is_full(&self) -> bool {
        self.hard.is_some_and(|most| self.queue.len() >= most.max(1))
    }

    /// So many bytes, at least one, bring the queue just above the high-water mark, or to the hard limit.
    pub(super) fn room(&self) -> usize {
        let most = self.high.saturating_add(1).min(self.hard.unwrap_or(usize::MAX));
        most.saturating_sub(self.queue.len()).max(1)
    }
}

pub(super) fn busy() -> io::Error {
    let message = "a file is being sent over this connection: write after it";
    io::Error::new(io::ErrorKind::ResourceBusy, message)
}

pub(super) fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionReset, "the connection was closed")
}

/// Lets those go on who waited for the queue to become short enough.
pub(super) fn resume(sending: &mut Guard<'_>, wake: &mut WakeList) {
    if sending.paused && sending.queue.len() <= sending.low {
        sending.paused = false;
        sending.notify_all(DRAINERS, 0, wake);
    }
    if !sending.paused || sending.queue.is_empty() {
        if let Some(waker) = sending.poller.take() {
            wake.push(waker);
        }
    }
}
