//! `Duplex`: a reader and a writer as one thing.
//!
//! Libraries for protocols ask for one value that reads and writes, which TLS and start_server do not give: theirs are two.
//! This adds nothing of its own: reading is [`ReaderIo`](crate::ReaderIo)'s and writing [`WriterIo`](crate::WriterIo)'s.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncBufRead, AsyncRead, AsyncWrite};

use crate::{StreamReader, StreamWriter};

/// A [`StreamReader`] and a [`StreamWriter`] as one value with the traits of futures-io, for libraries that ask for it:
/// WebSockets, HTTP, clients of databases. A [`TcpStream`](crate::TcpStream) has the traits by itself; this is for what has
/// TLS or came from a server.
///
/// Writing waits for room below the high-water mark, flushing until all has been sent, and closing ends the sending
/// direction, or with TLS the connection.
///
/// # Cancel safety
///
/// What was read and not taken stays in the reader; what was taken for writing is sent.
///
/// # Examples
///
/// ```
/// use asyncio_net::{Duplex, open_connection, start_server};
/// use futures_lite::{AsyncReadExt, AsyncWriteExt};
///
/// # let mut run = asyncio_loop::Runner::new();
/// # run.run(async {
/// let echo = async |reader, writer| {
///     let mut duplex = Duplex::new(reader, writer);
///     let mut buffer = [0; 5];
///     duplex.read_exact(&mut buffer).await?;
///     duplex.write_all(&buffer).await?;
///     duplex.close().await
/// };
/// let server = start_server(echo, "127.0.0.1:0").await?;
/// let (reader, writer) = open_connection(server.sockets()[0]).await?;
/// let mut duplex = Duplex::new(reader, writer);
/// duplex.write_all(b"hello").await?;
/// duplex.flush().await?;
/// let mut answer = String::new();
/// duplex.read_to_string(&mut answer).await?;
/// assert_eq!(answer, "hello");
/// # Ok::<(), std::io::Error>(())
/// # }).unwrap().unwrap();
/// ```
#[derive(Debug)]
pub struct Duplex {
    reader: StreamReader,
    writer: StreamWriter,
}

impl Duplex {
    /// Both as one.
    pub fn new(reader: StreamReader, writer: StreamWriter) -> Duplex {
        Duplex { reader, writer }
    }

    /// The reader: what it holds, its limit.
    pub fn reader(&self) -> &StreamReader {
        &self.reader
    }

    /// The writer: its transport, its marks, the addresses.
    pub fn writer(&self) -> &StreamWriter {
        &self.writer
    }

    /// The two again.
    pub fn into_parts(self) -> (StreamReader, StreamWriter) {
        (self.reader, self.writer)
    }
}

impl From<(StreamReader, StreamWriter)> for Duplex {
    fn from((reader, writer): (StreamReader, StreamWriter)) -> Duplex {
        Duplex::new(reader, writer)
    }
}

impl AsyncRead for Duplex {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().reader.io()).poll_read(cx, buffer)
    }
}

impl AsyncBufRead for Duplex {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let reader = &mut self.get_mut().reader;
        // The view is gone before what it has filled is looked at.
        ready!(Pin::new(&mut reader.io()).poll_fill_buf(cx))?;
        Poll::Ready(Ok(reader.buffered()))
    }

    fn consume(self: Pin<&mut Self>, count: usize) {
        Pin::new(&mut self.get_mut().reader.io()).consume(count);
    }
}

impl AsyncWrite for Duplex {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().writer.io()).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().writer.io()).poll_write_vectored(cx, pieces)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().writer.io()).poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().writer.io()).poll_close(cx)
    }
}
