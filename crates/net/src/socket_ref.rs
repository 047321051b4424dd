//! `SocketRef`: the socket below a transport, to look at and to set options of.
//!
//! Invariant: nothing here reads, writes, closes or changes the mode, for that is the transport's. Whoever goes around it by the
//! descriptor knows what they do.

use std::fmt;
use std::io;

use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, Type};

/// A view of the socket below a [`Transport`](crate::Transport); from [`Transport::socket`](crate::Transport::socket).
///
/// It lends its descriptor, so `socket2::SockRef::from(&socket)` sets options that have no method of their own.
///
/// # Python
///
/// `asyncio.trsock.TransportSocket`.
///
/// # Examples
///
/// ```
/// use asyncio_net::{TcpListener, TcpStream, stream};
///
/// # asyncio_loop::Runner::new().run(async {
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let (_reader, writer) = stream(TcpStream::connect(listener.local_addr()?).await?);
/// let socket = writer.transport().socket().expect("it is one");
/// assert_eq!(socket.peer_addr()?.as_socket(), Some(listener.local_addr()?));
/// # std::io::Result::Ok(())
/// # }).unwrap().unwrap();
/// ```
#[doc(alias = "TransportSocket")]
pub struct SocketRef<'a> {
    socket: SockRef<'a>,
}

impl<'a> SocketRef<'a> {
    #[cfg(unix)]
    pub(crate) fn new(socket: &'a impl std::os::fd::AsFd) -> SocketRef<'a> {
        let socket = SockRef::from(socket);
        SocketRef { socket }
    }

    #[cfg(windows)]
    pub(crate) fn new(socket: &'a impl std::os::windows::io::AsSocket) -> SocketRef<'a> {
        let socket = SockRef::from(socket);
        SocketRef { socket }
    }

    /// The address that it is bound to.
    ///
    /// # Errors
    ///
    /// The operating system's.
    #[doc(alias = "getsockname")]
    pub fn local_addr(&self) -> io::Result<SockAddr> {
        self.socket.local_addr()
    }

    /// The address of the peer.
    ///
    /// # Errors
    ///
    /// The operating system's; `NotConnected` without a peer.
    #[doc(alias = "getpeername")]
    pub fn peer_addr(&self) -> io::Result<SockAddr> {
        self.socket.peer_addr()
    }

    /// The address family.
    ///
    /// # Errors
    ///
    /// The operating system's.
    #[doc(alias = "family")]
    pub fn domain(&self) -> io::Result<Domain> {
        Ok(Domain::from(i32::from(self.socket.local_addr()?.family())))
    }

    /// Whether it carries a stream or datagrams.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn kind(&self) -> io::Result<Type> {
        self.socket.r#type()
    }

    /// The protocol below it, where the system tells.
    ///
    /// # Errors
    ///
    /// The operating system's; `Unsupported` where it does not tell.
    pub fn protocol(&self) -> io::Result<Option<Protocol>> {
        #[cfg(any(
            target_os = "linux",
            target_os = "android",
            target_os = "windows",
            target_os = "freebsd"
        ))]
        return self.socket.protocol();
        #[cfg(not(any(
            target_os = "linux",
            target_os = "android",
            target_os = "windows",
            target_os = "freebsd"
        )))]
        Err(io::ErrorKind::Unsupported.into())
    }

    /// A descriptor of one's own for the socket, which is non-blocking as long as the transport uses it.
    ///
    /// # Errors
    ///
    /// The operating system's.
    #[doc(alias = "dup")]
    pub fn try_clone(&self) -> io::Result<Socket> {
        self.socket.try_clone()
    }
}

impl fmt::Debug for SocketRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SocketRef").field(&*self.socket).finish()
    }
}

#[cfg(unix)]
mod unix {
    use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

    use super::SocketRef;

    impl AsFd for SocketRef<'_> {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.socket.as_fd()
        }
    }

    impl AsRawFd for SocketRef<'_> {
        fn as_raw_fd(&self) -> RawFd {
            self.socket.as_raw_fd()
        }
    }
}

#[cfg(windows)]
mod windows {
    use std::os::windows::io::{AsRawSocket, AsSocket, BorrowedSocket, RawSocket};

    use super::SocketRef;

    impl AsSocket for SocketRef<'_> {
        fn as_socket(&self) -> BorrowedSocket<'_> {
            self.socket.as_socket()
        }
    }

    impl AsRawSocket for SocketRef<'_> {
        fn as_raw_socket(&self) -> RawSocket {
            self.socket.as_raw_socket()
        }
    }
}
