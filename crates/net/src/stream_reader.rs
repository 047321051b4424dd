//! `StreamReader`: bytes, lines and records from a connection.
//!
//! It reads from the wire when it is asked for more than it has, so a peer that sends too much is held up by the
//! system, and nothing has to be paused. What was read and not taken stays in the buffer, whatever becomes of the
//! wait: that makes every read cancel safe.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::num::NonZeroUsize;
use std::task::{Context, Poll};

use bytes::Bytes;

use crate::error::SharedError;
use crate::stream_error::{IncompleteReadError, StreamError};
use crate::transport::Transport;

mod buffer;
mod feed;
mod io_view;
mod reads;

pub use feed::Feeder;
pub use io_view::ReaderIo;
pub use reads::{Lines, ReadLine, ReadLineInto, ReadUntil};

use buffer::ReadBuffer;
use feed::Feed;
use reads::Separators;

/// As in Python: 64 KiB.
pub(crate) const LIMIT: usize = 64 * 1024;

/// The first read asks for so much; one that is filled doubles it, up to [`MOST`].
const LEAST: usize = 1024;
const MOST: usize = 64 * 1024;

/// After so many reads from the wire that did not wait the others of the executor have a turn: a peer that sends as fast
/// as it is read would keep them from it for ever.
const TURN: u32 = 16;

/// The receiving side of a stream: reads bytes, lines and records.
///
/// # Cancel safety
///
/// Each read can be dropped at any time: what has come is kept for the next one.
///
/// # Python
///
/// `asyncio.StreamReader`.
///
/// # Examples
///
/// ```
/// use asyncio_net::StreamReader;
///
/// # futures_lite::future::block_on(async {
/// let (mut feeder, mut reader) = StreamReader::pipe();
/// feeder.feed_data(b"GET / HTTP/1.1\r\n\r\nbody");
/// feeder.feed_eof();
/// assert_eq!(reader.readuntil(b"\r\n\r\n").await?, "GET / HTTP/1.1\r\n\r\n");
/// assert_eq!(reader.readexactly(2).await?, "bo");
/// assert_eq!(reader.read_to_end().await?, "dy");
/// assert!(reader.at_eof());
/// # Ok::<(), asyncio_net::StreamError>(())
/// # }).unwrap();
/// ```
pub struct StreamReader {
    source: Source,
    buffer: ReadBuffer,
    /// What the next read from the wire asks for.
    ask: usize,
    /// So many reads from the wire have not waited.
    streak: u32,
    limit: usize,
    eof: bool,
    error: Option<SharedError>,
}

enum Source {
    Wire(Transport),
    Feed(Feed),
}

impl StreamReader {
    pub(crate) fn new(transport: Transport, limit: usize) -> StreamReader {
        StreamReader::make(Source::Wire(transport), limit)
    }

    /// A reader without a connection: what is put into the feeder comes out of it.
    pub fn pipe() -> (Feeder, StreamReader) {
        let (feeder, feed) = Feed::new();
        (feeder, StreamReader::make(Source::Feed(feed), LIMIT))
    }

    fn make(source: Source, limit: usize) -> StreamReader {
        StreamReader {
            source,
            buffer: ReadBuffer::default(),
            ask: LEAST,
            streak: 0,
            limit,
            eof: false,
            error: None,
        }
    }

    /// The most bytes that [`readline`](StreamReader::readline) and [`readuntil`](StreamReader::readuntil) gather
    /// while they look for the separator; 64 KiB at first.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Sets the limit.
    pub fn set_limit(&mut self, limit: NonZeroUsize) {
        self.limit = limit.get();
    }

    /// Some bytes, at most `most`, as soon as there are any; none at the end of the stream, or if `most` is 0.
    ///
    /// # Errors
    ///
    /// The system's, after what came before it was read.
    ///
    /// # Cancel safety
    ///
    /// No byte is lost.
    pub async fn read(&mut self, most: usize) -> io::Result<Bytes> {
        if most == 0 {
            return Ok(Bytes::new());
        }
        if self.buffer.is_empty() {
            self.fill().await?;
        }
        Ok(self.buffer.take(self.buffer.len().min(most)))
    }

    /// All bytes up to the end of the stream; the limit does not count.
    ///
    /// # Errors
    ///
    /// The system's; what had come is still there to be read.
    ///
    /// # Cancel safety
    ///
    /// No byte is lost.
    pub async fn read_to_end(&mut self) -> io::Result<Bytes> {
        while self.fill().await? > 0 {}
        Ok(self.buffer.take(self.buffer.len()))
    }

