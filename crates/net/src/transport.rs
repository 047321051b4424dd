//! `Transport`: a connection's sending side: what was written and could not be sent yet, and how much of that is too
//! much.
//!
//! What is written is sent at once if nothing lies in the queue; the rest is queued. The queue empties itself: the
//! reactor wakes the transport like a task when the wire takes bytes again, and the transport writes then and there,
//! on the thread that turns the reactor. So no task has to run for it, and it works on any executor. A transport
//! with a queue is kept by the reactor, so that what was written is sent also when nobody holds the transport.
//!
//! Above the high-water mark it is *paused* until the queue has come down to the low-water mark; those who `drain` wait
//! for that. This is the one flow control for streams and protocols, and for TLS, whose records lie in the queue.
//!
//! Invariants: bytes leave in the order of the writes. `paused` only while the queue is longer than the low-water
//! mark. Once lost or closed nothing is queued, and everybody who waits is told. No lock is held while something
//! is woken.

use std::fmt;
use std::io::{self, IoSlice};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Wake, Waker};

use asyncio_core::WakeList;
use asyncio_sync::monitor::Monitor;
use bytes::Bytes;

use crate::error::SharedError;
use crate::protocol::{CLOSING, Link};
use crate::wire::Wire;

mod held;
mod layer;
#[cfg(feature = "tls")]
mod layered;
mod limits;
mod outgoing;
mod polled;
mod reading;
mod sending;
mod waits;
mod watch;

pub use crate::sendfile::TransportSendfile;
pub(crate) use held::Hold;
pub(crate) use layer::{Layer, Unsealed};
pub(crate) use outgoing::Outgoing;
pub use waits::{Drain, WaitClosed};

use sending::{Eof, Guard, Phase, Sending, busy, resume};

/// As in Python: 64 KiB, and a quarter of it.
const HIGH: usize = 64 * 1024;
const LOW: usize = HIGH / 4;

/// So many slices go into one system call.
const SLICES: usize = 64;

const DRAINERS: usize = 0;
const CLOSERS: usize = 1;

/// The sending side of a connection, and its end: a handle, of which there can be many.
///
/// # Python
///
/// `asyncio.Transport`, as far as streams need it.
#[derive(Clone)]
pub struct Transport {
    shared: Arc<Shared>,
}

struct Shared {
    wire: Box<dyn Wire>,
    /// TLS, from the moment at which it begins.
    layer: OnceLock<Box<dyn Layer>>,
    sending: Monitor<Sending, 2>,
    /// The way to the protocol, if there is one.
    link: Option<Box<Link>>,
}

impl Transport {
    pub(crate) fn new(wire: Box<dyn Wire>) -> Transport {
        Transport::make(wire, None)
    }

    fn make(wire: Box<dyn Wire>, link: Option<Box<Link>>) -> Transport {
        let sending = Sending {
            queue: Outgoing::default(),
            high: HIGH,
            low: LOW,
            hard: None,
            paused: false,
            streak: 0,
            phase: Phase::Open,
            eof: Eof::No,
            held: false,
            watched: false,
            error: None,
            cut: false,
            poller: None,
            lingering: None,
        };
        Transport {
            shared: Arc::new(Shared {
                wire,
                layer: OnceLock::new(),
                sending: Monitor::new(sending),
                link,
            }),
        }
    }

    /// Sends bytes: at once if the system takes them, else as soon as it does. Never waits.
    ///
    /// # Errors
    ///
    /// Nothing of `bytes` is sent when the connection is lost, closed or closing, when
    /// [`write_eof`](Transport::write_eof) was called (`BrokenPipe`), while a [file](Transport::sendfile) is being sent
    /// (`ResourceBusy`), or when the queue would grow beyond its [hard limit](Transport::set_hard_limit)
    /// (`StorageFull`). If the connection breaks now, the system's error.
    pub fn write(&self, bytes: &[u8]) -> io::Result<()> {
        self.write_slices(&[IoSlice::new(bytes)])
    }

