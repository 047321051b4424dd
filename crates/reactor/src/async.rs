//! `Async<T>`: an I/O object whose operations wait in tasks instead of threads.
//!
//! Invariants: the object is in non-blocking mode; it is deregistered before it is closed or given back (the fields'
//! order sees to the first); it has one owner on every path.

#![expect(
    unsafe_code,
    reason = "`get_mut` and the `_mut` forms leave it to the caller that the descriptor stays the registered one"
)]

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::direction::Direction;
use crate::handle::Handle;
use crate::ready::{Readable, ReadableOwned, Writable, WritableOwned};
use crate::registration::Registration;
use crate::source::Source;
use crate::sys::{self, AsSource};
use crate::waiter::Waiter;

/// An I/O object whose operations wait in tasks instead of threads.
///
/// It works for sockets, pipes, terminals and everything else that the operating system can watch; not for regular
/// files. It registers with the reactor that was [entered](Handle::enter) on the thread that makes it, otherwise with
/// that of a background thread that this crate starts, and stays with it.
///
/// Several tasks may use one object at once, through `&Async<T>` or an `Arc`: any number may wait in the `async`
/// methods, and the `poll_*` methods serve each other's wakers too.
///
/// # Examples
///
/// ```
/// use std::net::{TcpListener, TcpStream};
/// use asyncio_reactor::Async;
/// use futures_lite::{AsyncReadExt, AsyncWriteExt, future};
///
/// # fn main() -> std::io::Result<()> {
/// future::block_on(async {
///     let listener = Async::<TcpListener>::bind(([127, 0, 0, 1], 0))?;
///     let mut client = Async::<TcpStream>::connect(listener.get_ref().local_addr()?).await?;
///     let (mut server, _) = listener.accept().await?;
///     client.write_all(b"hello").await?;
///     let mut buffer = [0; 5];
///     server.read_exact(&mut buffer).await?;
///     assert_eq!(&buffer, b"hello");
///     Ok(())
/// })
/// # }
/// ```
pub struct Async<T> {
    registration: Registration,
    io: T,
}

/// A task that holds one is not pinned by it: the operating system knows the descriptor, not the object.
impl<T> Unpin for Async<T> {}

impl<T: AsSource> Async<T> {
    /// Puts `io` into non-blocking mode and registers it with the reactor of this thread.
    ///
    /// # Errors
    ///
    /// The operating system's: it cannot watch `io` (a regular file), or has no room. The reactor that was entered
    /// on this thread is closed, or from before a fork. The background reactor cannot be started.
    ///
    /// # Python
    ///
    /// The part of `loop.sock_*` and of transports that registers with the selector.
    pub fn new(io: T) -> io::Result<Async<T>> {
        sys::set_nonblocking(&io)?;
        Async::new_nonblocking(io)
    }

    /// As [`Async::new`], for an object that is in non-blocking mode already.
    ///
    /// # Errors
    ///
    /// As [`Async::new`].
    pub fn new_nonblocking(io: T) -> io::Result<Async<T>> {
        let registration = Registration::new(io.raw_source())?;
        Ok(Async { registration, io })
    }

    /// As [`Async::new`], with the reactor of `handle` whatever the thread.
    ///
    /// # Errors
    ///
    /// As [`Async::new`].
    pub fn new_with(handle: &Handle, io: T) -> io::Result<Async<T>> {
        sys::set_nonblocking(&io)?;
        Async::new_nonblocking_with(handle, io)
    }

    /// As [`Async::new_nonblocking`], with the reactor of `handle` whatever the thread.
    ///
    /// # Errors
    ///
    /// As [`Async::new`].
    pub fn new_nonblocking_with(handle: &Handle, io: T) -> io::Result<Async<T>> {
        let registration = Registration::new_with(handle, io.raw_source())?;
        Ok(Async { registration, io })
    }
}

impl<T> Async<T> {
    /// The object.
    ///
    /// What is read from it or written to it directly is not seen by the reactor; [`Async::readable`] and
    /// [`Async::writable`] ask the operating system, so they fit such use.
    #[inline]
    pub fn get_ref(&self) -> &T {
        &self.io
    }

    /// The object, to be changed.
    ///
    /// # Safety
    ///
    /// Its descriptor stays the same open one: it is neither closed nor exchanged.
    #[inline]
    pub unsafe fn get_mut(&mut self) -> &mut T {
        &mut self.io
    }

    /// Deregisters the object and gives it back. It stays in non-blocking mode.
    ///
    /// # Errors
    ///
    /// The operating system does not know the descriptor any more: somebody closed it behind our back. The object
    /// is dropped.
    pub fn into_inner(self) -> io::Result<T> {
        let Async { registration, io } = self;
        registration.end()?;
        Ok(io)
    }

