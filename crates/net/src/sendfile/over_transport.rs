//! `TransportSendfile`: a file over a connection that has a queue, and perhaps TLS.
//!
//! The queue is sent first, and others may not write meanwhile: so the file goes out in one piece, after what was written
//! before it. Over a socket it is the system's business then. TLS must see the bytes, and a wire of the user's own is
//! no socket: there the file is read on another thread, and enters the queue as it comes down.

use std::fmt;
use std::fs::File;
use std::future::Future;
use std::io::{self, ErrorKind, Seek, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::fallback::Fallback;
use super::{Sendfile, SendfileError, SendfileNotAvailableError, sendfile};
use crate::TcpStream;
#[cfg(unix)]
use crate::UnixStream;
use crate::transport::{Hold, Transport};

impl Transport {
    /// Sends `file` after all that was written, from its beginning to its end, and gives the number of bytes.
    ///
    /// [`offset`](TransportSendfile::offset) and [`count`](TransportSendfile::count) choose a part. Over a socket the
    /// system does it where it can; over TLS the file is read on another thread, 64 KiB at a time. Until it is over nobody
    /// else may write: that is `ResourceBusy`.
    ///
    /// When bytes were sent, the file's position is set behind the last of them, also after an error and when this is
    /// dropped. What lies in the queue counts as sent.
    ///
    /// # Errors
    ///
    /// [`SendfileError`], which knows how many bytes were sent. A connection that breaks is lost for all.
    ///
    /// # Cancel safety
    ///
    /// Some bytes may have been sent; the position of the file tells how many. The connection can be used on.
    ///
    /// # Python
    ///
    /// `loop.sendfile`. It reads 16 KiB at a time where the system cannot do it.
    ///
    /// # Examples
    ///
    /// ```
    /// use asyncio_net::{TcpListener, open_connection, stream};
    ///
    /// # futures_lite::future::block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let (mut reader, _writer) = open_connection(listener.local_addr()?).await?;
    /// let (_, writer) = stream(listener.accept().await?.0);
    ///
    /// let file = std::fs::File::open("Cargo.toml")?;
    /// writer.write(b"Content-Length: 7\r\n\r\n")?;
    /// writer.sendfile(&file).offset(1).count(7).await?;
    /// writer.close();
    /// assert_eq!(reader.read_to_end().await?, "Content-Length: 7\r\n\r\npackage");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn sendfile<'a>(&'a self, file: &'a File) -> TransportSendfile<'a> {
        TransportSendfile {
            transport: self,
            file,
            offset: 0,
            count: None,
            fallback: true,
            sent: 0,
            hold: None,
            way: Way::Unknown,
        }
    }
}

/// The future of [`Transport::sendfile`].
#[must_use = "futures do nothing unless they are awaited"]
pub struct TransportSendfile<'a> {
    transport: &'a Transport,
    file: &'a File,
    offset: u64,
    count: Option<u64>,
    fallback: bool,
    /// By the queue; a socket counts itself.
    sent: u64,
    hold: Option<Hold<'a>>,
    way: Way<'a>,
}

enum Way<'a> {
    Unknown,
    Tcp(Sendfile<'a, TcpStream>),
    #[cfg(unix)]
    Unix(Sendfile<'a, UnixStream>),
    Queue(Fallback),
}

impl TransportSendfile<'_> {
    /// Sets where in the file to begin. The default is its first byte, whatever its position.
    pub fn offset(mut self, offset: u64) -> Self {
        self.offset = offset;
        self
    }

    /// Sets how many bytes are sent at most. The default is all up to the end.
    pub fn count(mut self, count: u64) -> Self {
        self.count = Some(count);
        self
    }

    /// Decides whether the file is read and written where the system cannot send it. The default is yes; with no,
    /// the error is [`SendfileError::NotAvailable`].
    pub fn fallback(mut self, fallback: bool) -> Self {
        self.fallback = fallback;
        self
    }

    /// How many bytes were sent so far.
    pub fn sent(&self) -> u64 {
        match &self.way {
            Way::Tcp(socket) => socket.sent(),
            #[cfg(unix)]
            Way::Unix(socket) => socket.sent(),
            Way::Unknown | Way::Queue(_) => self.sent,
        }
    }

    fn error(&self, error: io::Error) -> SendfileError {
        SendfileError::Io {
            sent: self.sent(),
            error,
        }
    }
}

