//! `TcpStream`: a TCP connection.

use std::io;
use std::net::{Shutdown, SocketAddr};

use asyncio_reactor::Async;

use crate::addr::ToAddrs;
use crate::connect::plainly;
use crate::split::{self, OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};
use crate::stream::sealed::Sealed;
use crate::stream::{ByteStream, async_read, async_write, read_methods, socket, write_methods};

/// A TCP connection.
///
/// The futures-io traits are there beside the inherent methods; closing through them ends the sending direction.
/// See [`TcpListener`](crate::TcpListener) for an example.
#[derive(Debug)]
pub struct TcpStream {
    io: Async<std::net::TcpStream>,
}

impl TcpStream {
    /// Connects to the first of the addresses that `address` names and that answers, as [`connect`](crate::connect()) does, which has
    /// options.
    ///
    /// # Errors
    ///
    /// The operating system's, with the addresses; those of the look-up of a name.
    ///
    /// # Cancel safety
    ///
    /// The attempts end; a peer may have seen one.
    #[doc(alias = "sock_connect")]
    pub async fn connect(address: impl ToAddrs) -> io::Result<TcpStream> {
        plainly(address.named()).await
    }

    pub(crate) fn from_async(io: Async<std::net::TcpStream>) -> TcpStream {
        TcpStream { io }
    }

    /// Takes a stream of the standard library.
    ///
    /// # Errors
    ///
    /// Those of [`Async::new`].
    pub fn from_std(stream: std::net::TcpStream) -> io::Result<TcpStream> {
        Ok(TcpStream {
            io: Async::new(stream)?,
        })
    }

    /// Gives the stream of the standard library back; it is non-blocking.
    ///
    /// # Errors
    ///
    /// Those of [`Async::into_inner`].
    pub fn into_std(self) -> io::Result<std::net::TcpStream> {
        self.io.into_inner()
    }

    read_methods!(this);
    write_methods!(this);

    #[inline]
    fn this(&self) -> &TcpStream {
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
    pub fn split(&mut self) -> (ReadHalf<'_, TcpStream>, WriteHalf<'_, TcpStream>) {
        split::split(self)
    }

    /// Takes the two directions apart, for two tasks.
    pub fn into_split(self) -> (OwnedReadHalf<TcpStream>, OwnedWriteHalf<TcpStream>) {
        split::into_split(self)
    }

    /// The address of the other end.
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

    /// The socket, registered with its reactor.
    pub fn as_async(&self) -> &Async<std::net::TcpStream> {
        &self.io
    }
}

socket!(std::net::TcpStream, std::net::TcpStream::peek);

impl Sealed for TcpStream {
    type Io = std::net::TcpStream;

    #[inline]
    fn io(&self) -> &Async<std::net::TcpStream> {
        &self.io
    }
}

impl ByteStream for TcpStream {
    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        TcpStream::shutdown(self, how)
    }
}

async_read!([] TcpStream, this);
async_read!([] & TcpStream, this);
async_write!([] TcpStream, this);
async_write!([] & TcpStream, this);

impl TryFrom<std::net::TcpStream> for TcpStream {
    type Error = io::Error;

    fn try_from(stream: std::net::TcpStream) -> io::Result<TcpStream> {
        TcpStream::from_std(stream)
    }
}
