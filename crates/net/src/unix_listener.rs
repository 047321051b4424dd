//! `UnixListener`: accepts connections from processes on this machine.

use std::io;
use std::os::unix::net::SocketAddr;
use std::path::Path;
use std::task::{Context, Poll};

use asyncio_reactor::{Async, Direction};

use crate::UnixStream;
use crate::accept::{Incoming, Listener, outlive, sealed};
use crate::unix_addr::with_address;

/// A listening Unix socket. Unix only.
///
/// Dropping it leaves its file where it is; a path can be bound again when the file was removed.
///
/// # Examples
///
/// ```
/// use asyncio_net::{UnixListener, UnixStream};
///
/// # futures_lite::future::block_on(async {
/// let path = std::env::temp_dir().join(format!("asyncio-net-listener-{}", std::process::id()));
/// let listener = UnixListener::bind(&path)?;
/// let mut client = UnixStream::connect(&path).await?;
/// let (mut server, _peer) = listener.accept().await?;
/// std::fs::remove_file(&path)?;
///
/// client.write_all(b"ping").await?;
/// let mut buffer = [0; 4];
/// server.read_exact(&mut buffer).await?;
/// assert_eq!(&buffer, b"ping");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct UnixListener {
    io: Async<std::os::unix::net::UnixListener>,
}

impl UnixListener {
    /// Binds to `path`, which must not exist. On Linux a path that begins with a zero byte is an abstract name, which
    /// has no file.
    ///
    /// # Errors
    ///
    /// The operating system's, with the path; `InvalidInput` for one that is too long.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<UnixListener> {
        with_address("cannot listen on", path.as_ref(), |address| {
            UnixListener::from_std(std::os::unix::net::UnixListener::bind_addr(address)?)
        })
    }

    /// Takes a listener of the standard library.
    ///
    /// # Errors
    ///
    /// Those of [`Async::new`].
    pub fn from_std(listener: std::os::unix::net::UnixListener) -> io::Result<UnixListener> {
        Ok(UnixListener {
            io: Async::new(listener)?,
        })
    }

    /// Gives the listener of the standard library back; it is non-blocking.
    ///
    /// # Errors
    ///
    /// Those of [`Async::into_inner`].
    pub fn into_std(self) -> io::Result<std::os::unix::net::UnixListener> {
        self.io.into_inner()
    }

    /// Waits for a connection. It is registered with the drivers of the thread that accepts it.
    ///
    /// # Errors
    ///
    /// The operating system's. After `EMFILE` and its like the connection waits in the queue and the listener works
    /// on; [`accept_retrying`](UnixListener::accept_retrying) waits for better times.
    ///
    /// # Cancel safety
    ///
    /// No connection is lost.
    #[doc(alias = "sock_accept")]
    pub async fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        let (stream, peer) = self.io.read_with(accept).await?;
        Ok((UnixStream::from_async(Async::new_nonblocking(stream)?), peer))
    }

    /// As [`accept`](UnixListener::accept), for servers that are to survive: connections that were aborted while they
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
    ) -> io::Result<(UnixStream, SocketAddr)> {
        loop {
            match self.accept().await {
                Ok(accepted) => return Ok(accepted),
                Err(error) => outlive(error, &mut report).await?,
            }
        }
    }

    /// The poll form of [`accept`](UnixListener::accept). One task at a time is meant to wait in it.
    ///
    /// # Errors
    ///
    /// As [`accept`](UnixListener::accept).
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(UnixStream, SocketAddr)>> {
        self.io.poll_io(Direction::Read, cx, accept).map(|accepted| {
            let (stream, peer) = accepted?;
            Ok((UnixStream::from_async(Async::new_nonblocking(stream)?), peer))
        })
    }

    /// The connections as they come, as a stream without an end that survives what a server should: see
    /// [`Incoming`].
    pub fn incoming(&self) -> Incoming<'_, UnixListener> {
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
    pub fn as_async(&self) -> &Async<std::os::unix::net::UnixListener> {
        &self.io
    }
}

fn accept(
    listener: &std::os::unix::net::UnixListener,
) -> io::Result<(std::os::unix::net::UnixStream, SocketAddr)> {
    let (stream, peer) = listener.accept()?;
    stream.set_nonblocking(true)?;
    Ok((stream, peer))
}

impl sealed::Sealed for UnixListener {
    type Stream = UnixStream;

    fn again(self) -> io::Result<UnixListener> {
        UnixListener::from_std(self.into_std()?)
    }

    fn poll_accept_stream(&self, cx: &mut Context<'_>) -> Poll<io::Result<UnixStream>> {
        self.poll_accept(cx).map_ok(|(stream, _peer)| stream)
    }
}

impl Listener for UnixListener {}

impl TryFrom<std::os::unix::net::UnixListener> for UnixListener {
    type Error = io::Error;

    fn try_from(listener: std::os::unix::net::UnixListener) -> io::Result<UnixListener> {
        UnixListener::from_std(listener)
    }
}
