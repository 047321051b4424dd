//! `Futures`: anything with the traits of futures-io, for hyper.
//!
//! Those traits read into initialized memory only, so the room that hyper gives is cleared once for each read.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncRead, AsyncWrite};
use hyper::rt::ReadBufCursor;

use crate::io::{Reader, Stream, sealed::Sealed};

/// A connection of somebody else's, to be used as [`Io<Futures<T>>`](crate::Io).
///
/// # Examples
///
/// ```
/// use asyncio_hyper::{Futures, Io};
/// use asyncio_reactor::Async;
///
/// # fn main() -> std::io::Result<()> {
/// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
/// let stream = std::net::TcpStream::connect(listener.local_addr()?)?;
/// let io = Io::new(Futures(Async::new(stream)?));
/// fn for_hyper(_: impl hyper::rt::Read + hyper::rt::Write) {}
/// for_hyper(io);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Futures<T>(pub T);

impl<T: AsyncRead + AsyncWrite + Unpin> Sealed for Futures<T> {
    fn poll_read(
        &mut self,
        _reader: &mut Reader,
        cx: &mut Context<'_>,
        mut cursor: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let mut stack = [0; 8192];
        let wanted = cursor.remaining().min(stack.len());
        let count = ready!(Pin::new(&mut self.0).poll_read(cx, &mut stack[..wanted]))?;
        cursor.put_slice(&stack[..count]);
        Poll::Ready(Ok(()))
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, pieces)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_close(cx)
    }

    /// Unknown; where there is no such call, the first piece is written, and hyper had better join them.
    fn is_vectored(&self) -> bool {
        false
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Stream for Futures<T> {}
