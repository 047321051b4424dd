//! `ByteStream`: what TCP and Unix streams have in common, written once.
//!
//! A read or a write is one poll and, when the socket is ready, one system call; nothing is allocated and nothing
//! registered again. The methods of the public types and of their halves are made from the functions here.

use std::future::poll_fn;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::task::{Context, Poll};

use asyncio_reactor::{Async, Direction};

/// A connected stream socket. Sealed: implemented by the streams of this crate.
pub trait ByteStream: sealed::Sealed {
    /// Ends one direction of the connection, or both.
    ///
    /// # Errors
    ///
    /// The operating system's.
    fn shutdown(&self, how: Shutdown) -> io::Result<()>;
}

pub(crate) mod sealed {
    use super::*;

    /// Leads from a stream of this crate to the socket.
    pub trait Sealed {
        type Io: Socket;

        fn io(&self) -> &Async<Self::Io>;
    }

    /// The system calls of a stream socket of std, through a shared reference.
    pub trait Socket {
        fn read(&self, buffer: &mut [u8]) -> io::Result<usize>;
        /// Reads into the room behind what is in `buffer`, and gives how much came.
        fn read_behind(&self, buffer: &mut Vec<u8>) -> io::Result<usize>;
        fn read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize>;
        fn peek(&self, buffer: &mut [u8]) -> io::Result<usize>;
        fn write(&self, buffer: &[u8]) -> io::Result<usize>;
        fn write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize>;
        fn take_error(&self) -> io::Result<Option<io::Error>>;
    }
}

use sealed::Socket;