    /// As [`write`](Transport::write), for several pieces, which go out together.
    ///
    /// # Errors
    ///
    /// As [`write`](Transport::write).
    pub fn writelines<'a>(&self, pieces: impl IntoIterator<Item = &'a [u8]>) -> io::Result<()> {
        let pieces: Vec<IoSlice<'_>> = pieces.into_iter().map(IoSlice::new).collect();
        self.write_slices(&pieces)
    }

    /// As [`write`](Transport::write), for bytes that are given away: what cannot be sent at once is not copied.
    ///
    /// # Errors
    ///
    /// As [`write`](Transport::write).
    pub fn write_owned(&self, bytes: Bytes) -> io::Result<()> {
        let shared = &self.shared;
        if let Some(layer) = shared.layer.get() {
            return self.write_layered(&**layer, &[IoSlice::new(&bytes)]);
        }
        let mut sending = shared.sending.lock();
        sending.check(bytes.len())?;
        if bytes.is_empty() {
            return Ok(());
        }
        let sent = shared.send_now(&mut sending, &[IoSlice::new(&bytes)]);
        match sent {
            Ok(sent) if sent == bytes.len() => Ok(()),
            Ok(sent) => {
                sending.queue.push_bytes(bytes.slice(sent..));
                shared.send_queue(sending);
                Ok(())
            }
            Err(error) => Err(shared.lose(sending, error)),
        }
    }

    fn write_slices(&self, pieces: &[IoSlice<'_>]) -> io::Result<()> {
        let shared = &self.shared;
        if let Some(layer) = shared.layer.get() {
            return self.write_layered(&**layer, pieces);
        }
        let total = pieces.iter().map(|piece| piece.len()).sum();
        let mut sending = shared.sending.lock();
        sending.check(total)?;
        if total == 0 {
            // Some systems take a write of no pieces for an error.
            return Ok(());
        }
        match shared.send_now(&mut sending, pieces) {
            Ok(sent) if sent == total => Ok(()),
            Ok(mut sent) => {
                for piece in pieces {
                    let gone = sent.min(piece.len());
                    sending.queue.push_slice(&piece[gone..]);
                    sent -= gone;
                }
                shared.send_queue(sending);
                Ok(())
            }
            Err(error) => Err(shared.lose(sending, error)),
        }
    }

    /// Waits while the transport is paused: until what was written has been sent, but for a rest. Also lets others run
    /// now and then when the peer takes all at once.
    ///
    /// # Errors
    ///
    /// The system's, when the connection was lost; `ConnectionReset` when it was closed.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: what was written is sent all the same.
    pub fn drain(&self) -> Drain<'_> {
        Drain::new(self)
    }

    /// Ends the sending direction when all that was written has been sent; the peer sees the end of the stream.
    ///
    /// # Errors
    ///
    /// `Unsupported` when the direction cannot end alone; `ResourceBusy` while a [file](Transport::sendfile) is being
    /// sent.
    pub fn write_eof(&self) -> io::Result<()> {
        if !self.can_write_eof() {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "this connection cannot end one direction alone",
            ));
        }
        if self.is_one_way() {
            self.close();
            return Ok(());
        }
        let mut sending = self.shared.sending.lock();
        if sending.held {
            return Err(busy());
        }
        if sending.phase == Phase::Open && sending.eof == Eof::No {
            sending.eof = Eof::Wanted;
            self.shared.send_queue(sending);
        }
        Ok(())
    }

    /// Whether [`write_eof`](Transport::write_eof) is possible: not over TLS.
    pub fn can_write_eof(&self) -> bool {
        self.shared.layer.get().is_none() && self.shared.wire.can_close_write()
    }

    /// Closes the connection when all that was written has been sent. Nothing can be written any more; a read that
    /// waits sees the end.
    ///
    /// Over TLS the peer is told by close_notify, and has a while to answer.
    pub fn close(&self) {
        if self.shared.sending.lock().phase != Phase::Open {
            return;
        }
        self.shared.read_no_more();
        // Before the phase changes: from then on an empty queue is the end.
        let lingering = self.layer().and_then(|layer| layer.close(self));
        let mut sending = self.shared.sending.lock();
        if sending.phase != Phase::Open {
            return;
        }
        sending.phase = Phase::Closing;
        sending.lingering.clone_from(&lingering);
        self.shared.send_queue(sending);
        if let Some(waker) = lingering {
            waker.wake();
        }
    }

    /// Closes the connection at once. What was not sent yet is lost.
    pub fn abort(&self) {
        let sending = self.shared.sending.lock();
        if sending.phase != Phase::Closed {
            self.shared.end(sending, None);
        }
    }

    /// Whether the connection is closing, closed or lost. See [`wait_closed`](Transport::wait_closed) for how a loss is found.
    pub fn is_closing(&self) -> bool {
        self.shared.watch();
        self.shared.sending.lock().phase != Phase::Open
    }

    /// Waits until the connection is closed: by [`close`](Transport::close), when the queue has been sent, or because it
    /// was lost.
    ///
    /// It is a read or a write that finds a connection lost. On Linux, with the reactor's own backend, a reset is also found
    /// while nobody reads or writes, from the first call of this or of `is_closing` on. A peer that has closed in order is
    /// found by a read alone: what it sent before is still to be read.
    ///
    /// # Errors
    ///
    /// Why it was lost, if it was.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    ///
    /// # Python
    ///
    /// There the transport always reads, and so finds it on every system.
    pub fn wait_closed(&self) -> WaitClosed<'_> {
        WaitClosed::new(self)
    }

    /// The wire below, for those who know its type.
    pub(crate) fn wire(&self) -> &dyn Wire {
        &*self.shared.wire
    }

    /// Reads from the wire, through the layer if there is one.
    pub(crate) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut Vec<u8>,
        most: usize,
    ) -> Poll<io::Result<usize>> {
        match self.shared.layer.get() {
            None => self.shared.wire.poll_read(cx, buffer, most),
            Some(layer) => layer.poll_read(self, cx, buffer, most),
        }
    }

    pub(crate) fn layer(&self) -> Option<&dyn Layer> {
        self.shared.layer.get().map(|layer| &**layer)
    }

    fn write_layered(&self, layer: &dyn Layer, pieces: &[IoSlice<'_>]) -> io::Result<()> {
        let total = pieces.iter().map(|piece| piece.len()).sum();
        self.shared.sending.lock().check(total)?;
        self.seal(layer, pieces)
    }

    fn seal(&self, layer: &dyn Layer, pieces: &[IoSlice<'_>]) -> io::Result<()> {
        layer.seal(self, pieces).map_err(|error| match error {
            Unsealed::Refused(error) => error,
            Unsealed::Lost(error) => self.lost(error),
        })
    }

    /// Why the connection was lost, if it was.
    pub(crate) fn error(&self) -> Option<SharedError> {
        self.shared.sending.lock().error.clone()
    }

    /// The connection broke. Gives the error back, for the one who found it.
    pub(crate) fn lost(&self, error: io::Error) -> io::Error {
        self.shared.lose(self.shared.sending.lock(), error)
    }
}

impl Shared {
    /// Sends without waiting, if nothing is in front; how much went.
    #[inline]
    fn send_now(&self, sending: &mut Guard<'_>, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        if !sending.queue.is_empty() {
            return Ok(0);
        }
        match self.wire.try_write(pieces) {
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
                ) =>
            {
                Ok(0)
            }
            Ok(sent) => {
                sending.streak += sent;
                Ok(sent)
            }
            lost => lost,
        }
    }

    /// Sends what lies in the queue as far as the wire takes it, and sees to it that the rest follows.
    fn send_queue(self: &Arc<Self>, mut sending: Guard<'_>) {
        let waker = Waker::from(self.clone());
        let cx = &mut Context::from_waker(&waker);
        let mut wake = WakeList::new();
        while !sending.queue.is_empty() && sending.phase != Phase::Closed {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let count = sending.queue.slices(&mut slices);
            match self.wire.poll_write(cx, &slices[..count]) {
                Poll::Ready(Ok(0)) => {
                    self.lose(sending, io::ErrorKind::WriteZero.into());
                    return;
                }
                Poll::Ready(Ok(sent)) => {
                    sending.streak += sent;
                    sending.queue.advance(sent);
                }
                Poll::Ready(Err(error)) => {
                    self.lose(sending, error);
                    return;
                }
                Poll::Pending => break,
            }
        }
        sending.paused |= sending.queue.len() > sending.high;
        if sending.queue.is_empty() {
            if sending.phase == Phase::Closing {
                let Some(waker) = &sending.lingering else {
                    self.end(sending, None);
                    return;
                };
                wake.push(waker.clone());
            }
            if sending.eof == Eof::Wanted && sending.phase == Phase::Open {
                sending.eof = Eof::Sent;
                if let Err(error) = self.wire.close_write() {
                    self.lose(sending, error);
                    return;
                }
            }
        }
        resume(&mut sending, &mut wake);
        self.let_go(sending, wake);
    }

    /// Wakes, and tells the protocol when writing was paused or may go on.
    fn let_go(self: &Arc<Self>, sending: Guard<'_>, mut wake: WakeList) {
        let paused = sending.paused;
        let link = self.link.as_ref().filter(|link| link.differs(paused));
        drop(sending);
        wake.wake_all();
        if let Some(link) = link {
            let shared = self.clone();
            link.flow_changed(&Transport { shared }, paused);
        }
    }

    /// The transport closes, or is at its end: the protocol receives nothing any more.
    fn read_no_more(&self) {
        if let Some(link) = &self.link {
            link.set(CLOSING);
        }
    }

    /// The connection broke: everybody is told. Gives the error back.
    fn lose(&self, sending: Guard<'_>, error: io::Error) -> io::Error {
        let error = SharedError::new(error);
        let again = error.again();
        self.end(sending, Some(error));
        again
    }

    /// All is over.
    fn end(&self, mut sending: Guard<'_>, error: Option<SharedError>) {
        let mut wake = WakeList::new();
        if sending.phase != Phase::Closed {
            sending.phase = Phase::Closed;
            sending.error = error;
            sending.cut = !sending.queue.is_empty();
            sending.queue.clear();
            sending.paused = false;
            sending.notify_all(DRAINERS, 0, &mut wake);
            sending.notify_all(CLOSERS, 0, &mut wake);
            for waker in [sending.poller.take(), sending.lingering.take()]
                .into_iter()
                .flatten()
            {
                wake.push(waker);
            }
        }
        drop(sending);
        // A peer that is gone need not be told.
        drop(self.wire.close());
        wake.wake_all();
        if let Some(link) = &self.link {
            link.set(CLOSING);
            link.look();
        }
    }
}

/// The wire takes bytes again.
impl Wake for Shared {
    fn wake(self: Arc<Self>) {
        self.send_queue(self.sending.lock());
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.send_queue(self.sending.lock());
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (queued, paused, phase) = {
            let sending = self.shared.sending.lock();
            (sending.queue.len(), sending.paused, sending.phase)
        };
        f.debug_struct("Transport")
            .field("wire", &self.shared.wire)
            .field("queued", &queued)
            .field("paused", &paused)
            .field("phase", &phase)
            .finish()
    }
}
