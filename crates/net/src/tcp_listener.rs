//! `TcpListener`: accepts connections.

use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use asyncio_reactor::{Async, Direction};
use socket2::{Domain, Protocol, Socket, Type};

use crate::TcpStream;
use crate::accept::{Incoming, Listener, outlive, sealed};
use crate::addr::{ToAddrs, first};

/// A listening TCP socket.
///
/// # Examples
///
/// ```
/// use asyncio_net::{TcpListener, TcpStream};
///
/// # futures_lite::future::block_on(async {
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let mut client = TcpStream::connect(listener.local_addr()?).await?;
/// let (mut server, _peer) = listener.accept().await?;
///
/// client.write_all(b"ping").await?;
/// let mut buffer = [0; 4];
/// server.read_exact(&mut buffer).await?;
/// assert_eq!(&buffer, b"ping");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct TcpListener {
    io: Async<std::net::TcpListener>,
}

/// How a listening socket is made; see [`TcpListener::builder`].
#[derive(Debug, Clone)]
pub struct TcpListenerBuilder {
    backlog: i32,
    reuse_address: bool,
    reuse_port: bool,
    only_v6: Option<bool>,
}

impl TcpListener {
    /// Binds to the first of the addresses that `address` names and that can be bound.
    ///
    /// # Errors
    ///
    /// The operating system's, with the address; those of the look-up of a name.
    ///
    /// # Cancel safety
    ///
    /// Nothing is bound when this is dropped before it is ready.
    pub async fn bind(address: impl ToAddrs) -> io::Result<TcpListener> {
        TcpListener::builder().bind(address).await
    }

    /// A builder with the options of listening sockets.
    pub fn builder() -> TcpListenerBuilder {
        TcpListenerBuilder {
            backlog: 1024,
            reuse_address: cfg!(unix),
            reuse_port: false,
            only_v6: None,
        }
    }

    /// Takes a listener of the standard library.
    ///
    /// # Errors
    ///
    /// Those of [`Async::new`].
    pub fn from_std(listener: std::net::TcpListener) -> io::Result<TcpListener> {
        Ok(TcpListener {
            io: Async::new(listener)?,
        })
    }

    /// Gives the listener of the standard library back; it is non-blocking.
    ///
    /// # Errors
    ///
    /// Those of [`Async::into_inner`].
    pub fn into_std(self) -> io::Result<std::net::TcpListener> {
        self.io.into_inner()
    }

    /// Waits for a connection. It is registered with the drivers of the thread that accepts it.
    ///
    /// # Errors
    ///
    /// The operating system's. After `EMFILE` and its like the connection waits in the queue and the listener works
    /// on; [`accept_retrying`](TcpListener::accept_retrying) waits for better times.
    ///
    /// # Cancel safety
    ///
    /// No connection is lost.
    #[doc(alias = "sock_accept")]
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (io, peer) = self.io.accept().await?;
        Ok((TcpStream::from_async(io), peer))
    }

    /// As [`accept`](TcpListener::accept), for servers that are to survive: connections that were aborted while they
    /// waited are passed over; when the process or the system has run out of descriptors or memory, `report` is
    /// called and the next attempt is made after 100 ms.
    ///
    /// # Errors
    ///
    /// Any other error of the operating system.
    ///
    /// # Cancel safety
    ///
    /// No connection is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// use asyncio_net::{TcpListener, TcpStream};
    ///
    /// # futures_lite::future::block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let client = TcpStream::connect(listener.local_addr()?).await?;
    /// let report = |error: &_| eprintln!("cannot accept just now: {error}");
    /// let (_server, peer) = listener.accept_retrying(report).await?;
    /// assert_eq!(peer, client.local_addr()?);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn accept_retrying(
        &self,
        mut report: impl FnMut(&io::Error),
    ) -> io::Result<(TcpStream, SocketAddr)> {
        loop {
            match self.accept().await {
                Ok(accepted) => return Ok(accepted),
                Err(error) => outlive(error, &mut report).await?,
            }
        }
    }

    /// The poll form of [`accept`](TcpListener::accept). One task at a time is meant to wait in it.
    ///
    /// # Errors
    ///
    /// As [`accept`](TcpListener::accept).
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        self.io.poll_io(Direction::Read, cx, accept).map(|accepted| {
            let (stream, peer) = accepted?;
            Ok((TcpStream::from_async(Async::new_nonblocking(stream)?), peer))
        })
    }

    /// The connections as they come, as a stream without an end that survives what a server should: see
    /// [`Incoming`].
    ///
    /// # Examples
    ///
    /// ```
    /// use asyncio_net::{TcpListener, TcpStream};
    /// use futures_lite::StreamExt;
    ///
    /// # futures_lite::future::block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let client = TcpStream::connect(listener.local_addr()?).await?;
    /// let mut incoming = listener.incoming();
    /// if let Some(server) = incoming.next().await {
    ///     assert_eq!(server?.peer_addr()?, client.local_addr()?);
    /// }
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn incoming(&self) -> Incoming<'_, TcpListener> {
        Incoming::new(self)
    }

    /// The address that it is bound to.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().local_addr()
    }

    /// The socket, registered with its reactor.
    pub fn as_async(&self) -> &Async<std::net::TcpListener> {
        &self.io
    }
}

