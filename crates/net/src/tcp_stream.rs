//! `TcpStream`: a TCP connection.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Shutdown, SocketAddr};
use std::task::{Context, Poll};
use std::time::Duration;

use asyncio_reactor::Async;
use socket2::{SockRef, TcpKeepalive};

use crate::addr::{ToAddrs, first};
use crate::split::{self, OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};
use crate::stream::sealed::Sealed;
use crate::stream::{self, ByteStream, async_read, async_write, read_methods, write_methods};

/// A TCP connection.
///
/// The futures-io traits are there beside the inherent methods; closing through them ends the sending direction.
/// See [`TcpListener`](crate::TcpListener) for an example.
#[derive(Debug)]
pub struct TcpStream {
    io: Async<std::net::TcpStream>,
}

impl TcpStream {
    /// Connects to the first of the addresses that `address` names and that answers.
    ///
    /// # Errors
    ///
    /// The operating system's, with the address; those of the look-up of a name.
    ///
    /// # Cancel safety
    ///
    /// The attempt ends; a peer may have seen it.
    #[doc(alias = "sock_connect")]
    pub async fn connect(address: impl ToAddrs) -> io::Result<TcpStream> {
        let attempt = async |address| Async::<std::net::TcpStream>::connect(address).await;
        Ok(TcpStream {
            io: first(address, "cannot connect to", attempt).await?,
        })
    }

    pub(crate) fn from_async(io: Async<std::net::TcpStream>) -> TcpStream {
        TcpStream { io }
    }

    /// Takes a stream of the standard library.
    ///
    /// # Errors
    ///
    /// Those of [`Async::new`].
    pub fn from_std(stream: std::net::TcpStream) -> io::Result<TcpStream> {
        Ok(TcpStream {
            io: Async::new(stream)?,
        })
    }

    /// Gives the stream of the standard library back; it is non-blocking.
    ///
    /// # Errors
    ///
    /// Those of [`Async::into_inner`].
    pub fn into_std(self) -> io::Result<std::net::TcpStream> {
        self.io.into_inner()
    }

    read_methods!(this);
    write_methods!(this);

    fn this(&self) -> &TcpStream {
        self
    }

    /// Looks at what would be read next, without taking it.
    ///
    /// # Errors
    ///
    /// The operating system's.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn peek(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.io.peek(buffer).await
    }

    /// Waits until a read would not block.
    ///
    /// # Errors
    ///
    /// Those of [`Async::readable`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn readable(&self) -> io::Result<()> {
        self.io.readable().await
    }

    /// Waits until a write would not block.
    ///
    /// # Errors
    ///
    /// Those of [`Async::writable`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn writable(&self) -> io::Result<()> {
        self.io.writable().await
    }

    /// Ends one direction of the connection, or both.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.io.get_ref().shutdown(how)
    }

    /// Borrows the two directions apart.
    pub fn split(&mut self) -> (ReadHalf<'_, TcpStream>, WriteHalf<'_, TcpStream>) {
        split::split(self)
    }

    /// Takes the two directions apart, for two tasks.
    pub fn into_split(self) -> (OwnedReadHalf<TcpStream>, OwnedWriteHalf<TcpStream>) {
        split::into_split(self)
    }

    /// The address of the other end.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().peer_addr()
    }

    /// The address of this end.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().local_addr()
    }

    /// Decides whether small writes go out at once (`true`) or are gathered first.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.io.get_ref().set_nodelay(nodelay)
    }

    /// Do small writes go out at once?
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.io.get_ref().nodelay()
    }

    /// Sets the time to live of the packets sent.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.io.get_ref().set_ttl(ttl)
    }

    /// Sets whether and for how long a close waits for what was written to go out.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn set_linger(&self, linger: Option<Duration>) -> io::Result<()> {
        SockRef::from(self.io.get_ref()).set_linger(linger)
    }

    /// Sends probes after so long a silence; `None` turns them off.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn set_keepalive(&self, idle: Option<Duration>) -> io::Result<()> {
        let socket = SockRef::from(self.io.get_ref());
        match idle {
            Some(idle) => socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(idle)),
            None => socket.set_keepalive(false),
        }
    }

    /// Sets the size of the system's buffer for receiving, in bytes.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn set_recv_buffer_size(&self, bytes: usize) -> io::Result<()> {
        SockRef::from(self.io.get_ref()).set_recv_buffer_size(bytes)
    }

    /// Sets the size of the system's buffer for sending, in bytes.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn set_send_buffer_size(&self, bytes: usize) -> io::Result<()> {
        SockRef::from(self.io.get_ref()).set_send_buffer_size(bytes)
    }

    /// The error that the socket has stored, if any; it is cleared.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.io.get_ref().take_error()
    }

    /// The socket, registered with its reactor.
    pub fn as_async(&self) -> &Async<std::net::TcpStream> {
        &self.io
    }
}

impl Sealed for TcpStream {
    #[inline]
    fn poll_read(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        stream::poll_read(&self.io, cx, buffer)
    }

    fn poll_read_vectored(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        stream::poll_read_vectored(&self.io, cx, buffers)
    }

    #[inline]
    fn poll_write(&self, cx: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        stream::poll_write(&self.io, cx, buffer)
    }

    fn poll_write_vectored(&self, cx: &mut Context<'_>, buffers: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        stream::poll_write_vectored(&self.io, cx, buffers)
    }
}

impl ByteStream for TcpStream {
    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        TcpStream::shutdown(self, how)
    }
}

async_read!([] TcpStream, this);
async_write!([] TcpStream, this);
