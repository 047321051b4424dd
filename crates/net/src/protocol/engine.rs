//! `Engine`: a protocol as its connection sees it, whatever its type and kind.
//!
//! The kinds differ in how they are given what came. A `Protocol` is shown bytes that lie in memory which all the
//! connections of a thread share, so that an idle connection holds none; a `BufferedProtocol` is read into.

use std::any::Any;
use std::cell::Cell;
use std::io;
use std::task::{Context, Poll, ready};

use super::{BufferedProtocol, Protocol};
use crate::transport::Transport;

/// So much is read at once.
const MOST: usize = 64 * 1024;

/// What a read has come to.
pub(crate) enum Received {
    /// Bytes, which the protocol has had.
    Data,
    /// The end of the stream.
    Eof,
    /// The connection is lost.
    Failed(io::Error),
    /// The protocol gives no room.
    NoBuffer,
}

/// A protocol behind a pointer.
pub(crate) trait Engine {
    fn connection_made(&mut self, transport: Transport);
    fn connection_lost(&mut self, error: Option<io::Error>);
    fn pause_writing(&mut self);
    fn resume_writing(&mut self);
    fn eof_received(&mut self) -> bool;
    /// One read, and what the protocol does with it.
    fn receive(&mut self, transport: &Transport, cx: &mut Context<'_>) -> Poll<Received>;
    /// The protocol's own call in which `receive` was last.
    fn receiving(&self) -> &'static str;
    /// The protocol itself.
    fn protocol(&mut self) -> &mut dyn Any;
}

/// A [`Protocol`] or a [`BufferedProtocol`]. Which of the two is `Kind`, and is found by the compiler: a type should
/// implement one of the two traits.
pub trait AnyProtocol<Kind>: sealed::Sealed<Kind> {}

/// The kind of those that implement [`Protocol`].
#[derive(Debug, Clone, Copy)]
pub enum Stream {}

/// The kind of those that implement [`BufferedProtocol`].
#[derive(Debug, Clone, Copy)]
pub enum Buffered {}

pub(crate) mod sealed {
    use super::*;

    pub trait Sealed<Kind>: Sized + 'static {
        #[doc(hidden)]
        fn into_engine(self) -> OpaqueEngine;
    }

    /// An engine that nobody outside can look into.
    #[doc(hidden)]
    pub struct OpaqueEngine(pub(crate) Box<dyn Engine>);

    impl std::fmt::Debug for OpaqueEngine {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.debug_struct("OpaqueEngine").finish_non_exhaustive()
        }
    }
}

use sealed::OpaqueEngine;

impl<P: Protocol + 'static> AnyProtocol<Stream> for P {}
impl<P: Protocol + 'static> sealed::Sealed<Stream> for P {
    fn into_engine(self) -> OpaqueEngine {
        OpaqueEngine(Box::new(OfStream { protocol: self }))
    }
}

impl<P: BufferedProtocol + 'static> AnyProtocol<Buffered> for P {}
impl<P: BufferedProtocol + 'static> sealed::Sealed<Buffered> for P {
    fn into_engine(self) -> OpaqueEngine {
        OpaqueEngine(Box::new(OfBuffered {
            protocol: self,
            updating: false,
        }))
    }
}

struct OfStream<P> {
    protocol: P,
}

struct OfBuffered<P> {
    protocol: P,
    /// Bytes are in its buffer, and it is told so.
    updating: bool,
}

macro_rules! delegate {
    () => {
        fn connection_made(&mut self, transport: Transport) {
            self.protocol.connection_made(transport);
        }

        fn connection_lost(&mut self, error: Option<io::Error>) {
            self.protocol.connection_lost(error);
        }

        fn pause_writing(&mut self) {
            self.protocol.pause_writing();
        }

        fn resume_writing(&mut self) {
            self.protocol.resume_writing();
        }

        fn eof_received(&mut self) -> bool {
            self.protocol.eof_received()
        }

        fn protocol(&mut self) -> &mut dyn Any {
            &mut self.protocol
        }
    };
}

thread_local! {
    /// Where bytes lie while a protocol looks at them. It is taken out meanwhile.
    static SCRATCH: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
    /// The same for what comes through a layer, which appends.
    static OPENED: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

impl<P: Protocol + 'static> Engine for OfStream<P> {
    delegate!();

    fn receiving(&self) -> &'static str {
        "data_received"
    }

    #[inline]
    fn receive(&mut self, transport: &Transport, cx: &mut Context<'_>) -> Poll<Received> {
        if transport.layer().is_some() {
            return layered(transport, cx, |bytes| {
                self.protocol.data_received(bytes);
                Received::Data
            });
        }
        let mut scratch = SCRATCH.take().unwrap_or_else(|| vec![0; MOST].into());
        let read = transport.wire().poll_read_into(cx, &mut scratch);
        let received = read.map(|read| {
            received(read, |count| {
                self.protocol.data_received(&scratch[..count]);
                Received::Data
            })
        });
        SCRATCH.set(Some(scratch));
        received
    }
}

impl<P: BufferedProtocol + 'static> Engine for OfBuffered<P> {
    delegate!();

    fn receiving(&self) -> &'static str {
        if self.updating {
            "buffer_updated"
        } else {
            "get_buffer"
        }
    }

    #[inline]
    fn receive(&mut self, transport: &Transport, cx: &mut Context<'_>) -> Poll<Received> {
        if transport.layer().is_some() {
            return layered(transport, cx, |bytes| self.fill(bytes));
        }
        // Before room is asked for: there mostly is something, as somebody was woken for it.
        if let Err(error) = ready!(transport.wire().poll_incoming(cx)) {
            return Poll::Ready(Received::Failed(error));
        }
        self.updating = false;
        let buffer = self.protocol.get_buffer(None);
        if buffer.is_empty() {
            return Poll::Ready(Received::NoBuffer);
        }
        let room = buffer.len();
        let read = ready!(transport.wire().poll_read_into(cx, buffer));
        Poll::Ready(received(read, |count| {
            self.updating = true;
            self.protocol.buffer_updated(count.min(room));
            Received::Data
        }))
    }
}

impl<P: BufferedProtocol> OfBuffered<P> {
    /// Copies what a layer has opened.
    fn fill(&mut self, mut bytes: &[u8]) -> Received {
        while !bytes.is_empty() {
            self.updating = false;
            let buffer = self.protocol.get_buffer(Some(bytes.len()));
            if buffer.is_empty() {
                return Received::NoBuffer;
            }
            let count = buffer.len().min(bytes.len());
            buffer[..count].copy_from_slice(&bytes[..count]);
            bytes = &bytes[count..];
            self.updating = true;
            self.protocol.buffer_updated(count);
        }
        Received::Data
    }
}

#[inline]
fn received(read: io::Result<usize>, give: impl FnOnce(usize) -> Received) -> Received {
    match read {
        Ok(0) => Received::Eof,
        Ok(count) => give(count),
        Err(error) => Received::Failed(error),
    }
}

fn layered(
    transport: &Transport,
    cx: &mut Context<'_>,
    give: impl FnOnce(&[u8]) -> Received,
) -> Poll<Received> {
    let mut opened = OPENED.take();
    let read = transport.poll_read(cx, &mut opened, MOST);
    let received = read.map(|read| received(read, |_| give(&opened)));
    opened.clear();
    OPENED.set(opened);
    received
}
