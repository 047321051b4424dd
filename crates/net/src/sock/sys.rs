//! What differs between systems, and one call that std has for its own sockets only.

#[cfg(unix)]
pub(super) use unix::{borrow, check_nonblocking, duplicate, is_under_way, sock_ref};
#[cfg(windows)]
pub(super) use windows::{borrow, check_nonblocking, duplicate, is_under_way, sock_ref};

use std::io;
use std::mem::MaybeUninit;

use socket2::{SockAddr, SockRef};

/// Receives a datagram, with its sender.
pub(super) fn recv_from(sock: &SockRef<'_>, buffer: &mut [u8]) -> io::Result<(usize, SockAddr)> {
    let (data, len) = (buffer.as_mut_ptr().cast::<MaybeUninit<u8>>(), buffer.len());
    #[expect(
        unsafe_code,
        reason = "socket2 receives into memory that may be uninitialised"
    )]
    // SAFETY: the same bytes, borrowed for as long; socket2 promises to write initialised bytes only.
    let buffer = unsafe { std::slice::from_raw_parts_mut(data, len) };
    sock.recv_from(buffer)
}

#[cfg(unix)]
mod unix {
    //! Unix: sockets are descriptors.

    use std::io;
    use std::os::fd::{BorrowedFd, OwnedFd};

    use asyncio_reactor::AsSource;
    use socket2::SockRef;

    pub(in crate::sock) fn borrow(sock: &impl AsSource) -> BorrowedFd<'_> {
        sock.as_fd()
    }

    pub(in crate::sock) fn duplicate(sock: &impl AsSource) -> io::Result<OwnedFd> {
        sock.as_fd().try_clone_to_owned()
    }

    pub(in crate::sock) fn sock_ref(sock: &impl AsSource) -> SockRef<'_> {
        SockRef::from(sock)
    }

    /// An operation on a socket that blocks would hold up the loop.
    pub(in crate::sock) fn check_nonblocking(sock: &impl AsSource) -> io::Result<()> {
        let flags = rustix::fs::fcntl_getfl(sock.as_fd())?;
        if flags.contains(rustix::fs::OFlags::NONBLOCK) {
            return Ok(());
        }
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "the socket must be non-blocking: call set_nonblocking(true)",
        ))
    }

    pub(in crate::sock) fn is_under_way(error: &io::Error) -> bool {
        let of = |errno: rustix::io::Errno| error.raw_os_error() == Some(errno.raw_os_error());
        of(rustix::io::Errno::INPROGRESS) || of(rustix::io::Errno::ALREADY)
    }
}

#[cfg(windows)]
mod windows {
    //! Windows: written with care and never run. A socket's mode cannot be asked there, so it is set.

    use std::io;
    use std::os::windows::io::{AsSocket, BorrowedSocket, OwnedSocket};

    use asyncio_reactor::AsSource;
    use socket2::SockRef;

    pub(in crate::sock) fn borrow(sock: &impl AsSource) -> BorrowedSocket<'_> {
        sock.as_socket()
    }

    pub(in crate::sock) fn duplicate(sock: &impl AsSource) -> io::Result<OwnedSocket> {
        sock.as_socket().try_clone_to_owned()
    }

    pub(in crate::sock) fn sock_ref(sock: &impl AsSource) -> SockRef<'_> {
        SockRef::from(sock)
    }

    pub(in crate::sock) fn check_nonblocking(sock: &impl AsSource) -> io::Result<()> {
        SockRef::from(sock).set_nonblocking(true)
    }

    pub(in crate::sock) fn is_under_way(error: &io::Error) -> bool {
        error.kind() == io::ErrorKind::WouldBlock
    }
}
