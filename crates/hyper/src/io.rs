//! `Io`: a connection of ours as hyper wants it.
//!
//! What hyper reads goes from the system straight into its buffer, which need not be initialized, and what it writes in
//! pieces goes out by one vectored call. The file also holds the bytes that were read ahead to tell HTTP/1 from HTTP/2.

#![expect(
    unsafe_code,
    reason = "the system writes into memory that was not initialized, which spares clearing it before each read"
)]

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use asyncio_core::{WaitKind, waits_for};
use asyncio_net::TcpStream;
#[cfg(unix)]
use asyncio_net::UnixStream;
use asyncio_reactor::{Async, Direction};
use futures_io::AsyncWrite;
use hyper::rt::{Read, ReadBufCursor, Write};
use socket2::SockRef;

/// A connection with hyper's `Read` and `Write`: of a [`TcpStream`], a `UnixStream`, [`Secure`](crate::Secure) (with the
/// feature `tls`), or [`Futures`](crate::Futures) around anything else.
///
/// # Cancel safety
///
/// A poll has either transferred bytes and says how many, or none.
///
/// # Examples
///
/// ```
/// use asyncio_hyper::Io;
/// use asyncio_net::{TcpListener, TcpStream};
/// use hyper::client::conn::http1;
///
/// # futures_lite::future::block_on(async {
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let stream = TcpStream::connect(listener.local_addr()?).await?;
/// let (sender, connection) = http1::handshake::<_, String>(Io::new(stream)).await.unwrap();
/// # drop((sender, connection));
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct Io<T> {
    stream: T,
    /// Read already, and not by hyper.
    ahead: Option<Box<Ahead>>,
    /// Of the task that reads.
    reader: Reader,
}

/// The waker that was the last to wait for something to read.
///
/// A connection is read by the same task nearly always, until it is upgraded. So its waker may stand in the reactor's slot and
/// need not be put there for each request; but when another task comes it has to be replaced in there first.
#[derive(Debug, Default)]
pub struct Reader(Option<Waker>);

impl Reader {
    fn is(&self, waker: &Waker) -> bool {
        self.0.as_ref().is_some_and(|known| known.will_wake(waker))
    }

    #[cold]
    fn is_now(&mut self, waker: &Waker) {
        self.0 = Some(waker.clone());
    }
}

#[derive(Debug)]
struct Ahead {
    bytes: Vec<u8>,
    taken: usize,
}

impl<T> Io<T> {
    /// Takes a connection.
    pub fn new(stream: T) -> Io<T> {
        Io {
            stream,
            ahead: None,
            reader: Reader::default(),
        }
    }

    /// The connection.
    pub fn get_ref(&self) -> &T {
        &self.stream
    }

    /// The connection again. What hyper has read ahead is not in it: for that see hyper's `Parts`.
    pub fn into_inner(self) -> T {
        self.stream
    }

    /// Has `bytes` come first.
    #[cfg(feature = "server")]
    pub(crate) fn put_ahead(&mut self, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            self.ahead = Some(Box::new(Ahead { bytes, taken: 0 }));
        }
    }

    #[cold]
    fn take_ahead(&mut self, cursor: &mut ReadBufCursor<'_>) {
        let Some(ahead) = &mut self.ahead else { return };
        let rest = &ahead.bytes[ahead.taken..];
        let count = rest.len().min(cursor.remaining());
        cursor.put_slice(&rest[..count]);
        ahead.taken += count;
        if ahead.taken == ahead.bytes.len() {
            self.ahead = None;
        }
    }
}

/// A connection that hyper's traits can be built on. Sealed.
pub trait Stream: sealed::Sealed + Unpin {}

pub(crate) mod sealed {
    use super::*;

    pub trait Sealed {
        fn poll_read(
            &mut self,
            reader: &mut Reader,
            cx: &mut Context<'_>,
            cursor: ReadBufCursor<'_>,
        ) -> Poll<io::Result<()>>;
        fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>>;
        fn poll_write_vectored(
            &mut self,
            cx: &mut Context<'_>,
            pieces: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>>;
        fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
        fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
        fn is_vectored(&self) -> bool;
    }
}

/// Lets others see what the task waits for; a waker that stands in its slot does not tell.
#[inline]
fn note_wait<T>(socket: &Async<T>) {
    waits_for(WaitKind::Io, socket.number());
}

/// The sockets: reading is written here, the rest they have.
macro_rules! socket {
    ($kind:ty) => {
        impl sealed::Sealed for $kind {
            #[inline]
            fn poll_read(
                &mut self,
                reader: &mut Reader,
                cx: &mut Context<'_>,
                mut cursor: ReadBufCursor<'_>,
            ) -> Poll<io::Result<()>> {
                let known = reader.is(cx.waker());
                if known {
                    match self.as_async().poll_event(Direction::Read, cx) {
                        Poll::Ready(told) => told?,
                        Poll::Pending => {
                            note_wait(self.as_async());
                            return Poll::Pending;
                        }
                    }
                }
                // SAFETY: the system only writes bytes there, so nothing that was initialized becomes less so.
                let room = unsafe { cursor.as_mut() };
                let wanted = room.len();
                let recv = |socket: &_| SockRef::from(socket).recv(room);
                let Poll::Ready(count) = self
                    .as_async()
                    .poll_stream_io(Direction::Read, wanted, cx, recv)
                else {
                    // From here on no other waker stands in its place.
                    if !known {
                        reader.is_now(cx.waker());
                    }
                    return Poll::Pending;
                };
                let count = count?;
                // SAFETY: the system has written so many bytes from the start of the room on.
                unsafe { cursor.advance(count) };
                Poll::Ready(Ok(()))
            }

            #[inline]
            fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
                AsyncWrite::poll_write(Pin::new(self), cx, bytes)
            }

            #[inline]
            fn poll_write_vectored(
                &mut self,
                cx: &mut Context<'_>,
                pieces: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                AsyncWrite::poll_write_vectored(Pin::new(self), cx, pieces)
            }

            #[inline]
            fn poll_flush(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }

            fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                AsyncWrite::poll_close(Pin::new(self), cx)
            }

            #[inline]
            fn is_vectored(&self) -> bool {
                true
            }
        }

        impl Stream for $kind {}
    };
}

socket!(TcpStream);
#[cfg(unix)]
socket!(UnixStream);

impl<T: Stream> Read for Io<T> {
    #[inline]
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut cursor: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.ahead.is_some() {
            this.take_ahead(&mut cursor);
            return Poll::Ready(Ok(()));
        }
        this.stream.poll_read(&mut this.reader, cx, cursor)
    }
}

impl<T: Stream> Write for Io<T> {
    #[inline]
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.get_mut().stream.poll_write(cx, bytes)
    }

    #[inline]
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().stream.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().stream.poll_close(cx)
    }

    #[inline]
    fn is_write_vectored(&self) -> bool {
        self.stream.is_vectored()
    }

    #[inline]
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().stream.poll_write_vectored(cx, pieces)
    }
}