    /// A line with its `\n`. The last one may lack it, and after it comes an empty one: the end of the stream.
    ///
    /// A limit for this line alone: `readline().limit(n)`.
    ///
    /// # Errors
    ///
    /// `LimitOverrun` when no line ends within the limit; it stays in the buffer. The system's.
    ///
    /// # Cancel safety
    ///
    /// No byte is lost.
    ///
    /// # Python
    ///
    /// There a line that is too long is thrown away.
    pub fn readline(&mut self) -> ReadLine<'_> {
        ReadLine::new(self)
    }

    /// As [`readline`](StreamReader::readline), but appends the line to `line`, whose memory can so serve for many, and
    /// gives its length; 0 is the end of the stream.
    ///
    /// # Errors
    ///
    /// As [`readline`](StreamReader::readline); nothing was appended.
    ///
    /// # Cancel safety
    ///
    /// No byte is lost: nothing is appended before the line is whole.
    ///
    /// # Examples
    ///
    /// ```
    /// use asyncio_net::StreamReader;
    ///
    /// # futures_lite::future::block_on(async {
    /// let (mut feeder, mut reader) = StreamReader::pipe();
    /// feeder.feed_data(b"one\ntwo");
    /// feeder.feed_eof();
    /// let (mut line, mut lengths) = (Vec::new(), Vec::new());
    /// while reader.readline_into(&mut line).await? != 0 {
    ///     lengths.push(line.len());
    ///     line.clear();
    /// }
    /// assert_eq!(lengths, [4, 3]);
    /// # Ok::<(), asyncio_net::StreamError>(())
    /// # }).unwrap();
    /// ```
    pub fn readline_into<'a>(&'a mut self, line: &'a mut Vec<u8>) -> ReadLineInto<'a> {
        ReadLineInto::new(self, line)
    }

    /// The next line, with its `\n`; `None` at the end of the stream.
    ///
    /// # Errors
    ///
    /// As [`readline`](StreamReader::readline).
    ///
    /// # Cancel safety
    ///
    /// No byte is lost.
    pub async fn next_line(&mut self) -> Result<Option<Bytes>, StreamError> {
        let line = self.readline().await?;
        Ok((!line.is_empty()).then_some(line))
    }

    /// The lines as a stream, each with its `\n`.
    pub fn lines(&mut self) -> Lines<'_> {
        Lines::new(self)
    }

    /// Exactly `count` bytes; the limit does not count.
    ///
    /// # Errors
    ///
    /// `IncompleteRead` when the stream ends before; it has what came. The system's; what came is still there.
    ///
    /// # Cancel safety
    ///
    /// No byte is lost.
    pub async fn readexactly(&mut self, count: usize) -> Result<Bytes, StreamError> {
        self.gather(count).await?;
        Ok(self.buffer.take(count))
    }

    /// As [`readexactly`](StreamReader::readexactly), into the caller's memory: fills `bytes`.
    ///
    /// # Errors
    ///
    /// As [`readexactly`](StreamReader::readexactly); nothing was written to `bytes`.
    ///
    /// # Cancel safety
    ///
    /// No byte is lost: nothing is written before all is there.
    pub async fn readexactly_into(&mut self, bytes: &mut [u8]) -> Result<(), StreamError> {
        let count = bytes.len();
        self.gather(count).await?;
        bytes.copy_from_slice(&self.buffer.as_slice()[..count]);
        self.buffer.consume(count);
        Ok(())
    }

    /// Everything up to and with the separator.
    ///
    /// A limit for this call alone: `readuntil(separator).limit(n)`.
    ///
    /// # Errors
    ///
    /// `LimitOverrun` when the separator does not come within the limit; all stays in the buffer. `IncompleteRead` when
    /// the stream ends before; it has what came. The system's.
    ///
    /// # Panics
    ///
    /// When the separator is empty.
    ///
    /// # Cancel safety
    ///
    /// No byte is lost.
    pub fn readuntil<'a>(&'a mut self, separator: &'a [u8]) -> ReadUntil<'a> {
        assert!(!separator.is_empty(), "a separator must have at least one byte");
        ReadUntil::new(self, Separators::One(separator))
    }

    /// As [`readuntil`](StreamReader::readuntil), with several separators: the one that ends first.
    ///
    /// # Errors
    ///
    /// As `readuntil`.
    ///
    /// # Panics
    ///
    /// When there is no separator, or one is empty.
    ///
    /// # Cancel safety
    ///
    /// No byte is lost.
    pub fn readuntil_any<'a>(&'a mut self, separators: &'a [&'a [u8]]) -> ReadUntil<'a> {
        assert!(
            !separators.is_empty() && separators.iter().all(|separator| !separator.is_empty()),
            "there must be a separator, and each must have at least one byte"
        );
        ReadUntil::new(self, Separators::Many(separators))
    }

    /// Reads some more behind what is [buffered](StreamReader::buffered), and gives how much that was; 0 is the end of
    /// the stream. For hand-written futures: several readers can be polled side by side, and nothing is taken.
    ///
    /// # Errors
    ///
    /// The system's; what had come is still there to be read.
    pub fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.poll_fill(cx, 0)
    }

    /// Takes out what is [buffered](StreamReader::buffered), without a copy.
    pub fn take_buffered(&mut self) -> Vec<u8> {
        self.buffer.take_all()
    }

    /// Whether the stream has ended and all was read. On a connection it is a read that finds the end.
    pub fn at_eof(&self) -> bool {
        let ended = match &self.source {
            Source::Wire(_) => self.eof,
            Source::Feed(feed) => self.eof || (self.error.is_none() && feed.has_ended()),
        };
        ended && self.buffer.is_empty()
    }

    /// The error that ended the stream.
    pub fn exception(&self) -> Option<&io::Error> {
        self.error.as_ref().map(SharedError::get)
    }

    /// What has come and was not read yet.
    pub fn buffered(&self) -> &[u8] {
        self.buffer.as_slice()
    }

    /// The same reader with the traits of futures-io.
    pub fn io(&mut self) -> ReaderIo<'_> {
        ReaderIo::new(self)
    }

    /// The connection below, if there is one.
    #[cfg(feature = "tls")]
    pub(crate) fn transport(&self) -> Option<&Transport> {
        match &self.source {
            Source::Wire(transport) => Some(transport),
            Source::Feed(_) => None,
        }
    }

    /// Waits until so much is in the buffer.
    async fn gather(&mut self, count: usize) -> Result<(), StreamError> {
        while self.buffer.len() < count {
            if self.fill_for(count - self.buffer.len()).await? == 0 {
                let partial = self.buffer.take(self.buffer.len());
                let expected = Some(count);
                return Err(IncompleteReadError { partial, expected }.into());
            }
        }
        Ok(())
    }

    async fn fill(&mut self) -> io::Result<usize> {
        poll_fn(|cx| self.poll_fill(cx, 0)).await
    }

    async fn fill_for(&mut self, wanted: usize) -> io::Result<usize> {
        poll_fn(|cx| self.poll_fill(cx, wanted)).await
    }

    /// Reads some more into the buffer; 0: the stream has ended.
    #[inline]
    fn poll_fill(&mut self, cx: &mut Context<'_>, wanted: usize) -> Poll<io::Result<usize>> {
        if let Some(error) = &self.error {
            return Poll::Ready(Err(error.again()));
        }
        if self.eof {
            return Poll::Ready(Ok(0));
        }
        // `wanted` may be a number that a peer has sent: room is made for what comes, not for what may never come.
        let most = self.ask.max(wanted.min(MOST));
        let tail = self.buffer.tail();
        let polled = match &mut self.source {
            Source::Wire(_) if self.streak >= TURN => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Source::Wire(transport) => {
                self.streak += 1;
                transport.poll_read(cx, tail, most)
            }
            Source::Feed(feed) => feed.poll_read(cx, tail),
        };
        match polled {
            Poll::Pending => {
                self.streak = 0;
                self.buffer.rest();
                Poll::Pending
            }
            Poll::Ready(Ok(0)) => {
                if let Source::Wire(transport) = &self.source {
                    // A connection that a write has found broken was shut down: that is not how the peer ends it.
                    if let Some(error) = transport.error() {
                        let again = error.again();
                        self.error = Some(error);
                        return Poll::Ready(Err(again));
                    }
                }
                self.eof = true;
                Poll::Ready(Ok(0))
            }
            Poll::Ready(Ok(count)) => {
                if count >= self.ask {
                    self.ask = (self.ask * 2).min(MOST);
                }
                Poll::Ready(Ok(count))
            }
            Poll::Ready(Err(error)) => {
                let error = SharedError::new(error);
                let again = error.again();
                self.error = Some(error.clone());
                if let Source::Wire(transport) = &self.source {
                    transport.lost(error.again());
                }
                Poll::Ready(Err(again))
            }
        }
    }
}

impl fmt::Debug for StreamReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamReader")
            .field("buffered", &self.buffer.len())
            .field("limit", &self.limit)
            .field("eof", &self.eof)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}
