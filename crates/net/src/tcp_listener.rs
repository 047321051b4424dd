//! `TcpListener`: accepts connections.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use asyncio_reactor::Async;
use asyncio_timers::sleep;
use socket2::{Domain, Protocol, Socket, Type};

use crate::TcpStream;
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
    pub async fn accept_retrying(
        &self,
        mut report: impl FnMut(&io::Error),
    ) -> io::Result<(TcpStream, SocketAddr)> {
        loop {
            match self.accept().await {
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) if is_shortage(&error) => {
                    report(&error);
                    sleep(Duration::from_millis(100)).await;
                }
                done => return done,
            }
        }
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

/// Has the process or the system run out of descriptors or memory?
fn is_shortage(error: &io::Error) -> bool {
    #[cfg(unix)]
    {
        let shortages = [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM];
        error.raw_os_error().is_some_and(|code| shortages.contains(&code))
    }
    #[cfg(not(unix))]
    {
        // WSAEMFILE and WSAENOBUFS.
        matches!(error.raw_os_error(), Some(10024 | 10055))
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
        first(address, "cannot listen on", async |address| self.listen(address)).await
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
