//! Unix listeners, streams and datagram sockets.

use std::io;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use socket2::{Domain, SockAddr};

use crate::r#async::Async;
use crate::direction::Direction;
use crate::tcp::connect;

impl Async<UnixListener> {
    /// A listener on `path`, which must not exist.
    ///
    /// # Errors
    ///
    /// The operating system's, and `InvalidInput` for a path that is too long.
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<Async<UnixListener>> {
        Async::new(UnixListener::bind(path)?)
    }

    /// Waits for a connection and accepts it. It is registered with the reactor of the accepting thread.
    ///
    /// # Errors
    ///
    /// The operating system's, `EMFILE` among them: the connection stays in the queue, and the listener works on.
    /// Those of [`Async::new`].
    ///
    /// # Cancel safety
    ///
    /// No connection is lost.
    #[doc(alias = "sock_accept")]
    pub async fn accept(&self) -> io::Result<(Async<UnixStream>, SocketAddr)> {
        let (stream, address) = self.read_with(UnixListener::accept).await?;
        Ok((Async::new(stream)?, address))
    }

    /// The connections as they come, without an end.
    ///
    /// # Errors
    ///
    /// An item is an error where [`Async::accept`] would return it.
    pub fn incoming(&self) -> impl Stream<Item = io::Result<Async<UnixStream>>> + Send + '_ {
        Incoming(self)
    }
}

struct Incoming<'a>(&'a Async<UnixListener>);

impl Stream for Incoming<'_> {
    type Item = io::Result<Async<UnixStream>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let accepted = self.0.poll_io(Direction::Read, cx, UnixListener::accept);
        accepted.map(|accepted| Some(accepted.and_then(|(stream, _)| Async::new(stream))))
    }
}

impl TryFrom<UnixListener> for Async<UnixListener> {
    type Error = io::Error;

    fn try_from(listener: UnixListener) -> io::Result<Self> {
        Async::new(listener)
    }
}

impl Async<UnixStream> {
    /// Connects to the listener on `path`.
    ///
    /// # Errors
    ///
    /// The operating system's. On Linux that is `WouldBlock` when the listener's queue is full, since the system
    /// tells nobody when there is room again.
    ///
    /// # Cancel safety
    ///
    /// The socket is closed; the peer may see a connection that ends at once.
    #[doc(alias = "sock_connect")]
    pub async fn connect<P: AsRef<Path>>(path: P) -> io::Result<Async<UnixStream>> {
        let socket = connect(Domain::UNIX, None, &SockAddr::unix(path)?)?;
        let stream = Async::new_nonblocking(UnixStream::from(std::os::fd::OwnedFd::from(socket)))?;
        stream.writable().await?;
        match stream.get_ref().take_error()? {
            Some(error) => Err(error),
            None => Ok(stream),
        }
    }

    /// Two streams that are connected to each other.
    ///
    /// # Errors
    ///
    /// The operating system's, and those of [`Async::new`].
    ///
    /// # Python
    ///
    /// `socket.socketpair`.
    #[doc(alias = "socketpair")]
    pub fn pair() -> io::Result<(Async<UnixStream>, Async<UnixStream>)> {
        let (one, other) = UnixStream::pair()?;
        Ok((Async::new(one)?, Async::new(other)?))
    }
}

impl TryFrom<UnixStream> for Async<UnixStream> {
    type Error = io::Error;

    fn try_from(stream: UnixStream) -> io::Result<Self> {
        Async::new(stream)
    }
}

impl Async<UnixDatagram> {
    /// A socket bound to `path`, which must not exist.
    ///
    /// # Errors
    ///
    /// The operating system's, and `InvalidInput` for a path that is too long.
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<Async<UnixDatagram>> {
        Async::new(UnixDatagram::bind(path)?)
    }

    /// A socket without an address.
    ///
    /// # Errors
    ///
    /// The operating system's, and those of [`Async::new`].
    pub fn unbound() -> io::Result<Async<UnixDatagram>> {
        Async::new(UnixDatagram::unbound()?)
    }

    /// Two sockets that are connected to each other.
    ///
    /// # Errors
    ///
    /// The operating system's, and those of [`Async::new`].
    pub fn pair() -> io::Result<(Async<UnixDatagram>, Async<UnixDatagram>)> {
        let (one, other) = UnixDatagram::pair()?;
        Ok((Async::new(one)?, Async::new(other)?))
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
    #[doc(alias = "sock_recvfrom")]
    pub async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.read_with(|socket| socket.recv_from(buffer)).await
    }

    /// Sends a datagram to the socket on `path`.
    ///
    /// # Errors
    ///
    /// The operating system's.
    ///
    /// # Cancel safety
    ///
    /// The datagram was sent or was not; the one that was sent is not sent twice.
    #[doc(alias = "sock_sendto")]
    pub async fn send_to<P: AsRef<Path>>(&self, buffer: &[u8], path: P) -> io::Result<usize> {
        self.write_with(|socket| socket.send_to(buffer, &path)).await
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

impl TryFrom<UnixDatagram> for Async<UnixDatagram> {
    type Error = io::Error;

    fn try_from(socket: UnixDatagram) -> io::Result<Self> {
        Async::new(socket)
    }
}
