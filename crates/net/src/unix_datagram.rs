//! `UnixDatagram`: datagrams between processes on this machine.
//!
//! They are neither lost nor reordered. A sender waits while the receiver's queue is full. Linux wakes a sender that
//! is connected; for one that is not it knows no such event, which is why `send_to` looks again after a while.

use std::io;
use std::net::Shutdown;
use std::os::unix::net::SocketAddr;
use std::path::Path;
use std::task::{Context, Poll};
use std::time::Duration;

use asyncio_reactor::{Async, Direction};
use asyncio_timers::sleep;
use rustix::net::{RecvFlags, recv};

use crate::unix_addr::{about, address, with_address};

/// How long `send_to` waits at first before it looks again at a full queue, and at most.
const LOOK: Duration = Duration::from_millis(1);
const LOOK_MAX: Duration = Duration::from_millis(32);

/// A Unix socket for datagrams. Unix only.
///
/// Dropping it leaves its file where it is.
///
/// # Examples
///
/// ```
/// use asyncio_net::UnixDatagram;
///
/// # futures_lite::future::block_on(async {
/// let (one, other) = UnixDatagram::pair()?;
/// one.send(b"ping").await?;
/// let mut buffer = [0; 16];
/// let count = other.recv(&mut buffer).await?;
/// assert_eq!(&buffer[..count], b"ping");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct UnixDatagram {
    io: Async<std::os::unix::net::UnixDatagram>,
}

impl UnixDatagram {
    /// Binds to `path`, which must not exist. On Linux a path that begins with a zero byte is an abstract name, which
    /// has no file.
    ///
    /// # Errors
    ///
    /// The operating system's, with the path; `InvalidInput` for one that is too long.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<UnixDatagram> {
        with_address("cannot bind", path.as_ref(), |address| {
            UnixDatagram::from_std(std::os::unix::net::UnixDatagram::bind_addr(address)?)
        })
    }

    /// A socket without an address.
    ///
    /// # Errors
    ///
    /// The operating system's, and those of [`Async::new`].
    pub fn unbound() -> io::Result<UnixDatagram> {
        UnixDatagram::from_std(std::os::unix::net::UnixDatagram::unbound()?)
    }

    /// Two sockets that are connected to each other.
    ///
    /// # Errors
    ///
    /// The operating system's, and those of [`Async::new`].
    #[doc(alias = "socketpair")]
    pub fn pair() -> io::Result<(UnixDatagram, UnixDatagram)> {
        let (one, other) = std::os::unix::net::UnixDatagram::pair()?;
        Ok((UnixDatagram::from_std(one)?, UnixDatagram::from_std(other)?))
    }

    /// Takes a socket of the standard library.
    ///
    /// # Errors
    ///
    /// Those of [`Async::new`].
    pub fn from_std(socket: std::os::unix::net::UnixDatagram) -> io::Result<UnixDatagram> {
        Ok(UnixDatagram {
            io: Async::new(socket)?,
        })
    }

    /// Gives the socket of the standard library back; it is non-blocking.
    ///
    /// # Errors
    ///
    /// Those of [`Async::into_inner`].
    pub fn into_std(self) -> io::Result<std::os::unix::net::UnixDatagram> {
        self.io.into_inner()
    }

    /// Fixes the peer that [`send`](UnixDatagram::send) sends to and [`recv`](UnixDatagram::recv) hears.
    ///
    /// # Errors
    ///
    /// The operating system's, with the path.
    pub fn connect(&self, path: impl AsRef<Path>) -> io::Result<()> {
        with_address("cannot connect to", path.as_ref(), |address| {
            self.io.get_ref().connect_addr(address)
        })
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
        self.io.write_with(|socket| socket.send(data)).await
    }

    /// Sends a datagram to the socket on `path`. While that one's queue is full this looks again, at first after 1 ms
    /// and at the latest after 32: [`connect`](UnixDatagram::connect) and [`send`](UnixDatagram::send) wait for the
    /// event itself.
    ///
    /// # Errors
    ///
    /// The operating system's, with the path.
    ///
    /// # Cancel safety
    ///
    /// The datagram is sent whole or not at all.
    #[doc(alias = "sock_sendto")]
    pub async fn send_to(&self, data: &[u8], path: impl AsRef<Path>) -> io::Result<usize> {
        let path = path.as_ref();
        let about = |error| about("cannot send to", path, error);
        let address = address(path).map_err(about)?;
        let mut look = LOOK;
        loop {
            match self.io.get_ref().send_to_addr(data, &address) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    sleep(look).await;
                    look = (look * 2).min(LOOK_MAX);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => return done.map_err(about),
            }
        }
    }

    /// Receives a datagram. What does not fit into `buffer` is gone.
    ///
    /// # Errors
    ///
    /// The operating system's.
    ///
    /// # Cancel safety
    ///
    /// No datagram is lost.
    pub async fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.io.read_with(|socket| socket.recv(buffer)).await
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
        self.io.read_with(|socket| socket.recv_from(buffer)).await
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
    pub async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let peek = |socket: &_| {
            let (count, _) = recv(socket, &mut *buffer, RecvFlags::PEEK)?;
            Ok(count)
        };
        self.io.read_with(peek).await
    }

    /// The poll form of [`send`](UnixDatagram::send). One task at a time is meant to wait in it.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn poll_send(&self, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        self.io.poll_io(Direction::Write, cx, |socket| socket.send(data))
    }

    /// The poll form of [`recv_from`](UnixDatagram::recv_from). One task at a time is meant to wait in it.
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

    /// Sends a datagram to the connected peer, without waiting.
    ///
    /// # Errors
    ///
    /// `WouldBlock` while the peer's queue is full; the operating system's.
    pub fn try_send(&self, data: &[u8]) -> io::Result<usize> {
        self.io.get_ref().send(data)
    }

    /// Sends a datagram to the socket on `path`, without waiting.
    ///
    /// # Errors
    ///
    /// `WouldBlock` while that one's queue is full; the operating system's, with the path.
    pub fn try_send_to(&self, data: &[u8], path: impl AsRef<Path>) -> io::Result<usize> {
        with_address("cannot send to", path.as_ref(), |address| {
            self.io.get_ref().send_to_addr(data, address)
        })
    }

    /// Receives a datagram that is there, without waiting.
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

    /// Waits until there is a datagram.
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

    /// Waits until a datagram can be sent to the connected peer.
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

    /// Ends one direction, or both.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.io.get_ref().shutdown(how)
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

    /// The error that the socket has stored, if any; it is cleared.
    ///
    /// # Errors
    ///
    /// The operating system's, when it cannot be asked.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.io.get_ref().take_error()
    }

    /// The socket, registered with its reactor.
    pub fn as_async(&self) -> &Async<std::os::unix::net::UnixDatagram> {
        &self.io
    }
}

impl TryFrom<std::os::unix::net::UnixDatagram> for UnixDatagram {
    type Error = io::Error;

    fn try_from(socket: std::os::unix::net::UnixDatagram) -> io::Result<UnixDatagram> {
        UnixDatagram::from_std(socket)
    }
}
