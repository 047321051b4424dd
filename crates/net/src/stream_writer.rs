//! `StreamWriter`: what is to be sent over a connection.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::ops::Deref;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use asyncio_core::Unclosed;
use futures_io::AsyncWrite;

#[cfg(unix)]
use crate::UnixStream;
use crate::transport::Transport;
use crate::{SocketRef, TcpStream};

/// The sending side of a stream.
///
/// What is written is sent at once as far as the system takes it, and the rest as soon as it does; `write` never waits.
/// `drain().await` after it waits while too much lies in the queue, and so holds a program to the speed of its peer.
///
/// Dropping the writer closes the connection, after what was written has been sent. A loop that ends does not wait for
/// that: `close` and then `wait_closed().await` do.
///
/// # Python
///
/// `asyncio.StreamWriter`.
///
/// # Examples
///
/// ```
/// use asyncio_net::{TcpListener, open_connection, stream};
///
/// # futures_lite::future::block_on(async {
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let (mut reader, mut writer) = open_connection(listener.local_addr()?).await?;
/// let (mut their_reader, mut their_writer) = stream(listener.accept().await?.0);
///
/// writer.write(b"hello\n")?;
/// writer.drain().await?;
/// assert_eq!(their_reader.readline().await?, "hello\n");
/// their_writer.close();
/// assert_eq!(reader.readline().await?, "");
/// # Ok::<(), asyncio_net::StreamError>(())
/// # }).unwrap();
/// ```
pub struct StreamWriter {
    transport: Transport,
    unclosed: Unclosed,
}

impl StreamWriter {
    pub(crate) fn new(transport: Transport) -> StreamWriter {
        StreamWriter {
            transport,
            unclosed: Unclosed::default(),
        }
    }

    /// One that the program has opened, which debug mode wants it to close.
    pub(crate) fn opened(transport: Transport, location: &'static Location<'static>) -> StreamWriter {
        StreamWriter {
            transport,
            unclosed: Unclosed::opened_at(location),
        }
    }

    /// The transport below: a handle that can be cloned and kept.
    pub fn transport(&self) -> &Transport {
        &self.transport
    }

    /// The address of the other end.
    ///
    /// # Errors
    ///
    /// The operating system's; `Unsupported` when there is no internet address.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.transport.tcp().ok_or_else(no_address)?.peer_addr()
    }

    /// The address of this end.
    ///
    /// # Errors
    ///
    /// As [`peer_addr`](StreamWriter::peer_addr).
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.transport.tcp().ok_or_else(no_address)?.local_addr()
    }

    /// The same writer with the traits of futures-io. Writing through it waits for room and takes no more than there is,
    /// so the queue never holds more than one byte above the high-water mark; flushing waits until all has been sent; closing ends the sending direction.
    pub fn io(&mut self) -> WriterIo<'_> {
        WriterIo { writer: self }
    }
}

fn no_address() -> io::Error {
    io::Error::new(
        io::ErrorKind::Unsupported,
        "this connection has no internet address",
    )
}

impl Transport {
    /// The socket below, to look at and to set options of; none below a pipe or a wire of one's own.
    pub fn socket(&self) -> Option<SocketRef<'_>> {
        #[cfg(unix)]
        if let Some(stream) = self.unix() {
            return Some(SocketRef::new(stream));
        }
        self.tcp().map(SocketRef::new)
    }

    /// The TCP connection below, if it is one.
    pub fn tcp(&self) -> Option<&TcpStream> {
        self.wire().as_any().downcast_ref()
    }

    /// The Unix socket below, if it is one.
    #[cfg(unix)]
    pub fn unix(&self) -> Option<&UnixStream> {
        self.wire().as_any().downcast_ref()
    }
}

/// `write`, `drain`, `close` and the rest are the transport's.
impl Deref for StreamWriter {
    type Target = Transport;

    fn deref(&self) -> &Transport {
        &self.transport
    }
}

impl Drop for StreamWriter {
    fn drop(&mut self) {
        let transport = &self.transport;
        self.unclosed.dropped(
            "Unclosed stream: the writer was dropped without a `close`, so nobody waits until what was written is sent",
            || transport.is_closing(),
        );
        self.transport.close();
    }
}

impl fmt::Debug for StreamWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamWriter")
            .field("transport", &self.transport)
            .finish()
    }
}

/// A [`StreamWriter`] as `AsyncWrite`; from [`StreamWriter::io`].
#[derive(Debug)]
pub struct WriterIo<'a> {
    writer: &'a mut StreamWriter,
}

impl AsyncWrite for WriterIo<'_> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let transport = &self.writer.transport;
        ready!(transport.poll_room(cx))?;
        Poll::Ready(transport.write_some(&[io::IoSlice::new(bytes)]))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let transport = &self.writer.transport;
        ready!(transport.poll_room(cx))?;
        Poll::Ready(transport.write_some(pieces))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.writer.transport.poll_sent(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let transport = &self.writer.transport;
        if transport.can_write_eof() {
            transport.write_eof()?;
        } else {
            transport.close();
        }
        transport.poll_sent(cx)
    }
}
