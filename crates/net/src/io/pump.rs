//! `Pump`: one direction of a copy, as a state to be polled.
//!
//! Invariants: `buffer[start..end]` was read and not yet written. What was written and not flushed is flushed before
//! the pump waits for more, so nothing stays in a buffered writer while the reader is silent. A source that never
//! waits gives way after [`ROUNDS`] writes.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncRead, AsyncWrite};

use super::buffer;

/// How many writes one poll may do before it lets others have the thread.
const ROUNDS: usize = 32;

#[derive(Debug)]
pub(crate) struct Pump {
    size: usize,
    buffer: Option<Vec<u8>>,
    start: usize,
    end: usize,
    copied: u64,
    flush: bool,
    ended: bool,
}

impl Pump {
    pub(crate) fn new(size: usize) -> Pump {
        Pump {
            size,
            buffer: None,
            start: 0,
            end: 0,
            copied: 0,
            flush: false,
            ended: false,
        }
    }

    pub(crate) fn set_size(&mut self, size: usize) {
        assert!(size > 0, "the buffer of a copy needs at least one byte");
        if self.buffer.is_none() {
            self.size = size;
        }
    }

    /// How many bytes were written.
    pub(crate) fn copied(&self) -> u64 {
        self.copied
    }

    /// Ready when the reader is at its end and all of it was written and flushed.
    pub(crate) fn poll<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        mut reader: Pin<&mut R>,
        mut writer: Pin<&mut W>,
    ) -> Poll<io::Result<()>>
    where
        R: AsyncRead + ?Sized,
        W: AsyncWrite + ?Sized,
    {
        for _ in 0..ROUNDS {
            if self.start == self.end && !self.ended {
                match self.fill(cx, reader.as_mut()) {
                    Poll::Ready(done) => done?,
                    Poll::Pending => {
                        self.release();
                        ready!(self.flush(cx, writer.as_mut()))?;
                        return Poll::Pending;
                    }
                }
            }
            while self.start < self.end {
                ready!(self.drain(cx, writer.as_mut()))?;
            }
            if self.ended {
                self.release();
                return self.flush(cx, writer);
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn fill<R: AsyncRead + ?Sized>(
        &mut self,
        cx: &mut Context<'_>,
        reader: Pin<&mut R>,
    ) -> Poll<io::Result<()>> {
        let size = self.size;
        let buffer = self.buffer.get_or_insert_with(|| buffer::take(size));
        let count = ready!(reader.poll_read(cx, buffer))?;
        (self.start, self.end) = (0, count.min(size));
        self.ended = count == 0;
        Poll::Ready(Ok(()))
    }

    fn drain<W: AsyncWrite + ?Sized>(
        &mut self,
        cx: &mut Context<'_>,
        writer: Pin<&mut W>,
    ) -> Poll<io::Result<()>> {
        let rest = match &self.buffer {
            Some(buffer) => &buffer[self.start..self.end],
            None => &[],
        };
        let count = ready!(writer.poll_write(cx, rest))?;
        if count == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        let count = count.min(rest.len());
        self.start += count;
        self.copied += count as u64;
        self.flush = true;
        Poll::Ready(Ok(()))
    }

    fn flush<W: AsyncWrite + ?Sized>(
        &mut self,
        cx: &mut Context<'_>,
        writer: Pin<&mut W>,
    ) -> Poll<io::Result<()>> {
        if self.flush {
            ready!(writer.poll_flush(cx))?;
            self.flush = false;
        }
        Poll::Ready(Ok(()))
    }

    fn release(&mut self) {
        if let Some(buffer) = self.buffer.take() {
            buffer::give_back(buffer);
        }
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    use futures_io::AsyncRead;

    use super::Pump;

    /// Gives one byte, then waits for ever.
    struct Once(bool);

    impl AsyncRead for Once {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buffer: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            if std::mem::replace(&mut self.0, true) {
                return Poll::Pending;
            }
            buffer[0] = b'x';
            Poll::Ready(Ok(1))
        }
    }

    #[test]
    fn a_pump_that_waits_for_its_reader_holds_no_buffer() {
        let mut pump = Pump::new(1000);
        let mut cx = Context::from_waker(Waker::noop());
        let mut written = Vec::new();
        let poll = pump.poll(&mut cx, Pin::new(&mut Once(false)), Pin::new(&mut written));
        assert!(poll.is_pending() && pump.buffer.is_none());
        assert_eq!((pump.copied(), written.as_slice()), (1, &b"x"[..]));
    }

    #[cfg(target_pointer_width = "64")]
    #[test]
    fn an_idle_direction_takes_no_more_than_eighty_bytes() {
        assert!(size_of::<Pump>() <= 80, "{}", size_of::<Pump>());
    }
}
