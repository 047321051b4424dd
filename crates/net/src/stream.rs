//! `ByteStream`: what TCP and Unix streams have in common, written once.
//!
//! A read or a write is one poll and, when the socket is ready, one system call; nothing is allocated and nothing
//! registered again. The methods of the public types and of their halves are made from the functions here.

use std::future::poll_fn;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
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

    pub trait Sealed {
        fn poll_read(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>>;
        fn poll_read_vectored(
            &self,
            cx: &mut Context<'_>,
            buffers: &mut [IoSliceMut<'_>],
        ) -> Poll<io::Result<usize>>;
        fn poll_write(&self, cx: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>>;
        fn poll_write_vectored(
            &self,
            cx: &mut Context<'_>,
            buffers: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>>;
    }
}

#[inline]
pub(crate) fn poll_read<T>(io: &Async<T>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>>
where
    for<'a> &'a T: Read,
{
    io.poll_stream_io(Direction::Read, buffer.len(), cx, |mut io| io.read(buffer))
}

pub(crate) fn poll_read_vectored<T>(
    io: &Async<T>,
    cx: &mut Context<'_>,
    buffers: &mut [IoSliceMut<'_>],
) -> Poll<io::Result<usize>>
where
    for<'a> &'a T: Read,
{
    let wanted = buffers
        .iter()
        .fold(0, |sum: usize, buffer| sum.saturating_add(buffer.len()));
    io.poll_stream_io(Direction::Read, wanted, cx, |mut io| io.read_vectored(buffers))
}

#[inline]
pub(crate) fn poll_write<T>(io: &Async<T>, cx: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>>
where
    for<'a> &'a T: Write,
{
    io.poll_stream_io(Direction::Write, buffer.len(), cx, |mut io| io.write(buffer))
}

pub(crate) fn poll_write_vectored<T>(
    io: &Async<T>,
    cx: &mut Context<'_>,
    buffers: &[IoSlice<'_>],
) -> Poll<io::Result<usize>>
where
    for<'a> &'a T: Write,
{
    let wanted = buffers
        .iter()
        .fold(0, |sum: usize, buffer| sum.saturating_add(buffer.len()));
    io.poll_stream_io(Direction::Write, wanted, cx, |mut io| io.write_vectored(buffers))
}

#[inline]
pub(crate) async fn read<S: ByteStream>(stream: &S, buffer: &mut [u8]) -> io::Result<usize> {
    poll_fn(|cx| stream.poll_read(cx, buffer)).await
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

#[inline]
pub(crate) async fn write<S: ByteStream>(stream: &S, buffer: &[u8]) -> io::Result<usize> {
    poll_fn(|cx| stream.poll_write(cx, buffer)).await
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
            std::future::poll_fn(|cx| stream.poll_read_vectored(cx, buffers)).await
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
            std::future::poll_fn(|cx| stream.poll_write_vectored(cx, buffers)).await
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
                self.$via().poll_read(cx, buffer)
            }

            fn poll_read_vectored(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                buffers: &mut [std::io::IoSliceMut<'_>],
            ) -> std::task::Poll<std::io::Result<usize>> {
                self.$via().poll_read_vectored(cx, buffers)
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
                self.$via().poll_write(cx, buffer)
            }

            fn poll_write_vectored(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                buffers: &[std::io::IoSlice<'_>],
            ) -> std::task::Poll<std::io::Result<usize>> {
                self.$via().poll_write_vectored(cx, buffers)
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
                std::task::Poll::Ready($crate::stream::ByteStream::shutdown(
                    self.$via(),
                    std::net::Shutdown::Write,
                ))
            }
        }
    };
}

pub(crate) use {async_read, async_write, read_methods, write_methods};