    /// The reactor that serves this object.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.registration.handle()
    }

    /// The number of the descriptor or socket, as it stands in [wait records](asyncio_core::Wait).
    #[inline]
    #[must_use]
    pub fn number(&self) -> usize {
        self.source().raw() as usize
    }

    #[inline]
    pub(crate) fn source(&self) -> &Source {
        self.registration.source()
    }

    /// The source and the object, for those whose trait promises to leave the descriptor alone.
    #[inline]
    pub(crate) fn parts(&mut self) -> (&Source, &mut T) {
        (self.registration.source(), &mut self.io)
    }

    /// Waits until there is something to read, to accept, or an end or an error to be told of.
    ///
    /// The operating system is asked at the first poll, so what this returns is true even if the object was read
    /// through [`Async::get_ref`]. Another task may be faster and take what is there.
    ///
    /// # Errors
    ///
    /// The reactor was closed or is from before a fork; the descriptor was closed behind our back.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: no data was taken.
    #[doc(alias = "add_reader")]
    pub fn readable(&self) -> Readable<'_, T> {
        Readable::new(self)
    }

    /// As [`Async::readable`], owning the object.
    pub fn readable_owned(self: Arc<Self>) -> ReadableOwned<T> {
        ReadableOwned::new(self)
    }

    /// Waits until something can be written, a connection is established, or an error waits to be told.
    ///
    /// # Errors
    ///
    /// As [`Async::readable`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    #[doc(alias = "add_writer")]
    pub fn writable(&self) -> Writable<'_, T> {
        Writable::new(self)
    }

    /// As [`Async::writable`], owning the object.
    pub fn writable_owned(self: Arc<Self>) -> WritableOwned<T> {
        WritableOwned::new(self)
    }

    /// Ready when there is something to read: what [`Async::readable`] does, for a hand-written future.
    ///
    /// # Errors
    ///
    /// As [`Async::readable`].
    pub fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.source().poll_ready(Direction::Read, cx)
    }

    /// Ready when something can be written: what [`Async::writable`] does, for a hand-written future.
    ///
    /// # Errors
    ///
    /// As [`Async::readable`].
    pub fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.source().poll_ready(Direction::Write, cx)
    }

    /// Ready when an operation in `direction` is worth a try, as far as is known without a system call: an event has come,
    /// and no operation has found it spent since.
    ///
    /// For one task that comes back with the same waker each time: that is woken by this event and perhaps by each one
    /// after it, until another waker waits for `direction` in a `poll_*` method.
    ///
    /// # Errors
    ///
    /// As [`Async::readable`].
    #[inline]
    pub fn poll_event(&self, direction: Direction, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.source().poll_event(direction, cx)
    }

    /// Ready when the operating system has told, unasked, that the connection is over: that both directions have ended, or
    /// that an error is pending. From then on it always is.
    ///
    /// It is for those who neither read nor write, and costs those nothing who do. One task at a time is meant to wait in
    /// it. The backend on `polling` cannot tell: there it is never ready.
    ///
    /// # Errors
    ///
    /// As [`Async::readable`].
    pub fn poll_hangup(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.source().poll_hangup(cx)
    }

    /// Calls `op` while it returns `WouldBlock` or `Interrupted`, waiting for `direction` in between: the form for
    /// hand-written futures, without an allocation and without a state of its own.
    ///
    /// A first read is not tried before the reactor has reported the source; a first write is.
    ///
    /// # Errors
    ///
    /// Those of `op`, and those of [`Async::readable`].
    #[inline]
    pub fn poll_io<R>(
        &self,
        direction: Direction,
        cx: &mut Context<'_>,
        mut op: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.source().poll_op(direction, cx, || op(&self.io))
    }

    /// As [`Async::poll_io`], for an operation on a byte stream that was asked for `wanted` bytes and returns how
    /// many it did: fewer mean that the next operation would block, unless the stream is at its end. Where the
    /// backend can tell an end, that spares the attempt. See [`IoSafe::DRAINS`](crate::IoSafe::DRAINS) for what
    /// such a stream is.
    ///
    /// # Errors
    ///
    /// As [`Async::poll_io`].
    #[inline]
    pub fn poll_stream_io(
        &self,
        direction: Direction,
        wanted: usize,
        cx: &mut Context<'_>,
        mut op: impl FnMut(&T) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        self.source()
            .poll_stream_op(direction, wanted, cx, || op(&self.io))
    }

    /// Calls `op` until it returns something other than `WouldBlock` or `Interrupted`, waiting for input in between.
    ///
    /// # Errors
    ///
    /// Those of `op`, and those of [`Async::readable`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost if `op` does nothing when it returns `WouldBlock`, as system calls do.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::net::UdpSocket;
    /// use asyncio_reactor::Async;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// # futures_lite::future::block_on(async {
    /// let socket = Async::<UdpSocket>::bind(([127, 0, 0, 1], 0))?;
    /// socket.get_ref().send_to(b"ping", socket.get_ref().local_addr()?)?;
    /// let mut buffer = [0; 8];
    /// let count = socket.read_with(|socket| socket.recv(&mut buffer)).await?;
    /// assert_eq!(&buffer[..count], b"ping");
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    pub async fn read_with<R>(&self, op: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        self.io_with(Direction::Read, op).await
    }

    /// As [`Async::read_with`], where `op` may change the object.
    ///
    /// # Safety
    ///
    /// `op` leaves the descriptor as it is: it is neither closed nor exchanged.
    ///
    /// # Errors
    ///
    /// As [`Async::read_with`].
    ///
    /// # Cancel safety
    ///
    /// As [`Async::read_with`].
    pub async unsafe fn read_with_mut<R>(
        &mut self,
        op: impl FnMut(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.io_with_mut(Direction::Read, op).await
    }

    /// Calls `op` until it returns something other than `WouldBlock` or `Interrupted`, waiting in between until
    /// something can be written.
    ///
    /// # Errors
    ///
    /// As [`Async::read_with`].
    ///
    /// # Cancel safety
    ///
    /// As [`Async::read_with`].
    pub async fn write_with<R>(&self, op: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        self.io_with(Direction::Write, op).await
    }

    /// As [`Async::write_with`], where `op` may change the object.
    ///
    /// # Safety
    ///
    /// As [`Async::read_with_mut`].
    ///
    /// # Errors
    ///
    /// As [`Async::read_with`].
    ///
    /// # Cancel safety
    ///
    /// As [`Async::read_with`].
    pub async unsafe fn write_with_mut<R>(
        &mut self,
        op: impl FnMut(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.io_with_mut(Direction::Write, op).await
    }

    async fn io_with<R>(
        &self,
        direction: Direction,
        mut op: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        let mut place = Place::new(self.source(), direction);
        poll_fn(|cx| place.waiter.poll_op(place.source, cx, || op(&self.io))).await
    }

    async fn io_with_mut<R>(
        &mut self,
        direction: Direction,
        mut op: impl FnMut(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        let Async { registration, io } = self;
        let mut place = Place::new(registration.source(), direction);
        poll_fn(|cx| place.waiter.poll_op(place.source, cx, || op(io))).await
    }
}

/// A waiter that gives its place back when the future around it is dropped.
struct Place<'a> {
    source: &'a Source,
    waiter: Waiter,
}

impl Place<'_> {
    fn new(source: &Source, direction: Direction) -> Place<'_> {
        Place {
            source,
            waiter: Waiter::new(direction),
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.waiter.leave(self.source);
    }
}

