//! UDP sockets.

use std::io;
use std::net::{SocketAddr, UdpSocket};

use crate::r#async::Async;

impl Async<UdpSocket> {
    /// A socket bound to `address`. Port 0 lets the system choose one.
    ///
    /// # Errors
    ///
    /// The operating system's: the address is in use, is not one of this machine's, or may not be used.
    pub fn bind<A: Into<SocketAddr>>(address: A) -> io::Result<Async<UdpSocket>> {
        Async::new(UdpSocket::bind(address.into())?)
    }

    /// Receives a datagram and tells who sent it. What does not fit into the buffer is lost.
    ///
    /// # Errors
    ///
    /// The operating system's.
    ///
    /// # Cancel safety
    ///
    /// No datagram is lost.
    ///
    /// # Python
    ///
    /// `loop.sock_recvfrom`.
    #[doc(alias = "sock_recvfrom")]
    pub async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.read_with(|socket| socket.recv_from(buffer)).await
    }

    /// As [`recv_from`](Self::recv_from), and leaves the datagram in the queue.
    ///
    /// # Errors
    ///
    /// The operating system's.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.read_with(|socket| socket.peek_from(buffer)).await
    }

    /// Sends a datagram to `address`.
    ///
    /// # Errors
    ///
    /// The operating system's.
    ///
    /// # Cancel safety
    ///
    /// The datagram was sent or was not; the one that was sent is not sent twice.
    ///
    /// # Python
    ///
    /// `loop.sock_sendto`.
    #[doc(alias = "sock_sendto")]
    pub async fn send_to<A: Into<SocketAddr>>(&self, buffer: &[u8], address: A) -> io::Result<usize> {
        let address = address.into();
        self.write_with(|socket| socket.send_to(buffer, address)).await
    }

    /// Receives a datagram from the peer that the socket is connected to.
    ///
    /// # Errors
    ///
    /// The operating system's.
    ///
    /// # Cancel safety
    ///
    /// No datagram is lost.
    #[doc(alias = "sock_recv")]
    pub async fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read_with(|socket| socket.recv(buffer)).await
    }

    /// As [`recv`](Self::recv), and leaves the datagram in the queue.
    ///
    /// # Errors
    ///
    /// The operating system's.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read_with(|socket| socket.peek(buffer)).await
    }

    /// Sends a datagram to the peer that the socket is connected to.
    ///
    /// # Errors
    ///
    /// The operating system's.
    ///
    /// # Cancel safety
    ///
    /// As [`send_to`](Self::send_to).
    pub async fn send(&self, buffer: &[u8]) -> io::Result<usize> {
        self.write_with(|socket| socket.send(buffer)).await
    }
}

impl TryFrom<UdpSocket> for Async<UdpSocket> {
    type Error = io::Error;

    fn try_from(socket: UdpSocket) -> io::Result<Self> {
        Async::new(socket)
    }
}
