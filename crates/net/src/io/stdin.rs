//! `Stdin`: the standard input.
//!
//! Invariant: what was read ahead and not taken outlives the `Stdin` that read it; the next one begins with it.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use asyncio_reactor::{Async, Direction};
use futures_io::{AsyncBufRead, AsyncRead};

use super::stdin_thread;
use super::sys::{self, Standard, Stream, Way};

/// How much is read ahead, in bytes.
const CHUNK: usize = 8 * 1024;

/// What earlier readers have left.
static LEFT: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// The standard input, buffered.
///
/// A pipe, a terminal or a socket is waited for by the reactor of the thread that reads first; the mode of the
/// descriptor, which other programs share, is left alone. That takes Linux for pipes and terminals. Anything else is
/// read by one thread of the process, which nobody waits for: a program ends although it was asked to read.
///
/// Two at once take turns at what comes. Reading by [`std::io::stdin`] too loses nothing but the order, for that has a
/// buffer of its own.
///
/// # Errors
///
/// The operating system's. A descriptor that was closed is at its end.
///
/// # Cancel safety
///
/// No byte is lost: what was read ahead, and what a thread reads after the wait was dropped, goes to the next read.
///
/// # Examples
///
/// ```no_run
/// use asyncio_net::io::stdin;
/// use futures_lite::{AsyncBufReadExt, StreamExt};
///
/// # async fn example() -> std::io::Result<()> {
/// let mut lines = stdin().lines();
/// while let Some(line) = lines.next().await {
///     println!("{}", line?.to_uppercase());
/// }
/// # Ok(())
/// # }
/// ```
pub struct Stdin {
    source: Option<Source>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

enum Source {
    Reactor(Async<Stream>),
    Thread,
}

/// The standard input.
///
/// # Python
///
/// `loop.connect_read_pipe` with `sys.stdin`, which sets the shared descriptor to non-blocking mode.
pub fn stdin() -> Stdin {
    Stdin {
        source: None,
        buffer: Vec::new(),
        start: 0,
        end: 0,
    }
}

fn open(source: &mut Option<Source>) -> io::Result<&Source> {
    let opened = match source.take() {
        Some(source) => source,
        None => match sys::open(Standard::Input)? {
            Way::Own(stream) => Source::Reactor(stream),
            Way::Watched(_) | Way::Direct => Source::Thread,
        },
    };
    Ok(source.insert(opened))
}

impl Stdin {
    /// Takes what an earlier reader has left. `false` when that is nothing.
    fn take_left(&mut self) -> bool {
        let mut left = LEFT.lock().unwrap_or_else(PoisonError::into_inner);
        if left.is_empty() {
            return false;
        }
        self.buffer = std::mem::take(&mut *left);
        (self.start, self.end) = (0, self.buffer.len());
        true
    }

    /// Reads ahead; nothing at the end.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.start < self.end || self.take_left() {
            return Poll::Ready(Ok(()));
        }
        let Stdin { source, buffer, .. } = self;
        let count = match open(source)? {
            Source::Reactor(stream) => {
                buffer.resize(CHUNK, 0);
                ready!(stream.poll_io(Direction::Read, cx, |stream| stream.read(buffer)))?
            }
            Source::Thread => {
                *buffer = ready!(stdin_thread::poll_read(cx))?;
                buffer.len()
            }
        };
        (self.start, self.end) = (0, count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Stdin {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if buffer.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let this = &mut *self;
        if this.start == this.end && buffer.len() >= CHUNK && !this.take_left() {
            if let Source::Reactor(stream) = open(&mut this.source)? {
                return stream.poll_io(Direction::Read, cx, |stream| stream.read(buffer));
            }
        }
        ready!(this.poll_fill(cx))?;
        let count = buffer.len().min(this.end - this.start);
        buffer[..count].copy_from_slice(&this.buffer[this.start..this.start + count]);
        this.start += count;
        Poll::Ready(Ok(count))
    }
}

impl AsyncBufRead for Stdin {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        ready!(this.poll_fill(cx))?;
        Poll::Ready(Ok(&this.buffer[this.start..this.end]))
    }

    fn consume(mut self: Pin<&mut Self>, count: usize) {
        self.start = self.end.min(self.start + count);
    }
}

impl Drop for Stdin {
    fn drop(&mut self) {
        let rest = &self.buffer[self.start..self.end];
        if !rest.is_empty() {
            // It is older than what others have left meanwhile.
            let mut left = LEFT.lock().unwrap_or_else(PoisonError::into_inner);
            left.splice(..0, rest.iter().copied());
        }
    }
}

impl fmt::Debug for Stdin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stdin")
            .field("read_ahead", &(self.end - self.start))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use futures_lite::future::block_on;
    use futures_lite::{AsyncBufReadExt, AsyncReadExt};

    /// One that has read `text` ahead.
    fn ahead(text: &str) -> Stdin {
        let mut stdin = stdin();
        stdin.buffer = text.as_bytes().to_vec();
        stdin.end = text.len();
        stdin
    }

    #[test]
    fn what_a_dropped_reader_has_read_ahead_goes_to_the_next() {
        let mut line = String::new();
        block_on(async {
            let (mut first, mut second) = (ahead("one\ntwo\n"), ahead("later\n"));
            first.read_line(&mut line).await?;
            // A read into the middle of a line, given up.
            second.read_exact(&mut [0; 2]).await?;
            drop(second);
            drop(first);
            let mut next = stdin();
            for expected in ["two\n", "ter\n"] {
                line.clear();
                next.read_line(&mut line).await?;
                assert_eq!(line, expected);
            }
            assert_eq!(next.start, next.end);
            io::Result::Ok(())
        })
        .unwrap();
        assert!(LEFT.lock().unwrap().is_empty());
    }
}
