//! `Session`: a rustls connection, and the records that came and were not opened yet.

use std::io::{self, BufRead, IoSlice, Write};
use std::mem;
use std::task::{Context, Poll, Waker, ready};

use rustls::Connection;

use super::failure;
use crate::error::SharedError;
use crate::transport::{Transport, Unsealed};

/// The first read asks for so much; one that is filled doubles it, up to `MOST`.
const LEAST: usize = 4 * 1024;
const MOST: usize = 64 * 1024;

/// After so many reads without a byte for the stream the others have their turn: a peer could send empty records for
/// ever.
const READS: usize = 32;

pub(super) struct Session {
    connection: Connection,
    /// Who it is that talks to us, for errors.
    peer: String,
    /// Whether an end without close_notify is an end like any other.
    allow_truncation: bool,
    /// What came from the wire; from `start` on it was not opened yet.
    incoming: Vec<u8>,
    start: usize,
    /// What the next read asks for.
    ask: usize,
    /// The wire has ended.
    eof: bool,
    /// The peer has said that it sends no more.
    peer_closed: bool,
    /// We have.
    closed: bool,
    /// What comes now is forgotten.
    parting: bool,
    /// Why nothing more can be read.
    failed: Option<SharedError>,
    /// Records were made since somebody asked.
    queued: bool,
    /// Who waits for more.
    reader: Option<Waker>,
}

/// What came of the wait for the peer's close_notify.
pub(super) enum Parted {
    /// It came, or cannot come any more.
    Yes,
    /// Much else came; it is time to let others go on.
    NotYet,
}

