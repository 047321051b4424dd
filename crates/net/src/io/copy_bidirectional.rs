//! `copy_bidirectional`: what a proxy does between its two connections.
//!
//! Each direction ends by itself: it reads to the end, flushes, and closes the writing side of the other stream,
//! which for a socket is a half-close. Both live in one future, so a proxied connection is one task.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncRead, AsyncWrite};

use super::copy::BUFFER_SIZE;
use super::pump::Pump;

/// Copies from `a` to `b` and from `b` to `a`, and gives the number of bytes of each.
///
/// When one of them is at its end, the other's writing side is closed, and the copy in the other direction goes on:
/// a half-close is passed on. It ends when both directions have. While a direction waits for its reader it holds no
/// buffer.
///
/// # Errors
///
/// The first error of either; the other direction ends where it is. [`copied`](CopyBidirectional::copied) tells how
/// far both came.
///
/// # Cancel safety
///
/// Dropped while a writer is full, this loses up to a buffer of bytes in that direction. A copy that is polled by
/// reference loses nothing: await it again and it goes on.
///
/// # Examples
///
/// ```
/// use asyncio_net::{TcpListener, TcpStream};
/// use asyncio_net::io::copy_bidirectional;
///
/// /// Connects each client to `target`.
/// async fn forward(listener: TcpListener, target: &str) -> std::io::Result<()> {
///     loop {
///         let (mut client, _) = listener.accept().await?;
///         let mut server = TcpStream::connect(target).await?;
///         let (sent, received) = copy_bidirectional(&mut client, &mut server).await?;
///         println!("{sent} bytes there, {received} back");
///     }
/// }
/// ```
pub fn copy_bidirectional<A, B>(a: A, b: B) -> CopyBidirectional<A, B>
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    CopyBidirectional {
        a,
        b,
        there: Direction::new(),
        back: Direction::new(),
    }
}

/// The future of [`copy_bidirectional`].
#[must_use = "futures do nothing unless they are awaited"]
pub struct CopyBidirectional<A, B> {
    a: A,
    b: B,
    there: Direction,
    back: Direction,
}

struct Direction {
    pump: Pump,
    step: Step,
}

enum Step {
    Copy,
    Close,
    Done,
}

impl Direction {
    fn new() -> Direction {
        Direction {
            pump: Pump::new(BUFFER_SIZE),
            step: Step::Copy,
        }
    }

    fn poll<R, W>(&mut self, cx: &mut Context<'_>, reader: &mut R, writer: &mut W) -> Poll<io::Result<()>>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        loop {
            self.step = match self.step {
                Step::Copy => {
                    ready!(self.pump.poll(cx, Pin::new(&mut *reader), Pin::new(&mut *writer)))?;
                    Step::Close
                }
                Step::Close => {
                    ready!(Pin::new(&mut *writer).poll_close(cx))?;
                    Step::Done
                }
                Step::Done => return Poll::Ready(Ok(())),
            };
        }
    }
}

impl<A, B> CopyBidirectional<A, B> {
    /// Sets how many bytes are read at most at a time, in each direction. The default is 16 KiB. Before the first
    /// poll.
    ///
    /// # Panics
    ///
    /// When `bytes` is zero.
    pub fn buffer_size(mut self, bytes: usize) -> CopyBidirectional<A, B> {
        self.there.pump.set_size(bytes);
        self.back.pump.set_size(bytes);
        self
    }

    /// How many bytes came from `a` to `b`, and from `b` to `a`, so far.
    pub fn copied(&self) -> (u64, u64) {
        (self.there.pump.copied(), self.back.pump.copied())
    }
}

impl<A, B> Future for CopyBidirectional<A, B>
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    type Output = io::Result<(u64, u64)>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let CopyBidirectional { a, b, there, back } = &mut *self;
        let there = there.poll(cx, a, b)?;
        let back = back.poll(cx, b, a)?;
        ready!(there);
        ready!(back);
        Poll::Ready(Ok(self.copied()))
    }
}

impl<A, B> fmt::Debug for CopyBidirectional<A, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CopyBidirectional")
            .field("copied", &self.copied())
            .finish_non_exhaustive()
    }
}
