//! `Wire`: what carries a stream's bytes: a socket, a pipe, or something of the user's own.
//!
//! All functions may be called by several threads at once, the reading ones by one at a time and the writing ones
//! too. Readiness is the reactor's affair, which a wire leads to.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::task::{Context, Poll};

use asyncio_reactor::Direction;

use crate::stream::ByteStream;
use crate::stream::sealed::Socket;

/// What carries the bytes of a [`StreamReader`](crate::StreamReader) and a [`StreamWriter`](crate::StreamWriter).
///
/// The writing functions are called under the transport's lock, and waking the waker that `poll_write` is given takes
/// that lock: it must not be woken before `poll_write` has returned.
pub trait Wire: Send + Sync + fmt::Debug + Any {
    /// Reads about `most` bytes at most to the end of `buffer`, and gives their number; 0 is the end of the stream. More may
    /// come where there is room for it.
    ///
    /// No room is made in `buffer` while there is nothing to read.
    fn poll_read(&self, cx: &mut Context<'_>, buffer: &mut Vec<u8>, most: usize) -> Poll<io::Result<usize>>;

    /// Ready when a read is worth a try, as far as is known without a system call.
    fn poll_incoming(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let _ = cx;
        Poll::Ready(Ok(()))
    }

    /// Reads into `buffer`, and gives the number of bytes; 0 is the end of the stream. For protocols.
    fn poll_read_into(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut bytes = Vec::new();
        let read = self.poll_read(cx, &mut bytes, buffer.len());
        buffer[..bytes.len()].copy_from_slice(&bytes);
        read
    }

    /// Writes some bytes without waiting: `WouldBlock` when none can be taken now.
    fn try_write(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize>;

    /// Writes some bytes, and gives their number.
    fn poll_write(&self, cx: &mut Context<'_>, buffers: &[IoSlice<'_>]) -> Poll<io::Result<usize>>;

    /// Ends the sending direction: the peer sees the end of the stream.
    fn close_write(&self) -> io::Result<()>;

    /// Whether the sending direction can end before the other.
    fn can_close_write(&self) -> bool {
        true
    }

    /// Ends both directions: a read that waits sees the end.
    fn close(&self) -> io::Result<()>;

    /// Ready with the reason when the connection has broken, as far as that is told to one who neither reads nor writes.
    /// One who cannot tell is never ready.
    ///
    /// It is called under the transport's lock, as the writing functions are.
    fn poll_broken(&self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let _ = cx;
        Poll::Pending
    }

    /// The number of the descriptor or socket below, for those who look at who waits for what; nothing if there is none.
    fn number(&self) -> Option<usize> {
        None
    }

    /// What is below, for those who look for its type.
    fn as_any(&self) -> &dyn Any;
}

/// A socket of this crate as a wire.
impl<S> Wire for S
where
    S: ByteStream + fmt::Debug + Send + Sync + 'static,
    S::Io: Send + Sync,
{
    #[inline]
    fn poll_read(&self, cx: &mut Context<'_>, buffer: &mut Vec<u8>, most: usize) -> Poll<io::Result<usize>> {
        let io = self.io();
        io.poll_stream_io(Direction::Read, most, cx, |socket| append(socket, buffer, most))
    }

    #[inline]
    fn poll_incoming(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io().poll_event(Direction::Read, cx)
    }

    #[inline]
    fn poll_read_into(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let io = self.io();
        io.poll_stream_io(Direction::Read, buffer.len(), cx, |socket| socket.read(buffer))
    }

    #[inline]
    fn try_write(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        write(self.io().get_ref(), buffers)
    }

    fn poll_write(&self, cx: &mut Context<'_>, buffers: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let wanted = buffers.iter().map(|buffer| buffer.len()).sum();
        let io = self.io();
        io.poll_stream_io(Direction::Write, wanted, cx, |socket| write(socket, buffers))
    }

    fn close_write(&self) -> io::Result<()> {
        tolerate(self.shutdown(Shutdown::Write))
    }

    fn close(&self) -> io::Result<()> {
        tolerate(self.shutdown(Shutdown::Both))
    }

    fn number(&self) -> Option<usize> {
        Some(self.io().number())
    }

    fn poll_broken(&self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let io = self.io();
        match io.poll_hangup(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(error)) => Poll::Ready(error),
            Poll::Ready(Ok(())) => match io.get_ref().take_error() {
                Ok(Some(error)) | Err(error) => Poll::Ready(error),
                // Both directions have ended, in order.
                Ok(None) => Poll::Pending,
            },
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A peer that is gone need not be told.
fn tolerate(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
        done => done,
    }
}

/// One slice is the usual case, and a simpler call.
#[inline]
fn write<S: Socket>(socket: &S, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
    match buffers {
        [one] => socket.write(one),
        many => socket.write_vectored(many),
    }
}

/// So many bytes are read at most into memory that all share.
const SCRATCH: usize = 4096;

thread_local! {
    static SPARE: RefCell<[u8; SCRATCH]> = const { RefCell::new([0; SCRATCH]) };
}

/// Reads about `most` bytes at most to the end of `buffer`.
///
/// A buffer without memory gets just what came, and a read that finds nothing asks for none.
#[inline]
fn append<S: Socket>(socket: &S, buffer: &mut Vec<u8>, most: usize) -> io::Result<usize> {
    if buffer.capacity() == 0 && most <= SCRATCH {
        return SPARE.with_borrow_mut(|spare| {
            let read = socket.read(&mut spare[..most])?;
            buffer.extend_from_slice(&spare[..read]);
            Ok(read)
        });
    }
    // Not `reserve_exact`: a long read would move the buffer each time. Whatever room there is may be filled.
    buffer.reserve(most);
    socket.read_behind(buffer)
}
