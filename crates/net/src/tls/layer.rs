//! `TlsLayer`: a TLS connection between a stream and its wire.
//!
//! The wire is read for whoever reads the stream, and nothing is read ahead: what came from it and was not opened yet is at most
//! one read's worth, and a peer that sends too much is held up by the system. Records that are to be sent go into the transport's
//! queue, which is the one flow control.
//!
//! Invariants: records enter the queue in the order in which they were made, for both happens under the layer's lock. Nothing
//! is sealed after close_notify. Nobody is woken under the lock, and the wire is not read under it.

use std::any::Any;
use std::io::{self, IoSlice};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use rustls::Connection;

use super::farewell::Farewell;
use super::options::Options;
use super::session::Session;
use crate::transport::{Layer, Transport, Unsealed};

/// After so many reads without an end the others have their turn: a peer could send empty records for ever.
const READS: usize = 32;

pub(super) struct TlsLayer {
    session: Mutex<Session>,
    shutdown_timeout: Duration,
}

impl TlsLayer {
    pub(super) fn new(connection: Connection, options: &Options, peer: String) -> TlsLayer {
        TlsLayer {
            session: Mutex::new(Session::new(connection, peer, options.allow_truncation)),
            shutdown_timeout: options.shutdown_timeout(),
        }
    }

    /// The layer of a transport, if TLS has begun there.
    pub(super) fn of(transport: &Transport) -> Option<&TlsLayer> {
        transport.layer()?.as_any().downcast_ref()
    }

    /// A panic in rustls would have left the session as it is; what it does then is an error, never worse.
    pub(super) fn lock(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes on with the handshake.
    pub(super) fn poll_handshake(&self, transport: &Transport, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.turn(transport, cx, Who::Reader, |session| session.shake(transport))
            .poll(cx)
    }

    /// Reads what still comes after our close_notify, and forgets it; ready when the peer has said farewell too, or is
    /// gone.
    pub(super) fn poll_farewell(&self, transport: &Transport, cx: &mut Context<'_>) -> Poll<Parted> {
        let reader = self.lock().part();
        let turn = self.turn(transport, cx, Who::Farewell, |session| {
            session.part_with(transport)
        });
        if let Some(reader) = reader {
            reader.wake();
        }
        match turn {
            Turn::Waits => Poll::Pending,
            Turn::Tired => Poll::Ready(Parted::NotYet),
            // All that was written was sent, and the peer need not be told any more.
            Turn::Done(_) => Poll::Ready(Parted::Yes),
        }
    }

    /// Takes steps, and reads from the wire in between, until a step is the last one.
    fn turn<T>(
        &self,
        transport: &Transport,
        cx: &mut Context<'_>,
        who: Who,
        mut step: impl FnMut(&mut Session) -> Option<io::Result<T>>,
    ) -> Turn<T> {
        let mut farewell = None;
        let mut reads = 0;
        let mut session = self.lock();
        let turn = loop {
            if let Some(done) = step(&mut session) {
                break Turn::Done(done);
            }
            if reads == READS {
                break Turn::Tired;
            }
            reads += 1;
            let Some(mut incoming) = session.lend() else {
                break match who {
                    Who::Farewell => {
                        session.let_wait(cx.waker());
                        Turn::Waits
                    }
                    Who::Reader => Turn::Done(Err(io::Error::other("an earlier read has panicked"))),
                };
            };
            // Without the lock: when a wire takes one waker it may wake another, or drop it, and with it a task that
            // owns the other half of this connection.
            drop(session);
            let (bytes, ask) = incoming.room();
            let read = transport.wire().poll_read(cx, bytes, ask);
            session = self.lock();
            farewell = farewell.or(session.give_back(incoming, &read));
            match read {
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => break Turn::Done(Err(error)),
                // It was closed in the meantime, and the farewell may have looked for a reader to tell before.
                Poll::Pending if who == Who::Reader && session.is_parting() => {}
                Poll::Pending => break Turn::Waits,
            }
        };
        let old = match (&turn, who) {
            (Turn::Waits, Who::Reader) => session.note_reader(cx.waker()),
            _ => None,
        };
        let queued = session.take_queued();
        drop(session);
        drop(old);
        if queued {
            transport.send_queued();
        }
        if let Some(farewell) = farewell {
            farewell.wake();
        }
        turn
    }
}

/// Who reads from the wire.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    Reader,
    /// From when it has begun the reader has nothing more to read.
    Farewell,
}

/// What a turn has come to.
enum Turn<T> {
    Done(io::Result<T>),
    /// For the wire.
    Waits,
    /// Others should have their turn.
    Tired,
}

impl<T> Turn<T> {
    fn poll(self, cx: &Context<'_>) -> Poll<io::Result<T>> {
        match self {
            Turn::Done(done) => Poll::Ready(done),
            Turn::Waits => Poll::Pending,
            Turn::Tired => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }
}

/// What came of the wait for the peer's close_notify.
pub(super) enum Parted {
    /// It came, or cannot come any more.
    Yes,
    /// Much else came; it is time to let others go on.
    NotYet,
}

impl Layer for TlsLayer {
    fn poll_read(
        &self,
        transport: &Transport,
        cx: &mut Context<'_>,
        buffer: &mut Vec<u8>,
        most: usize,
    ) -> Poll<io::Result<usize>> {
        self.turn(transport, cx, Who::Reader, |session| {
            session.read(transport, buffer, most)
        })
        .poll(cx)
    }

    fn seal(&self, transport: &Transport, pieces: &[IoSlice<'_>]) -> Result<(), Unsealed> {
        let sealed = self.lock().seal(transport, pieces);
        transport.send_queued();
        sealed
    }

    fn close(&self, transport: &Transport) -> Option<Waker> {
        if self.lock().close(transport) {
            let timeout = self.shutdown_timeout;
            Some(Waker::from(Arc::new(Farewell::new(transport.clone(), timeout))))
        } else {
            None
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
