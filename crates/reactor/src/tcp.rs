//! TCP listeners and streams.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::r#async::Async;

impl Async<TcpListener> {
    /// A listener on `address`. Port 0 lets the system choose one.
    ///
    /// # Errors
    ///
    /// The operating system's: the address is in use, is not one of this machine's, or may not be used.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::net::TcpListener;
    /// use asyncio_reactor::Async;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let listener = Async::<TcpListener>::bind(([127, 0, 0, 1], 0))?;
    /// assert_ne!(listener.get_ref().local_addr()?.port(), 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn bind<A: Into<SocketAddr>>(address: A) -> io::Result<Async<TcpListener>> {
        Async::new(TcpListener::bind(address.into())?)
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
    ///
    /// # Python
    ///
    /// `loop.sock_accept`.
    #[doc(alias = "sock_accept")]
    pub async fn accept(&self) -> io::Result<(Async<TcpStream>, SocketAddr)> {
        let (stream, address) = self.read_with(accept).await?;
        Ok((Async::new_nonblocking(stream)?, address))
    }

    /// The connections as they come, without an end.
    ///
    /// # Errors
    ///
    /// An item is an error where [`Async::accept`] would return it.
    pub fn incoming(&self) -> impl Stream<Item = io::Result<Async<TcpStream>>> + Send + '_ {
        Incoming(self)
    }
}

/// Accepts a connection that is non-blocking from its start.
fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
    {
        use rustix::net::{SocketFlags, acceptfrom_with};
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let (stream, address) = acceptfrom_with(listener, flags)?;
        let address = match address {
            Some(address) => SocketAddr::try_from(address)?,
            None => return Err(io::Error::other("a connection was accepted without an address")),
        };
        Ok((stream.into(), address))
    }
    #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
    {
        let (stream, address) = listener.accept()?;
        stream.set_nonblocking(true)?;
        Ok((stream, address))
    }
}

struct Incoming<'a>(&'a Async<TcpListener>);

impl Stream for Incoming<'_> {
    type Item = io::Result<Async<TcpStream>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let accepted = self.0.poll_io(crate::Direction::Read, cx, accept);
        accepted.map(|accepted| Some(accepted.and_then(|(stream, _)| Async::new_nonblocking(stream))))
    }
}

impl TryFrom<TcpListener> for Async<TcpListener> {
    type Error = io::Error;

    fn try_from(listener: TcpListener) -> io::Result<Self> {
        Async::new(listener)
    }
}

impl Async<TcpStream> {
    /// Connects to `address`.
    ///
    /// # Errors
    ///
    /// The operating system's: refused, unreachable, timed out. Those of [`Async::new`].
    ///
    /// # Cancel safety
    ///
    /// The socket is closed; the peer may see a connection that ends at once.
    ///
    /// # Python
    ///
    /// `loop.sock_connect`.
    #[doc(alias = "sock_connect")]
    pub async fn connect<A: Into<SocketAddr>>(address: A) -> io::Result<Async<TcpStream>> {
        let address = address.into();
        let socket = connect(
            Domain::for_address(address),
            Some(Protocol::TCP),
            &SockAddr::from(address),
        )?;
        let stream = Async::new_nonblocking(TcpStream::from(socket))?;
        stream.writable().await?;
        match stream.get_ref().take_error()? {
            Some(error) => Err(error),
            None => Ok(stream),
        }
    }

    /// Receives without taking what is received.
    ///
    /// # Errors
    ///
    /// The operating system's.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read_with(|stream| stream.peek(buffer)).await
    }
}

impl TryFrom<TcpStream> for Async<TcpStream> {
    type Error = io::Error;

    fn try_from(stream: TcpStream) -> io::Result<Self> {
        Async::new(stream)
    }
}

/// Makes a non-blocking stream socket that begins to connect.
pub(crate) fn connect(domain: Domain, protocol: Option<Protocol>, address: &SockAddr) -> io::Result<Socket> {
    let socket = Socket::new(domain, Type::STREAM, protocol)?;
    socket.set_nonblocking(true)?;
    match socket.connect(address) {
        Err(error) if is_under_way(&error) => Ok(socket),
        Err(error) => Err(error),
        Ok(()) => Ok(socket),
    }
}

/// Whether the connection is being made. A full queue of a Unix listener (EAGAIN) is an error: nothing is under way.
#[cfg(unix)]
fn is_under_way(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EINPROGRESS)
}

#[cfg(not(unix))]
fn is_under_way(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}
