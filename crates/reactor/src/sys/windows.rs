//! Windows: sources are sockets. This file was written with care and never compiled or run.

use std::io;
use std::os::windows::io::{AsRawSocket, AsSocket, RawSocket};

use crate::direction::Direction;

/// How a source is known to the operating system.
pub(crate) type RawSource = RawSocket;

/// What a reactor can watch: anything with a socket.
///
/// It is implemented for everything that implements [`AsSocket`], and for nothing else.
pub trait AsSource: AsSocket {
    #[doc(hidden)]
    fn raw_source(&self) -> RawSocket {
        self.as_socket().as_raw_socket()
    }
}

impl<T: AsSocket + ?Sized> AsSource for T {}

/// Makes operations on `source` return `WouldBlock` instead of waiting.
pub(crate) fn set_nonblocking(source: &impl AsSource) -> io::Result<()> {
    socket2::SockRef::from(source).set_nonblocking(true)
}

/// Whether an operation would not block; `None`, since the poller is asked here.
pub(crate) fn is_ready(_raw: RawSource, _direction: Direction) -> io::Result<Option<bool>> {
    Ok(None)
}
