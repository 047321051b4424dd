//! `Secure`: a connection with TLS, for hyper.
//!
//! The reader has opened what came into its buffer, from which hyper's is filled; what hyper writes becomes records in the
//! transport's queue, which holds it back when there are too many.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use asyncio_net::{StreamReader, StreamWriter};
use futures_io::{AsyncBufRead, AsyncWrite};
use hyper::rt::ReadBufCursor;

use crate::io::{Reader, Stream, sealed::Sealed};

/// The two halves of a connection with TLS, to be used as [`Io<Secure>`](crate::Io). It takes any reader and writer.
#[derive(Debug)]
pub struct Secure {
    reader: StreamReader,
    writer: StreamWriter,
}

impl Secure {
    /// Takes what [`tls::accept`](asyncio_net::tls::accept), [`tls::connect`](asyncio_net::tls::connect) and
    /// `open_connection` give.
    pub fn new(reader: StreamReader, writer: StreamWriter) -> Secure {
        Secure { reader, writer }
    }

    /// The sending half, which knows the addresses and what TLS has agreed upon.
    pub fn writer(&self) -> &StreamWriter {
        &self.writer
    }

    /// Whether both sides have agreed on HTTP/2.
    pub fn speaks_h2(&self) -> bool {
        let info = self.writer.transport().tls_info();
        info.is_some_and(|info| info.alpn_protocol.as_deref() == Some(b"h2"))
    }

    /// The two halves again.
    pub fn into_parts(self) -> (StreamReader, StreamWriter) {
        (self.reader, self.writer)
    }
}

impl Sealed for Secure {
    fn poll_read(
        &mut self,
        _reader: &mut Reader,
        cx: &mut Context<'_>,
        mut cursor: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let mut reader = self.reader.io();
        let mut reader = Pin::new(&mut reader);
        let bytes = ready!(reader.as_mut().poll_fill_buf(cx))?;
        let count = bytes.len().min(cursor.remaining());
        cursor.put_slice(&bytes[..count]);
        reader.consume(count);
        Poll::Ready(Ok(()))
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.writer.io()).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.writer.io()).poll_write_vectored(cx, pieces)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.writer.io()).poll_flush(cx)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.writer.io()).poll_close(cx)
    }

    fn is_vectored(&self) -> bool {
        true
    }
}

impl Stream for Secure {}
