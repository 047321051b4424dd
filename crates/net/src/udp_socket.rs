//! `UdpSocket`: datagrams.

use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use asyncio_reactor::{Async, Direction};

use crate::addr::{ToAddrs, first};

mod builder;

pub use builder::UdpSocketBuilder;

/// A UDP socket. Unconnected it hears everybody and sends to whom it likes; connected it knows one peer alone.
///
/// # Examples
///
/// ```
/// use asyncio_net::UdpSocket;
///
/// # futures_lite::future::block_on(async {
/// let one = UdpSocket::bind("127.0.0.1:0").await?;
/// let other = UdpSocket::bind("127.0.0.1:0").await?;
/// one.send_to(b"ping", other.local_addr()?).await?;
/// let mut buffer = [0; 16];
/// let (count, from) = other.recv_from(&mut buffer).await?;
/// assert_eq!((&buffer[..count], from), (&b"ping"[..], one.local_addr()?));
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct UdpSocket {
    io: Async<std::net::UdpSocket>,
}

impl UdpSocket {
    /// Binds to the first of the addresses that `address` names and that can be bound.
    ///
    /// # Errors
    ///
    /// The operating system's, with the address; those of the look-up of a name.
    ///
    /// # Cancel safety
    ///
    /// Nothing is bound when this is dropped before it is ready.
    pub async fn bind(address: impl ToAddrs) -> io::Result<UdpSocket> {
        let bind = |address: SocketAddr| UdpSocket::from_std(std::net::UdpSocket::bind(address)?);
        first(address, "cannot bind", bind).await
    }

    /// A builder with the options that must be set before.
    ///
    /// # Examples
    ///
    /// ```
    /// use asyncio_net::UdpSocket;
    ///
    /// # futures_lite::future::block_on(async {
    /// let server = UdpSocket::bind("127.0.0.1:0").await?;
    /// let client = UdpSocket::builder().connect(server.local_addr()?).await?;
    /// client.send(b"ping").await?;
    /// let mut buffer = [0; 16];
    /// assert_eq!(server.recv_from(&mut buffer).await?, (4, client.local_addr()?));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn builder() -> UdpSocketBuilder {
        UdpSocketBuilder::default()
    }

    /// Takes a socket of the standard library.
    ///
    /// # Errors
    ///
    /// Those of [`Async::new`].
    pub fn from_std(socket: std::net::UdpSocket) -> io::Result<UdpSocket> {
        Ok(UdpSocket {
            io: Async::new(socket)?,
        })
    }

    /// Gives the socket of the standard library back; it is non-blocking.
    ///
    /// # Errors
    ///
    /// Those of [`Async::into_inner`].
    pub fn into_std(self) -> io::Result<std::net::UdpSocket> {
        self.io.into_inner()
    }

    /// Fixes the peer that [`send`](UdpSocket::send) sends to and [`recv`](UdpSocket::recv) hears.
    ///
    /// # Errors
    ///
    /// The operating system's, with the address; those of the look-up of a name.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn connect(&self, address: impl ToAddrs) -> io::Result<()> {
        let connect = |address| self.io.get_ref().connect(address);
        first(address, "cannot connect to", connect).await
    }

    /// Sends a datagram to the connected peer.
    ///
    /// # Errors
    ///
    /// The operating system's.
    ///
    /// # Cancel safety
    ///
    /// The datagram is sent whole or not at all.
    pub async fn send(&self, data: &[u8]) -> io::Result<usize> {
        self.io.send(data).await
    }

    /// Receives a datagram from the connected peer. What does not fit into `buffer` is gone.
    ///
    /// # Errors
    ///
    /// The operating system's.
    ///
    /// # Cancel safety
    ///
    /// No datagram is lost.
    pub async fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.io.recv(buffer).await
    }

    /// Sends a datagram to `address`.
    ///
    /// # Errors
    ///
    /// The operating system's.
    ///
    /// # Cancel safety
    ///
    /// The datagram is sent whole or not at all.
    #[doc(alias = "sock_sendto")]
    pub async fn send_to(&self, data: &[u8], address: impl Into<SocketAddr>) -> io::Result<usize> {
        self.io.send_to(data, address).await
    }

    /// Receives a datagram and the address that it came from. What does not fit into `buffer` is gone.
    ///
    /// # Errors
    ///
    /// The operating system's.
    ///
    /// # Cancel safety
    ///
    /// No datagram is lost.
    #[doc(alias = "sock_recvfrom")]
    pub async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.io.recv_from(buffer).await
    }

    /// Looks at the next datagram without taking it.
    ///
    /// # Errors
    ///
    /// The operating system's.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.io.peek_from(buffer).await
    }

    /// Looks at the next datagram of the connected peer without taking it.
    ///
    /// # Errors
    ///
    /// The operating system's.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.io.peek(buffer).await
    }

    /// The poll form of [`send_to`](UdpSocket::send_to). One task at a time is meant to wait in it.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn poll_send_to(&self, cx: &mut Context<'_>, data: &[u8], to: SocketAddr) -> Poll<io::Result<usize>> {
        self.io
            .poll_io(Direction::Write, cx, |socket| socket.send_to(data, to))
    }

    /// The poll form of [`recv_from`](UdpSocket::recv_from). One task at a time is meant to wait in it.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn poll_recv_from(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<(usize, SocketAddr)>> {
        self.io
            .poll_io(Direction::Read, cx, |socket| socket.recv_from(buffer))
    }

    /// The poll form of [`send`](UdpSocket::send). One task at a time is meant to wait in it.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn poll_send(&self, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        self.io.poll_io(Direction::Write, cx, |socket| socket.send(data))
    }

    /// The poll form of [`recv`](UdpSocket::recv). One task at a time is meant to wait in it.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn poll_recv(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.io.poll_io(Direction::Read, cx, |socket| socket.recv(buffer))
    }

    /// Sends a datagram to the connected peer, without waiting.
    ///
    /// # Errors
    ///
    /// `WouldBlock` while the system's buffer is full; the operating system's.
    pub fn try_send(&self, data: &[u8]) -> io::Result<usize> {
        self.io.get_ref().send(data)
    }

    /// Sends a datagram to `address`, without waiting.
    ///
    /// # Errors
    ///
    /// `WouldBlock` while the system's buffer is full; the operating system's.
    pub fn try_send_to(&self, data: &[u8], address: impl Into<SocketAddr>) -> io::Result<usize> {
        self.io.get_ref().send_to(data, address.into())
    }

    /// Receives a datagram of the connected peer that is there, without waiting.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when there is none; the operating system's.
    pub fn try_recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.io.get_ref().recv(buffer)
    }

    /// Receives a datagram that is there and the address that it came from, without waiting.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when there is none; the operating system's.
    pub fn try_recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.io.get_ref().recv_from(buffer)
    }

    /// Waits until there is a datagram, or an error to be told.
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

    /// Waits until a datagram can be sent.
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

    /// The address that it is bound to.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().local_addr()
    }

    /// The address of the connected peer.
    ///
    /// # Errors
    ///
    /// The operating system's; `NotConnected` without a peer.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().peer_addr()
    }

    /// The socket, registered with its reactor.
    pub fn as_async(&self) -> &Async<std::net::UdpSocket> {
        &self.io
    }
}

impl TryFrom<std::net::UdpSocket> for UdpSocket {
    type Error = io::Error;

    fn try_from(socket: std::net::UdpSocket) -> io::Result<UdpSocket> {
        UdpSocket::from_std(socket)
    }
}
