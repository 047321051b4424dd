//! `TlsLayer`: a TLS connection between a stream and its wire.
//!
//! The wire is read for whoever reads the stream, and nothing is read ahead: what came from it and was not opened yet is at most
//! one read's worth, and a peer that sends too much is held up by the system. Records that are to be sent go into the transport's
//! queue, which is the one flow control.
//!
//! Invariants: records enter the queue in the order in which they were made, for both happens under the layer's lock. Nothing
//! is sealed after close_notify. Nobody is woken under the lock.

use std::any::Any;
use std::io::{self, IoSlice};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use rustls::Connection;

use super::farewell::Farewell;
use super::options::Options;
use super::session::{Parted, Session};
use crate::transport::{Layer, Transport, Unsealed};

pub(super) struct TlsLayer {
    session: Mutex<Session>,
    shutdown_timeout: Duration,
}

impl TlsLayer {
    pub(super) fn new(connection: Connection, options: &Options, peer: String) -> TlsLayer {
        TlsLayer {
            session: Mutex::new(Session::new(connection, peer, options.allow_truncation)),
            shutdown_timeout: options.shutdown_timeout,
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
        let done = self.lock().poll_handshake(transport, cx);
        transport.send_queued();
        done
    }

    /// Reads what still comes after our close_notify, and forgets it; ready when the peer has said farewell too, or is
    /// gone.
    pub(super) fn poll_farewell(&self, transport: &Transport, cx: &mut Context<'_>) -> Poll<Parted> {
        let mut session = self.lock();
        let reader = session.part();
        let done = session.poll_farewell(transport, cx);
        drop(session);
        if let Some(reader) = reader {
            reader.wake();
        }
        transport.send_queued();
        done
    }
}

impl Layer for TlsLayer {
    fn poll_read(
        &self,
        transport: &Transport,
        cx: &mut Context<'_>,
        buffer: &mut Vec<u8>,
        most: usize,
    ) -> Poll<io::Result<usize>> {
        let mut session = self.lock();
        let received = session.poll_read(transport, cx, buffer, most);
        let old = match &received {
            Poll::Pending => session.note_reader(cx.waker()),
            Poll::Ready(_) => None,
        };
        let queued = session.take_queued();
        drop(session);
        drop(old);
        if queued {
            transport.send_queued();
        }
        received
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
