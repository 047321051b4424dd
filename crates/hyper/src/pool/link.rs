//! `Link`: what a connector connects to, with TLS or without.

use std::io::{self, IoSlice};
use std::task::{Context, Poll};

use asyncio_net::TcpStream;
use hyper::rt::ReadBufCursor;
use hyper_util::client::legacy::connect::{Connected, Connection};

use crate::io::{Io, Reader, Stream, sealed::Sealed};

/// A connection that a [`Connector`](crate::Connector) has opened.
#[derive(Debug)]
pub struct Link(pub(super) Kind);

#[derive(Debug)]
pub(super) enum Kind {
    Plain(TcpStream),
    #[cfg(feature = "tls")]
    Secure(crate::Secure),
}

macro_rules! either {
    ($self:ident, $stream:ident => $call:expr) => {
        match &$self.0 {
            Kind::Plain($stream) => $call,
            #[cfg(feature = "tls")]
            Kind::Secure($stream) => $call,
        }
    };
    (mut $self:ident, $stream:ident => $call:expr) => {
        match &mut $self.0 {
            Kind::Plain($stream) => $call,
            #[cfg(feature = "tls")]
            Kind::Secure($stream) => $call,
        }
    };
}

impl Sealed for Link {
    fn poll_read(
        &mut self,
        reader: &mut Reader,
        cx: &mut Context<'_>,
        cursor: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        either!(mut self, stream => stream.poll_read(reader, cx, cursor))
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        either!(mut self, stream => Sealed::poll_write(stream, cx, bytes))
    }

    fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        either!(mut self, stream => Sealed::poll_write_vectored(stream, cx, pieces))
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(mut self, stream => Sealed::poll_flush(stream, cx))
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(mut self, stream => Sealed::poll_close(stream, cx))
    }

    fn is_vectored(&self) -> bool {
        either!(self, stream => stream.is_vectored())
    }
}

impl Stream for Link {}

impl Connection for Io<Link> {
    fn connected(&self) -> Connected {
        match &self.get_ref().0 {
            Kind::Plain(_) => Connected::new(),
            #[cfg(feature = "tls")]
            Kind::Secure(secure) if secure.speaks_h2() => Connected::new().negotiated_h2(),
            #[cfg(feature = "tls")]
            Kind::Secure(_) => Connected::new(),
        }
    }
}
