//! `AsyncRead` and `AsyncWrite` for `Async<T>` and `&Async<T>`.
//!
//! Closing flushes and shuts nothing down, save for TCP and Unix streams behind their own types: a generic object
//! has no notion of it. Dropping closes.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};

use crate::r#async::Async;
use crate::direction::Direction::{self, Read as Reading, Write as Writing};
use crate::io_safe::IoSafe;
use crate::source::Source;

#[inline]
fn transfer<T: IoSafe>(
    source: &Source,
    direction: Direction,
    wanted: usize,
    cx: &mut Context<'_>,
    op: impl FnMut() -> io::Result<usize>,
) -> Poll<io::Result<usize>> {
    if T::DRAINS {
        source.poll_stream_op(direction, wanted, cx, op)
    } else {
        source.poll_op(direction, cx, op)
    }
}

fn total(buffers: impl Iterator<Item = usize>) -> usize {
    buffers.fold(0, usize::saturating_add)
}

impl<T: IoSafe + Read> AsyncRead for Async<T> {
    #[inline]
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let (source, io) = self.get_mut().parts();
        transfer::<T>(source, Reading, buffer.len(), cx, || io.read(buffer))
    }

    #[inline]
    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        let (source, io) = self.get_mut().parts();
        let wanted = total(buffers.iter().map(|buffer| buffer.len()));
        transfer::<T>(source, Reading, wanted, cx, || io.read_vectored(buffers))
    }
}

impl<T> AsyncRead for &Async<T>
where
    for<'a> &'a T: Read,
    T: IoSafe,
{
    #[inline]
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut io = (**self).get_ref();
        transfer::<T>(self.source(), Reading, buffer.len(), cx, || io.read(buffer))
    }

    #[inline]
    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut io = (**self).get_ref();
        let wanted = total(buffers.iter().map(|buffer| buffer.len()));
        transfer::<T>(self.source(), Reading, wanted, cx, || io.read_vectored(buffers))
    }
}

impl<T: IoSafe + Write> AsyncWrite for Async<T> {
    #[inline]
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        let (source, io) = self.get_mut().parts();
        transfer::<T>(source, Writing, buffer.len(), cx, || io.write(buffer))
    }

    #[inline]
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let (source, io) = self.get_mut().parts();
        let wanted = total(buffers.iter().map(|buffer| buffer.len()));
        transfer::<T>(source, Writing, wanted, cx, || io.write_vectored(buffers))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let (source, io) = self.get_mut().parts();
        source.poll_op(Writing, cx, || io.flush())
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

impl<T> AsyncWrite for &Async<T>
where
    for<'a> &'a T: Write,
    T: IoSafe,
{
    #[inline]
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        let mut io = (**self).get_ref();
        transfer::<T>(self.source(), Writing, buffer.len(), cx, || io.write(buffer))
    }

    #[inline]
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut io = (**self).get_ref();
        let wanted = total(buffers.iter().map(|buffer| buffer.len()));
        transfer::<T>(self.source(), Writing, wanted, cx, || io.write_vectored(buffers))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut io = (**self).get_ref();
        self.source().poll_op(Writing, cx, || io.flush())
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}
