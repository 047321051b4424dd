//! `Session`: a rustls connection, and the records that came and were not opened yet.

use std::io::{self, BufRead, IoSlice, Write};
use std::mem;
use std::task::{Poll, Waker};

use rustls::Connection;

use super::failure;
use crate::error::SharedError;
use crate::transport::{Transport, Unsealed};

/// The first read asks for so much; one that is filled doubles it, up to `MOST`.
const LEAST: usize = 4 * 1024;
const MOST: usize = 64 * 1024;

pub(super) struct Session {
    connection: Connection,
    /// Who it is that talks to us, for errors.
    peer: String,
    /// Whether an end without close_notify is an end like any other.
    allow_truncation: bool,
    /// What came from the wire. It is with whoever reads from there at the moment.
    incoming: Option<Incoming>,
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
    /// The farewell, which waits for a reader to be done with the wire.
    farewell: Option<Waker>,
}

/// What came from the wire; from `start` on it was not opened yet.
pub(super) struct Incoming {
    bytes: Vec<u8>,
    start: usize,
    /// What the next read asks for.
    ask: usize,
}

impl Session {
    pub(super) fn new(connection: Connection, peer: String, allow_truncation: bool) -> Session {
        Session {
            connection,
            peer,
            allow_truncation,
            incoming: Some(Incoming {
                bytes: Vec::new(),
                start: 0,
                ask: LEAST,
            }),
            eof: false,
            peer_closed: false,
            closed: false,
            parting: false,
            failed: None,
            queued: false,
            reader: None,
            farewell: None,
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

    /// Goes on with the handshake; nothing if it needs more from the wire.
    pub(super) fn shake(&mut self, transport: &Transport) -> Option<io::Result<()>> {
        loop {
            if let Err(error) = self.flush(transport) {
                return Some(Err(error));
            }
            if !self.connection.is_handshaking() {
                return Some(Ok(()));
            }
            if self.has_unopened() {
                if let Err(error) = self.open(transport) {
                    return Some(Err(error));
                }
            } else if self.eof {
                let message = "the peer closed the connection in the middle of the handshake";
                return Some(Err(io::Error::new(io::ErrorKind::UnexpectedEof, message)));
            } else {
                return None;
            }
        }
    }

    /// Moves what has come to the end of `buffer`; nothing if it needs more from the wire.
    pub(super) fn read(
        &mut self,
        transport: &Transport,
        buffer: &mut Vec<u8>,
        most: usize,
    ) -> Option<io::Result<usize>> {
        if self.parting {
            return Some(Ok(0));
        }
        let mut got = 0;
        loop {
            got += self.take(buffer, most - got);
            if got == most || !self.has_unopened() || self.has_ended() {
                break;
            }
            if let Err(error) = self.open(transport) {
                self.failed = Some(SharedError::new(error));
            }
        }
        if got > 0 || most == 0 {
            return Some(Ok(got));
        }
        if let Some(error) = &self.failed {
            return Some(Err(error.again()));
        }
        if self.peer_closed {
            return Some(Ok(0));
        }
        self.eof.then(|| self.cut(transport))
    }

    /// The wire has ended, but not the stream.
    fn cut(&self, transport: &Transport) -> io::Result<usize> {
        // A write that has found the connection broken has shut it down: that is not how the peer ends it.
        if let Some(error) = transport.error() {
            return Err(error.again());
        }
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

    /// Whether rustls has not got all of what came.
    fn has_unopened(&self) -> bool {
        let incoming = self.incoming.as_ref();
        incoming.is_some_and(|incoming| incoming.start < incoming.bytes.len())
    }

    /// Gives rustls some of what came, and sends its answers. There must be no plaintext in it.
    fn open(&mut self, transport: &Transport) -> io::Result<()> {
        if let Some(incoming) = &mut self.incoming {
            let mut rest = &incoming.bytes[incoming.start..];
            let before = rest.len();
            self.connection.read_tls(&mut rest)?;
            incoming.start += before - rest.len();
            if incoming.start == incoming.bytes.len() {
                incoming.bytes.clear();
                incoming.start = 0;
            }
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

    /// Gives away what is needed to read from the wire, of which all was opened; nothing while somebody else has it.
    pub(super) fn lend(&mut self) -> Option<Incoming> {
        self.incoming.take()
    }

    /// It comes back, with what there was to be read. The waker is for the farewell, which waits for it.
    pub(super) fn give_back(
        &mut self,
        mut incoming: Incoming,
        read: &Poll<io::Result<usize>>,
    ) -> Option<Waker> {
        match read {
            Poll::Ready(Ok(0)) => self.eof = true,
            Poll::Ready(Ok(count)) if *count >= incoming.ask => incoming.ask = (incoming.ask * 2).min(MOST),
            Poll::Ready(_) => {}
            // Nobody needs the memory while there is nothing to read.
            Poll::Pending => incoming.bytes = Vec::new(),
        }
        self.incoming = Some(incoming);
        self.farewell.take()
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

    pub(super) fn is_parting(&self) -> bool {
        self.parting
    }

    /// The farewell must wait until a reader is done with the wire.
    pub(super) fn let_wait(&mut self, farewell: &Waker) {
        self.farewell = Some(farewell.clone());
    }

    /// Forgets what has come; nothing if the peer has more to say. It does not matter why it has not.
    pub(super) fn part_with(&mut self, transport: &Transport) -> Option<io::Result<()>> {
        loop {
            self.forget();
            if self.eof || self.has_ended() {
                return Some(Ok(()));
            }
            if !self.has_unopened() {
                return None;
            }
            if let Err(error) = self.open(transport) {
                return Some(Err(error));
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

impl Incoming {
    /// Where the wire's bytes go, and how many are asked for.
    pub(super) fn room(&mut self) -> (&mut Vec<u8>, usize) {
        (&mut self.bytes, self.ask)
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
