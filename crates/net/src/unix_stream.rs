//! `UnixStream`: a connection to a process on this machine, and who that is.

use std::io;
use std::net::Shutdown;
use std::os::unix::net::SocketAddr;
use std::path::Path;

use asyncio_reactor::Async;

use crate::split::{self, OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};
use crate::stream::sealed::Sealed;
use crate::stream::{ByteStream, async_read, async_write, read_methods, socket, write_methods};
use crate::unix_addr::about;

/// A connected Unix socket. Unix only.
///
/// The futures-io traits are there beside the inherent methods; closing through them ends the sending direction.
///
/// # Examples
///
/// ```
/// use asyncio_net::UnixStream;
///
/// # futures_lite::future::block_on(async {
/// let (mut one, mut other) = UnixStream::pair()?;
/// one.write_all(b"ping").await?;
/// let mut buffer = [0; 4];
/// other.read_exact(&mut buffer).await?;
/// assert_eq!(&buffer, b"ping");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct UnixStream {
    io: Async<std::os::unix::net::UnixStream>,
}

/// Who is at the other end of a Unix connection; made by `UnixStream::peer_credentials`.
///
/// They are those of the moment at which the peer connected, or listened.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerCredentials {
    /// The number of its process.
    pub pid: i32,
    /// The number of its user.
    pub uid: u32,
    /// The number of its group.
    pub gid: u32,
}

impl UnixStream {
    /// Connects to the listener on `path`. On Linux a path that begins with a zero byte is an abstract name.
    ///
    /// # Errors
    ///
    /// The operating system's, with the path; `InvalidInput` for one that is too long. On Linux `WouldBlock` means
    /// that the listener's queue is full: the system tells nobody when there is room again.
    ///
    /// # Cancel safety
    ///
    /// The attempt ends; the peer may have seen it.
    #[doc(alias = "sock_connect")]
    pub async fn connect(path: impl AsRef<Path>) -> io::Result<UnixStream> {
        let path = path.as_ref();
        match Async::<std::os::unix::net::UnixStream>::connect(path).await {
            Ok(io) => Ok(UnixStream { io }),
            Err(error) => Err(about("cannot connect to", path, error)),
        }
    }

    /// Two streams that are connected to each other.
    ///
    /// # Errors
    ///
    /// The operating system's, and those of [`Async::new`].
    #[doc(alias = "socketpair")]
    pub fn pair() -> io::Result<(UnixStream, UnixStream)> {
        let (one, other) = std::os::unix::net::UnixStream::pair()?;
        Ok((UnixStream::from_std(one)?, UnixStream::from_std(other)?))
    }

    pub(crate) fn from_async(io: Async<std::os::unix::net::UnixStream>) -> UnixStream {
        UnixStream { io }
    }

    /// Takes a stream of the standard library.
    ///
    /// # Errors
    ///
    /// Those of [`Async::new`].
    pub fn from_std(stream: std::os::unix::net::UnixStream) -> io::Result<UnixStream> {
        Ok(UnixStream {
            io: Async::new(stream)?,
        })
    }

    /// Gives the stream of the standard library back; it is non-blocking.
    ///
    /// # Errors
    ///
    /// Those of [`Async::into_inner`].
    pub fn into_std(self) -> io::Result<std::os::unix::net::UnixStream> {
        self.io.into_inner()
    }

    read_methods!(this);
    write_methods!(this);

    #[inline]
    fn this(&self) -> &UnixStream {
        self
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
    pub fn split(&mut self) -> (ReadHalf<'_, UnixStream>, WriteHalf<'_, UnixStream>) {
        split::split(self)
    }

    /// Takes the two directions apart, for two tasks.
    pub fn into_split(self) -> (OwnedReadHalf<UnixStream>, OwnedWriteHalf<UnixStream>) {
        split::into_split(self)
    }

    /// The address of the other end; a client mostly has none.
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

    /// Who is at the other end. Linux and Android only.
    ///
    /// # Errors
    ///
    /// The operating system's.
    ///
    /// # Examples
    ///
    /// ```
    /// let (one, _other) = asyncio_net::UnixStream::pair()?;
    /// assert_eq!(one.peer_credentials()?.pid, std::process::id() as i32);
    /// # std::io::Result::Ok(())
    /// ```
    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[doc(alias = "SO_PEERCRED")]
    pub fn peer_credentials(&self) -> io::Result<PeerCredentials> {
        let peer = rustix::net::sockopt::socket_peercred(self.io.get_ref())?;
        Ok(PeerCredentials {
            pid: peer.pid.as_raw_nonzero().get(),
            uid: peer.uid.as_raw(),
            gid: peer.gid.as_raw(),
        })
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
    pub fn as_async(&self) -> &Async<std::os::unix::net::UnixStream> {
        &self.io
    }
}

fn peek(stream: &std::os::unix::net::UnixStream, buffer: &mut [u8]) -> io::Result<usize> {
    let (count, _) = rustix::net::recv(stream, buffer, rustix::net::RecvFlags::PEEK)?;
    Ok(count)
}

socket!(std::os::unix::net::UnixStream, peek);

impl Sealed for UnixStream {
    type Io = std::os::unix::net::UnixStream;

    #[inline]
    fn io(&self) -> &Async<std::os::unix::net::UnixStream> {
        &self.io
    }
}

impl ByteStream for UnixStream {
    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        UnixStream::shutdown(self, how)
    }
}

async_read!([] UnixStream, this);
async_read!([] & UnixStream, this);
async_write!([] UnixStream, this);
async_write!([] & UnixStream, this);

impl TryFrom<std::os::unix::net::UnixStream> for UnixStream {
    type Error = io::Error;

    fn try_from(stream: std::os::unix::net::UnixStream) -> io::Result<UnixStream> {
        UnixStream::from_std(stream)
    }
}