impl<T> AsRef<T> for Async<T> {
    fn as_ref(&self) -> &T {
        self.get_ref()
    }
}

impl<T: fmt::Debug> fmt::Debug for Async<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Async")
            .field("io", &self.io)
            .finish_non_exhaustive()
    }
}

#[cfg(unix)]
mod fd {
    use std::io;
    use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

    use super::Async;

    impl<T: AsRawFd> AsRawFd for Async<T> {
        fn as_raw_fd(&self) -> RawFd {
            self.get_ref().as_raw_fd()
        }
    }

    impl<T: AsFd> AsFd for Async<T> {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.get_ref().as_fd()
        }
    }

    impl<T: AsFd + From<OwnedFd>> TryFrom<OwnedFd> for Async<T> {
        type Error = io::Error;

        fn try_from(fd: OwnedFd) -> io::Result<Async<T>> {
            Async::new(T::from(fd))
        }
    }

    impl<T: Into<OwnedFd>> TryFrom<Async<T>> for OwnedFd {
        type Error = io::Error;

        fn try_from(io: Async<T>) -> io::Result<OwnedFd> {
            io.into_inner().map(Into::into)
        }
    }
}

#[cfg(windows)]
mod socket {
    use std::io;
    use std::os::windows::io::{AsRawSocket, AsSocket, BorrowedSocket, OwnedSocket, RawSocket};

    use super::Async;

    impl<T: AsRawSocket> AsRawSocket for Async<T> {
        fn as_raw_socket(&self) -> RawSocket {
            self.get_ref().as_raw_socket()
        }
    }

    impl<T: AsSocket> AsSocket for Async<T> {
        fn as_socket(&self) -> BorrowedSocket<'_> {
            self.get_ref().as_socket()
        }
    }

    impl<T: AsSocket + From<OwnedSocket>> TryFrom<OwnedSocket> for Async<T> {
        type Error = io::Error;

        fn try_from(socket: OwnedSocket) -> io::Result<Async<T>> {
            Async::new(T::from(socket))
        }
    }

    impl<T: Into<OwnedSocket>> TryFrom<Async<T>> for OwnedSocket {
        type Error = io::Error;

        fn try_from(io: Async<T>) -> io::Result<OwnedSocket> {
            io.into_inner().map(Into::into)
        }
    }
}