/// Accepts a connection that is non-blocking from its start.
fn accept(listener: &std::net::TcpListener) -> io::Result<(std::net::TcpStream, SocketAddr)> {
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
    {
        use rustix::net::{SocketFlags, acceptfrom_with};
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let (stream, peer) = acceptfrom_with(listener, flags)?;
        let peer = peer.ok_or_else(|| io::Error::other("a connection was accepted without an address"))?;
        Ok((stream.into(), SocketAddr::try_from(peer)?))
    }
    #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
    {
        let (stream, peer) = listener.accept()?;
        stream.set_nonblocking(true)?;
        Ok((stream, peer))
    }
}

impl sealed::Sealed for TcpListener {
    type Stream = TcpStream;

    fn again(self) -> io::Result<TcpListener> {
        TcpListener::from_std(self.into_std()?)
    }

    fn poll_accept_stream(&self, cx: &mut Context<'_>) -> Poll<io::Result<TcpStream>> {
        self.poll_accept(cx).map_ok(|(stream, _peer)| stream)
    }
}

impl Listener for TcpListener {}

impl TryFrom<std::net::TcpListener> for TcpListener {
    type Error = io::Error;

    fn try_from(listener: std::net::TcpListener) -> io::Result<TcpListener> {
        TcpListener::from_std(listener)
    }
}

impl TcpListenerBuilder {
    /// How many connections may wait to be accepted. The default is 1024; the system may cap it.
    pub fn backlog(mut self, connections: i32) -> TcpListenerBuilder {
        self.backlog = connections;
        self
    }

    /// Lets the address be bound while connections of an earlier socket fade out. The default is yes on Unix, where
    /// it means that, and no elsewhere.
    pub fn reuse_address(mut self, reuse: bool) -> TcpListenerBuilder {
        self.reuse_address = reuse;
        self
    }

    /// Lets several sockets listen on the address, among which the system shares the connections out. Unix only.
    pub fn reuse_port(mut self, reuse: bool) -> TcpListenerBuilder {
        self.reuse_port = reuse;
        self
    }

    /// Decides whether an IPv6 socket takes IPv4 connections too. The default is the system's.
    pub fn only_v6(mut self, only: bool) -> TcpListenerBuilder {
        self.only_v6 = Some(only);
        self
    }

    /// Binds to the first of the addresses that `address` names and that can be bound.
    ///
    /// # Errors
    ///
    /// As [`TcpListener::bind`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is bound when this is dropped before it is ready.
    pub async fn bind(&self, address: impl ToAddrs) -> io::Result<TcpListener> {
        first(address, "cannot listen on", |address| self.listen(address)).await
    }

    fn listen(&self, address: SocketAddr) -> io::Result<TcpListener> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        if self.reuse_address {
            socket.set_reuse_address(true)?;
        }
        #[cfg(unix)]
        if self.reuse_port {
            socket.set_reuse_port(true)?;
        }
        #[cfg(not(unix))]
        if self.reuse_port {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "reuse_port needs a Unix system",
            ));
        }
        if let (Some(only), SocketAddr::V6(_)) = (self.only_v6, address) {
            socket.set_only_v6(only)?;
        }
        socket.bind(&address.into())?;
        socket.listen(self.backlog)?;
        TcpListener::from_std(socket.into())
    }
}
