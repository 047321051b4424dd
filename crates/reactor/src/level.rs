//! `Level<T>`: readiness as a state, for raw callbacks.
//!
//! An edge tells that something changed; whoever then reads a part of what is there hears nothing more. Code that is
//! called back (`add_reader`) may read as little as it likes, so here every poll asks the operating system. That
//! costs a call each time, and no second way of registering.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};

use crate::direction::Direction;
use crate::handle::Handle;
use crate::registration::Registration;
use crate::sys::AsSource;

/// Watches an object's readiness as a state: it is ready for as long as an operation would not block, however little
/// of what is there was taken. The object's mode (blocking or not) is left as it is.
///
/// `Level<BorrowedFd<'_>>` watches a descriptor that belongs to somebody else.
///
/// # Python
///
/// What `loop.add_reader` and `loop.add_writer` rest on.
///
/// # Examples
///
/// ```
/// use std::io::{Read, Write};
/// use std::os::unix::net::UnixStream;
/// use asyncio_reactor::{Direction, Level};
///
/// # fn main() -> std::io::Result<()> {
/// let (mut one, other) = UnixStream::pair()?;
/// one.write_all(b"abc")?;
/// let level = Level::new(other)?;
/// for expected in b"abc" {
///     futures_lite::future::block_on(level.ready(Direction::Read))?;
///     let mut byte = [0];
///     level.get_ref().read_exact(&mut byte)?; // one byte for each time that it is ready
///     assert_eq!(byte[0], *expected);
/// }
/// # Ok(())
/// # }
/// ```
#[doc(alias = "add_reader")]
#[doc(alias = "add_writer")]
pub struct Level<T> {
    registration: Registration,
    io: T,
}

impl<T: AsSource> Level<T> {
    /// Watches `io` with the reactor of this thread.
    ///
    /// # Errors
    ///
    /// As [`Async::new`](crate::Async::new).
    pub fn new(io: T) -> io::Result<Level<T>> {
        let registration = Registration::new(io.raw_source())?;
        Ok(Level { registration, io })
    }

    /// Watches `io` with the reactor of `handle` whatever the thread.
    ///
    /// # Errors
    ///
    /// As [`Async::new`](crate::Async::new).
    pub fn new_with(handle: &Handle, io: T) -> io::Result<Level<T>> {
        let registration = Registration::new_with(handle, io.raw_source())?;
        Ok(Level { registration, io })
    }
}

impl<T> Level<T> {
    /// The object.
    pub fn get_ref(&self) -> &T {
        &self.io
    }

    /// Stops watching and gives the object back.
    ///
    /// # Errors
    ///
    /// The operating system does not know the descriptor any more: somebody closed it behind our back.
    pub fn into_inner(self) -> io::Result<T> {
        let Level { registration, io } = self;
        registration.end()?;
        Ok(io)
    }

    /// Ready for as long as an operation in `direction` would not block.
    ///
    /// # Errors
    ///
    /// The reactor was closed or is from before a fork; the descriptor was closed behind our back.
    pub fn poll_ready(&self, direction: Direction, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.registration.source().poll_ready(direction, cx)
    }

    /// Waits until an operation in `direction` would not block. One task may wait for each direction at a time
    /// without waking others for nothing.
    ///
    /// # Errors
    ///
    /// As [`Level::poll_ready`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: no data was taken.
    pub async fn ready(&self, direction: Direction) -> io::Result<()> {
        poll_fn(|cx| self.poll_ready(direction, cx)).await
    }
}

impl<T: fmt::Debug> fmt::Debug for Level<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Level")
            .field("io", &self.io)
            .finish_non_exhaustive()
    }
}