/// The calls of a std stream; `$peek` is given apart, for std has none for Unix streams.
macro_rules! socket {
    ($kind:ty, $peek:expr) => {
        impl $crate::stream::sealed::Socket for $kind {
            #[inline]
            fn read(&self, buffer: &mut [u8]) -> std::io::Result<usize> {
                std::io::Read::read(&mut &*self, buffer)
            }

            #[cfg(unix)]
            #[inline]
            fn read_behind(&self, buffer: &mut Vec<u8>) -> std::io::Result<usize> {
                Ok(rustix::io::read(
                    self,
                    rustix::buffer::spare_capacity(buffer),
                )?)
            }

            #[cfg(not(unix))]
            fn read_behind(&self, buffer: &mut Vec<u8>) -> std::io::Result<usize> {
                let before = buffer.len();
                buffer.resize(buffer.capacity(), 0);
                let read = std::io::Read::read(&mut &*self, &mut buffer[before..]);
                buffer.truncate(before + *read.as_ref().unwrap_or(&0));
                read
            }

            fn read_vectored(&self, buffers: &mut [std::io::IoSliceMut<'_>]) -> std::io::Result<usize> {
                std::io::Read::read_vectored(&mut &*self, buffers)
            }

            fn peek(&self, buffer: &mut [u8]) -> std::io::Result<usize> {
                $peek(self, buffer)
            }

            #[inline]
            fn write(&self, buffer: &[u8]) -> std::io::Result<usize> {
                std::io::Write::write(&mut &*self, buffer)
            }

            fn write_vectored(&self, buffers: &[std::io::IoSlice<'_>]) -> std::io::Result<usize> {
                std::io::Write::write_vectored(&mut &*self, buffers)
            }

            fn take_error(&self) -> std::io::Result<Option<std::io::Error>> {
                <$kind>::take_error(self)
            }
        }
    };
}

#[inline]
pub(crate) fn poll_read<S: ByteStream>(
    stream: &S,
    cx: &mut Context<'_>,
    buffer: &mut [u8],
) -> Poll<io::Result<usize>> {
    stream
        .io()
        .poll_stream_io(Direction::Read, buffer.len(), cx, |io| io.read(buffer))
}

pub(crate) fn poll_read_vectored<S: ByteStream>(
    stream: &S,
    cx: &mut Context<'_>,
    buffers: &mut [IoSliceMut<'_>],
) -> Poll<io::Result<usize>> {
    let wanted = buffers
        .iter()
        .fold(0, |sum: usize, buffer| sum.saturating_add(buffer.len()));
    let read = |io: &S::Io| io.read_vectored(buffers);
    stream.io().poll_stream_io(Direction::Read, wanted, cx, read)
}

#[inline]
pub(crate) fn poll_write<S: ByteStream>(
    stream: &S,
    cx: &mut Context<'_>,
    buffer: &[u8],
) -> Poll<io::Result<usize>> {
    stream
        .io()
        .poll_stream_io(Direction::Write, buffer.len(), cx, |io| io.write(buffer))
}

pub(crate) fn poll_write_vectored<S: ByteStream>(
    stream: &S,
    cx: &mut Context<'_>,
    buffers: &[IoSlice<'_>],
) -> Poll<io::Result<usize>> {
    let wanted = buffers
        .iter()
        .fold(0, |sum: usize, buffer| sum.saturating_add(buffer.len()));
    let write = |io: &S::Io| io.write_vectored(buffers);
    stream.io().poll_stream_io(Direction::Write, wanted, cx, write)
}

#[inline]
pub(crate) async fn read<S: ByteStream>(stream: &S, buffer: &mut [u8]) -> io::Result<usize> {
    poll_fn(|cx| poll_read(stream, cx, buffer)).await
}

pub(crate) async fn read_exact<S: ByteStream>(stream: &S, buffer: &mut [u8]) -> io::Result<()> {
    let mut filled = 0;
    while filled < buffer.len() {
        match read(stream, &mut buffer[filled..]).await? {
            0 => {
                let message = format!("the stream ended after {filled} of {} bytes", buffer.len());
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, message));
            }
            count => filled += count,
        }
    }
    Ok(())
}

pub(crate) async fn peek<S: ByteStream>(stream: &S, buffer: &mut [u8]) -> io::Result<usize> {
    stream.io().read_with(|io| io.peek(buffer)).await
}

#[inline]
pub(crate) async fn write<S: ByteStream>(stream: &S, buffer: &[u8]) -> io::Result<usize> {
    poll_fn(|cx| poll_write(stream, cx, buffer)).await
}

#[inline]
pub(crate) async fn write_all<S: ByteStream>(stream: &S, mut buffer: &[u8]) -> io::Result<()> {
    while !buffer.is_empty() {
        match write(stream, buffer).await? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            count => buffer = &buffer[count..],
        }
    }
    Ok(())
}

/// Ends the sending direction for somebody who closes: a peer that is gone already needs not be told.
pub(crate) fn close<S: ByteStream>(stream: &S) -> io::Result<()> {
    match stream.shutdown(Shutdown::Write) {
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
        done => done,
    }
}

/// The inherent methods by which a type reads, through `self.$via()`.
macro_rules! read_methods {
    ($via:ident) => {
        /// Reads into `buffer` and gives the number of bytes; 0 means that the peer has ended the stream, or that
        /// the buffer is empty.
        ///
        /// # Errors
        ///
        /// The operating system's.
        ///
        /// # Cancel safety
        ///
        /// No byte is lost.
        #[inline]
        pub async fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            $crate::stream::read(self.$via(), buffer).await
        }

        /// Reads until `buffer` is full.
        ///
        /// # Errors
        ///
        /// `UnexpectedEof` when the stream ends before; the operating system's.
        ///
        /// # Cancel safety
        ///
        /// What was read before is lost with the buffer's progress: dropped half-way, this has taken bytes from the
        /// stream and does not say how many.
        pub async fn read_exact(&mut self, buffer: &mut [u8]) -> std::io::Result<()> {
            $crate::stream::read_exact(self.$via(), buffer).await
        }

        /// Reads into several buffers with one system call, filling each before the next.
        ///
        /// # Errors
        ///
        /// The operating system's.
        ///
        /// # Cancel safety
        ///
        /// No byte is lost.
        pub async fn read_vectored(
            &mut self,
            buffers: &mut [std::io::IoSliceMut<'_>],
        ) -> std::io::Result<usize> {
            let stream = self.$via();
            std::future::poll_fn(|cx| $crate::stream::poll_read_vectored(stream, cx, buffers)).await
        }

        /// Waits for input and copies what would be read next into `buffer`, without taking it.
        ///
        /// # Errors
        ///
        /// The operating system's.
        ///
        /// # Cancel safety
        ///
        /// Nothing is lost.
        pub async fn peek(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            $crate::stream::peek(self.$via(), buffer).await
        }

        /// Reads what is there, without waiting.
        ///
        /// # Errors
        ///
        /// `WouldBlock` when nothing is there; the operating system's.
        pub fn try_read(&self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let io = $crate::stream::sealed::Sealed::io(self.$via());
            $crate::stream::sealed::Socket::read(io.get_ref(), buffer)
        }

        /// Waits until a read would not block: there are bytes, an end, or an error to be told.
        ///
        /// # Errors
        ///
        /// Those of [`Async::readable`](asyncio_reactor::Async::readable).
        ///
        /// # Cancel safety
        ///
        /// Nothing is lost.
        pub async fn readable(&self) -> std::io::Result<()> {
            $crate::stream::sealed::Sealed::io(self.$via())
                .readable()
                .await
        }
    };
}

/// The inherent methods by which a type writes, through `self.$via()`.
macro_rules! write_methods {
    ($via:ident) => {
        /// Writes some of `buffer` and gives the number of bytes that the system took.
        ///
        /// # Errors
        ///
        /// The operating system's.
        ///
        /// # Cancel safety
        ///
        /// Either bytes were written and this is ready, or nothing was.
        #[inline]
        pub async fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
            $crate::stream::write(self.$via(), buffer).await
        }

        /// Writes all of `buffer`.
        ///
        /// # Errors
        ///
        /// The operating system's; some of the bytes may have been written.
        ///
        /// # Cancel safety
        ///
        /// Dropped half-way, some of the bytes were written and this does not say how many.
        pub async fn write_all(&mut self, buffer: &[u8]) -> std::io::Result<()> {
            $crate::stream::write_all(self.$via(), buffer).await
        }

        /// Writes some of several buffers with one system call.
        ///
        /// # Errors
        ///
        /// The operating system's.
        ///
        /// # Cancel safety
        ///
        /// Either bytes were written and this is ready, or nothing was.
        pub async fn write_vectored(&mut self, buffers: &[std::io::IoSlice<'_>]) -> std::io::Result<usize> {
            let stream = self.$via();
            std::future::poll_fn(|cx| $crate::stream::poll_write_vectored(stream, cx, buffers)).await
        }

        /// Writes what the system takes, without waiting.
        ///
        /// # Errors
        ///
        /// `WouldBlock` when it takes nothing; the operating system's.
        pub fn try_write(&self, buffer: &[u8]) -> std::io::Result<usize> {
            let io = $crate::stream::sealed::Sealed::io(self.$via());
            $crate::stream::sealed::Socket::write(io.get_ref(), buffer)
        }

        /// Waits until a write would not block.
        ///
        /// # Errors
        ///
        /// Those of [`Async::writable`](asyncio_reactor::Async::writable).
        ///
        /// # Cancel safety
        ///
        /// Nothing is lost.
        pub async fn writable(&self) -> std::io::Result<()> {
            $crate::stream::sealed::Sealed::io(self.$via())
                .writable()
                .await
        }
    };
}

/// `AsyncRead` through `self.$via()`.
macro_rules! async_read {
    ([$($generics:tt)*] $kind:ty, $via:ident) => {
        impl<$($generics)*> futures_io::AsyncRead for $kind {
            #[inline]
            fn poll_read(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                buffer: &mut [u8],
            ) -> std::task::Poll<std::io::Result<usize>> {
                $crate::stream::poll_read(self.$via(), cx, buffer)
            }

            fn poll_read_vectored(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                buffers: &mut [std::io::IoSliceMut<'_>],
            ) -> std::task::Poll<std::io::Result<usize>> {
                $crate::stream::poll_read_vectored(self.$via(), cx, buffers)
            }
        }
    };
}

/// `AsyncWrite` through `self.$via()`; closing ends the sending direction.
macro_rules! async_write {
    ([$($generics:tt)*] $kind:ty, $via:ident) => {
        impl<$($generics)*> futures_io::AsyncWrite for $kind {
            #[inline]
            fn poll_write(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                buffer: &[u8],
            ) -> std::task::Poll<std::io::Result<usize>> {
                $crate::stream::poll_write(self.$via(), cx, buffer)
            }

            fn poll_write_vectored(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                buffers: &[std::io::IoSlice<'_>],
            ) -> std::task::Poll<std::io::Result<usize>> {
                $crate::stream::poll_write_vectored(self.$via(), cx, buffers)
            }

            fn poll_flush(
                self: std::pin::Pin<&mut Self>,
                _cx: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                std::task::Poll::Ready(Ok(()))
            }

            fn poll_close(
                self: std::pin::Pin<&mut Self>,
                _cx: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                std::task::Poll::Ready($crate::stream::close(self.$via()))
            }
        }
    };
}

pub(crate) use {async_read, async_write, read_methods, socket, write_methods};
