//! `ReaderIo`: a reader with the traits of futures-io.
//!
//! They are on a view, so that the reader's own `read` is not shadowed.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncBufRead, AsyncRead};

use super::StreamReader;

/// A [`StreamReader`] as `AsyncRead` and `AsyncBufRead`; from [`StreamReader::io`].
#[derive(Debug)]
pub struct ReaderIo<'a> {
    reader: &'a mut StreamReader,
}

impl<'a> ReaderIo<'a> {
    pub(super) fn new(reader: &'a mut StreamReader) -> ReaderIo<'a> {
        ReaderIo { reader }
    }
}

impl AsyncRead for ReaderIo<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if buffer.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let bytes = ready!(self.as_mut().poll_fill_buf(cx))?;
        let count = bytes.len().min(buffer.len());
        buffer[..count].copy_from_slice(&bytes[..count]);
        self.consume(count);
        Poll::Ready(Ok(count))
    }
}

impl AsyncBufRead for ReaderIo<'_> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let reader = &mut *self.get_mut().reader;
        if reader.buffer.is_empty() {
            ready!(reader.poll_fill(cx, 0))?;
        }
        Poll::Ready(Ok(reader.buffer.as_slice()))
    }

    fn consume(self: Pin<&mut Self>, count: usize) {
        self.get_mut().reader.buffer.consume(count);
    }
}