impl<'a> TransportSendfile<'a> {
    /// As this asks for it, over a socket.
    fn over<S>(&self, socket: Sendfile<'a, S>) -> Sendfile<'a, S> {
        let socket = socket.offset(self.offset).fallback(self.fallback);
        match self.count {
            Some(count) => socket.count(count),
            None => socket,
        }
    }

    /// Finds out how it goes, when nothing is queued any more.
    fn find_way(&self) -> Result<Way<'a>, SendfileError> {
        if self.transport.layer().is_none() {
            if let Some(socket) = self.transport.tcp() {
                return Ok(Way::Tcp(self.over(sendfile(self.file, socket))));
            }
            #[cfg(unix)]
            if let Some(socket) = self.transport.unix() {
                return Ok(Way::Unix(self.over(sendfile(self.file, socket))));
            }
        }
        if !self.fallback {
            let message = "this connection is not a socket alone";
            let reason = io::Error::new(ErrorKind::Unsupported, message);
            return Err(SendfileNotAvailableError::new(reason).into());
        }
        let file = self.file.try_clone().map_err(|error| self.error(error))?;
        Ok(Way::Queue(Fallback::new(file)))
    }

    fn poll_way(&mut self, cx: &mut Context<'_>) -> Poll<Result<u64, SendfileError>> {
        if self.hold.is_none() {
            let hold = self.transport.hold().map_err(|error| self.error(error))?;
            self.hold = Some(hold);
        }
        if let Way::Unknown = self.way {
            ready!(self.transport.poll_sent(cx)).map_err(|error| self.error(error))?;
            self.way = self.find_way()?;
        }
        let done = match &mut self.way {
            Way::Tcp(socket) => ready!(Pin::new(socket).poll(cx)),
            #[cfg(unix)]
            Way::Unix(socket) => ready!(Pin::new(socket).poll(cx)),
            Way::Unknown | Way::Queue(_) => return self.poll_queue(cx),
        };
        Poll::Ready(done.map_err(|error| self.found_lost(error)))
    }

    fn poll_queue(&mut self, cx: &mut Context<'_>) -> Poll<Result<u64, SendfileError>> {
        let (Way::Queue(fallback), Some(hold)) = (&mut self.way, &self.hold) else {
            return Poll::Ready(Ok(self.sent));
        };
        let left = self.count.map_or(u64::MAX, |count| count - self.sent);
        let put = |cx: &mut Context<'_>, bytes: &[u8]| hold.poll_put(cx, bytes);
        let done = ready!(fallback.poll(cx, put, self.offset, left, &mut self.sent));
        Poll::Ready(match done {
            Ok(()) => Ok(self.sent),
            Err(error) => Err(self.error(error)),
        })
    }

    /// Whether it is the socket that has failed: then all are told; or it was closed meanwhile, and that is why.
    fn found_lost(&self, failed: SendfileError) -> SendfileError {
        let SendfileError::Io { sent, error } = failed else {
            return failed;
        };
        use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, TimedOut};
        let kinds = [
            BrokenPipe,
            ConnectionAborted,
            ConnectionReset,
            NotConnected,
            TimedOut,
        ];
        let error = match self.transport.error() {
            Some(first) => first.again(),
            None if kinds.contains(&error.kind()) => self.transport.lost(error),
            None => error,
        };
        SendfileError::Io { sent, error }
    }
}

impl Future for TransportSendfile<'_> {
    type Output = Result<u64, SendfileError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let done = ready!(self.poll_way(cx));
        self.hold = None;
        Poll::Ready(done)
    }
}

impl Drop for TransportSendfile<'_> {
    fn drop(&mut self) {
        if self.sent > 0 {
            let mut file = self.file;
            // A file that cannot seek has no position.
            let _ = file.seek(SeekFrom::Start(self.offset + self.sent));
        }
    }
}

impl fmt::Debug for TransportSendfile<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportSendfile")
            .field("offset", &self.offset)
            .field("count", &self.count)
            .field("sent", &self.sent())
            .finish_non_exhaustive()
    }
}