impl Session {
    pub(super) fn new(connection: Connection, peer: String, allow_truncation: bool) -> Session {
        Session {
            connection,
            peer,
            allow_truncation,
            incoming: Vec::new(),
            start: 0,
            ask: LEAST,
            eof: false,
            peer_closed: false,
            closed: false,
            parting: false,
            failed: None,
            queued: false,
            reader: None,
        }
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(super) fn peer(&self) -> &str {
        &self.peer
    }

    /// Whether something was queued since the last call.
    pub(super) fn take_queued(&mut self) -> bool {
        mem::take(&mut self.queued)
    }

    /// Remembers who waits, to be told of the end; what is to be dropped comes back.
    pub(super) fn note_reader(&mut self, waker: &Waker) -> Option<Waker> {
        match &self.reader {
            Some(reader) if reader.will_wake(waker) => None,
            _ => self.reader.replace(waker.clone()),
        }
    }

    pub(super) fn poll_handshake(
        &mut self,
        transport: &Transport,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            self.flush(transport)?;
            if !self.connection.is_handshaking() {
                return Poll::Ready(Ok(()));
            }
            if self.start < self.incoming.len() {
                self.open(transport)?;
            } else if self.eof {
                let message = "the peer closed the connection in the middle of the handshake";
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::UnexpectedEof, message)));
            } else {
                ready!(self.poll_wire(transport, cx))?;
            }
        }
    }

    pub(super) fn poll_read(
        &mut self,
        transport: &Transport,
        cx: &mut Context<'_>,
        buffer: &mut Vec<u8>,
        most: usize,
    ) -> Poll<io::Result<usize>> {
        if self.parting {
            return Poll::Ready(Ok(0));
        }
        let mut got = 0;
        for _ in 0..READS {
            loop {
                got += self.take(buffer, most - got);
                if got == most || self.start == self.incoming.len() || self.has_ended() {
                    break;
                }
                if let Err(error) = self.open(transport) {
                    self.failed = Some(SharedError::new(error));
                }
            }
            if got > 0 || most == 0 {
                return Poll::Ready(Ok(got));
            }
            if let Some(error) = &self.failed {
                return Poll::Ready(Err(error.again()));
            }
            if self.peer_closed {
                return Poll::Ready(Ok(0));
            }
            if self.eof {
                return Poll::Ready(self.cut());
            }
            ready!(self.poll_wire(transport, cx))?;
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// The wire has ended, but not the stream.
    fn cut(&self) -> io::Result<usize> {
        if self.allow_truncation {
            return Ok(0);
        }
        let message = format!("{} closed the connection without close_notify", self.peer);
        Err(io::Error::new(io::ErrorKind::UnexpectedEof, message))
    }

    /// Nothing more will be opened.
    fn has_ended(&self) -> bool {
        self.failed.is_some() || self.peer_closed
    }

    /// Moves plaintext to the end of `buffer`.
    fn take(&mut self, buffer: &mut Vec<u8>, most: usize) -> usize {
        let mut got = 0;
        while got < most {
            let mut reader = self.connection.reader();
            // Its only error is that there is nothing now.
            let chunk = reader.fill_buf().unwrap_or_default();
            if chunk.is_empty() {
                break;
            }
            let count = chunk.len().min(most - got);
            buffer.extend_from_slice(&chunk[..count]);
            reader.consume(count);
            got += count;
        }
        got
    }

    /// Gives rustls some of what came, and sends its answers. There must be no plaintext in it.
    fn open(&mut self, transport: &Transport) -> io::Result<()> {
        let mut rest = &self.incoming[self.start..];
        let before = rest.len();
        self.connection.read_tls(&mut rest)?;
        self.start += before - rest.len();
        if self.start == self.incoming.len() {
            self.incoming.clear();
            self.start = 0;
        }
        let handshaking = self.connection.is_handshaking();
        let opened = self.connection.process_new_packets();
        // Also when that has failed: the peer is told why.
        let flushed = self.flush(transport);
        match opened {
            Ok(state) => {
                self.peer_closed |= state.peer_has_closed();
                flushed
            }
            Err(error) => Err(failure::failed(handshaking, &self.peer, error)),
        }
    }

    /// Reads from the wire, of which all was opened.
    fn poll_wire(&mut self, transport: &Transport, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        debug_assert!(self.incoming.is_empty(), "all that came was opened");
        match transport.wire().poll_read(cx, &mut self.incoming, self.ask) {
            Poll::Ready(Ok(0)) => self.eof = true,
            Poll::Ready(Ok(count)) if count >= self.ask => self.ask = (self.ask * 2).min(MOST),
            Poll::Ready(Ok(_)) => {}
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            Poll::Pending => {
                // Nobody needs the memory while there is nothing to read.
                self.incoming = Vec::new();
                return Poll::Pending;
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Queues the records that rustls has made.
    fn flush(&mut self, transport: &Transport) -> io::Result<()> {
        while self.connection.wants_write() {
            self.queued = true;
            self.connection.write_tls(&mut Records(transport))?;
        }
        Ok(())
    }

    pub(super) fn seal(&mut self, transport: &Transport, pieces: &[IoSlice<'_>]) -> Result<(), Unsealed> {
        if self.closed {
            let message = "the connection was closed";
            return Err(Unsealed::Refused(io::Error::new(
                io::ErrorKind::ConnectionReset,
                message,
            )));
        }
        if self.connection.is_handshaking() {
            let message = "the TLS handshake is not done: await it before something is written";
            return Err(Unsealed::Refused(io::Error::new(
                io::ErrorKind::NotConnected,
                message,
            )));
        }
        match pieces {
            [one] => self.seal_all(transport, &mut [IoSlice::new(one)]),
            many => self.seal_all(transport, &mut many.to_vec()),
        }
        .map_err(Unsealed::Lost)
    }

    /// rustls takes 64 KiB at a time.
    fn seal_all(&mut self, transport: &Transport, mut pieces: &mut [IoSlice<'_>]) -> io::Result<()> {
        IoSlice::advance_slices(&mut pieces, 0);
        while !pieces.is_empty() {
            let taken = self.connection.writer().write_vectored(pieces)?;
            if taken == 0 {
                let message = "the TLS keys are used up: make a new connection";
                return Err(io::Error::new(io::ErrorKind::WriteZero, message));
            }
            IoSlice::advance_slices(&mut pieces, taken);
            self.flush(transport)?;
        }
        Ok(())
    }

    /// Sends close_notify; whether the peer's is still to come.
    pub(super) fn close(&mut self, transport: &Transport) -> bool {
        if !mem::replace(&mut self.closed, true) {
            self.connection.send_close_notify();
            // A connection that is lost is found so by whoever waits for its end.
            if self.flush(transport).is_err() {
                self.eof = true;
            }
        }
        let heard = self.eof || self.has_ended();
        !heard && !self.connection.is_handshaking()
    }

    /// From now on what comes is forgotten, and the reader sees the end; it comes back, to be told.
    pub(super) fn part(&mut self) -> Option<Waker> {
        self.parting = true;
        self.reader.take()
    }

    pub(super) fn poll_farewell(&mut self, transport: &Transport, cx: &mut Context<'_>) -> Poll<Parted> {
        let mut reads = 0;
        loop {
            self.forget();
            if self.eof || self.has_ended() {
                return Poll::Ready(Parted::Yes);
            }
            let gone = if self.start < self.incoming.len() {
                self.open(transport)
            } else if reads == READS {
                return Poll::Ready(Parted::NotYet);
            } else {
                reads += 1;
                ready!(self.poll_wire(transport, cx))
            };
            if gone.is_err() {
                // All that was written was sent, and the peer need not be told any more.
                return Poll::Ready(Parted::Yes);
            }
        }
    }

    /// Throws plaintext away.
    fn forget(&mut self) {
        let mut reader = self.connection.reader();
        while let Ok(count @ 1..) = reader.fill_buf().map(<[u8]>::len) {
            reader.consume(count);
        }
    }
}

/// Where rustls writes its records: to the transport, which takes all.
struct Records<'a>(&'a Transport);

impl Write for Records<'_> {
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(record)])
    }

    fn write_vectored(&mut self, records: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.send_raw(records)?;
        Ok(records.iter().map(|record| record.len()).sum())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
