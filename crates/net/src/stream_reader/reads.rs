//! The reads that look for something: up to a separator, and by line.
//!
//! What was looked at is not looked at again. Nothing leaves the reader's buffer before all of it is there.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;

use super::StreamReader;
use crate::stream_error::{IncompleteReadError, LimitOverrunError, StreamError};

impl StreamReader {
    /// Looks for a separator, and reads on until it is there. `from`: so far was looked already.
    fn poll_until(
        &mut self,
        cx: &mut Context<'_>,
        separators: &[&[u8]],
        limit: usize,
        from: &mut usize,
    ) -> Poll<Result<Bytes, StreamError>> {
        let longest = separators.iter().map(|separator| separator.len()).max();
        loop {
            if let Some(found) = self.buffer.find(separators, *from) {
                return Poll::Ready(if found.at > limit {
                    Err(overrun(found.at, limit, true))
                } else {
                    Ok(self.buffer.take(found.end))
                });
            }
            // A separator may have come in part.
            *from = (self.buffer.len() + 1).saturating_sub(longest.unwrap_or(1));
            if *from > limit {
                return Poll::Ready(Err(overrun(*from, limit, false)));
            }
            if ready!(self.poll_fill(cx, 0))? == 0 {
                let partial = self.buffer.take(self.buffer.len());
                let expected = None;
                return Poll::Ready(Err(IncompleteReadError { partial, expected }.into()));
            }
        }
    }

    /// Ready when a line is in the buffer, with its length; at the end of the stream with that of what there is.
    fn poll_line(
        &mut self,
        cx: &mut Context<'_>,
        limit: usize,
        from: &mut usize,
    ) -> Poll<Result<usize, StreamError>> {
        loop {
            let bytes = self.buffer.as_slice();
            if *from < bytes.len() {
                if let Some(at) = memchr::memchr(b'\n', &bytes[*from..]) {
                    let at = *from + at;
                    return Poll::Ready(if at > limit {
                        Err(overrun(at, limit, true))
                    } else {
                        Ok(at + 1)
                    });
                }
                *from = bytes.len();
                if *from > limit {
                    return Poll::Ready(Err(overrun(*from, limit, false)));
                }
            }
            if ready!(self.poll_fill(cx, 0))? == 0 {
                return Poll::Ready(Ok(self.buffer.len()));
            }
        }
    }
}

fn overrun(consumed: usize, limit: usize, found: bool) -> StreamError {
    StreamError::LimitOverrun(LimitOverrunError {
        consumed,
        limit,
        found,
    })
}

pub(super) enum Separators<'a> {
    One(&'a [u8]),
    Many(&'a [&'a [u8]]),
}

/// The read up to a separator; from [`StreamReader::readuntil`].
#[must_use = "futures do nothing unless they are awaited"]
pub struct ReadUntil<'a> {
    reader: &'a mut StreamReader,
    separators: Separators<'a>,
    limit: usize,
    from: usize,
}

impl<'a> ReadUntil<'a> {
    pub(super) fn new(reader: &'a mut StreamReader, separators: Separators<'a>) -> ReadUntil<'a> {
        ReadUntil {
            limit: reader.limit,
            reader,
            separators,
            from: 0,
        }
    }

    /// So many bytes may come before the separator, in this call.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }
}

impl Future for ReadUntil<'_> {
    type Output = Result<Bytes, StreamError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let one;
        let separators = match this.separators {
            Separators::One(separator) => {
                one = [separator];
                &one[..]
            }
            Separators::Many(separators) => separators,
        };
        this.reader.poll_until(cx, separators, this.limit, &mut this.from)
    }
}

impl fmt::Debug for ReadUntil<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadUntil")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// The read of a line; from [`StreamReader::readline`].
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited"]
pub struct ReadLine<'a> {
    reader: &'a mut StreamReader,
    limit: usize,
    from: usize,
}

impl<'a> ReadLine<'a> {
    pub(super) fn new(reader: &'a mut StreamReader) -> ReadLine<'a> {
        let limit = reader.limit;
        ReadLine {
            reader,
            limit,
            from: 0,
        }
    }

    /// So many bytes may come before the `\n`, in this call.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }
}

impl Future for ReadLine<'_> {
    type Output = Result<Bytes, StreamError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let length = ready!(this.reader.poll_line(cx, this.limit, &mut this.from))?;
        Poll::Ready(Ok(this.reader.buffer.take(length)))
    }
}

/// The read of a line into the caller's memory; from [`StreamReader::readline_into`].
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited"]
pub struct ReadLineInto<'a> {
    reader: &'a mut StreamReader,
    line: &'a mut Vec<u8>,
    limit: usize,
    from: usize,
}

impl<'a> ReadLineInto<'a> {
    pub(super) fn new(reader: &'a mut StreamReader, line: &'a mut Vec<u8>) -> ReadLineInto<'a> {
        let limit = reader.limit;
        ReadLineInto {
            reader,
            line,
            limit,
            from: 0,
        }
    }

    /// So many bytes may come before the `\n`, in this call.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }
}

impl Future for ReadLineInto<'_> {
    type Output = Result<usize, StreamError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let length = ready!(this.reader.poll_line(cx, this.limit, &mut this.from))?;
        let buffer = &mut this.reader.buffer;
        this.line.extend_from_slice(&buffer.as_slice()[..length]);
        buffer.consume(length);
        Poll::Ready(Ok(length))
    }
}

/// The lines of a stream, each with its `\n`; from [`StreamReader::lines`].
///
/// # Cancel safety
///
/// No byte is lost when a wait for the next line is dropped.
#[derive(Debug)]
#[must_use = "streams do nothing unless they are polled"]
pub struct Lines<'a> {
    reader: &'a mut StreamReader,
    from: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn new(reader: &'a mut StreamReader) -> Lines<'a> {
        Lines { reader, from: 0 }
    }
}

impl Stream for Lines<'_> {
    type Item = Result<Bytes, StreamError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let limit = this.reader.limit;
        let length = ready!(this.reader.poll_line(cx, limit, &mut this.from));
        this.from = 0;
        Poll::Ready(match length {
            Ok(0) => None,
            Ok(length) => Some(Ok(this.reader.buffer.take(length))),
            Err(error) => Some(Err(error)),
        })
    }
}
