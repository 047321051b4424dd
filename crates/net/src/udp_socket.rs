//! `UdpSocket`: datagrams.

use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::task::{Context, Poll};

use asyncio_reactor::{Async, Direction};

use crate::addr::{ToAddrs, first};

/// A UDP socket.
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
        let bind = async |address: SocketAddr| UdpSocket::from_std(std::net::UdpSocket::bind(address)?);
        first(address, "cannot bind", bind).await
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
        first(address, "cannot connect to", async |address| {
            self.io.get_ref().connect(address)
        })
        .await
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
        let address = address.into();
        poll_fn(|cx| self.poll_send_to(cx, data, address)).await
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

    /// The poll form of [`send_to`](UdpSocket::send_to). One task at a time may wait in it.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn poll_send_to(&self, cx: &mut Context<'_>, data: &[u8], to: SocketAddr) -> Poll<io::Result<usize>> {
        self.io
            .poll_io(Direction::Write, cx, |socket| socket.send_to(data, to))
    }

    /// The poll form of [`recv_from`](UdpSocket::recv_from). One task at a time may wait in it.
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

    /// Allows sending to broadcast addresses.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn set_broadcast(&self, broadcast: bool) -> io::Result<()> {
        self.io.get_ref().set_broadcast(broadcast)
    }

    /// Joins an IPv4 multicast group on the interface of the given address.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn join_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.io.get_ref().join_multicast_v4(&group, &interface)
    }

    /// Leaves an IPv4 multicast group.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn leave_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.io.get_ref().leave_multicast_v4(&group, &interface)
    }

    /// Joins an IPv6 multicast group on the interface of the given index.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn join_multicast_v6(&self, group: Ipv6Addr, interface: u32) -> io::Result<()> {
        self.io.get_ref().join_multicast_v6(&group, interface)
    }

    /// Leaves an IPv6 multicast group.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn leave_multicast_v6(&self, group: Ipv6Addr, interface: u32) -> io::Result<()> {
        self.io.get_ref().leave_multicast_v6(&group, interface)
    }

    /// The socket, registered with its reactor.
    pub fn as_async(&self) -> &Async<std::net::UdpSocket> {
        &self.io
    }
}
