//! `sendfile`: a file to a socket, without a way through the program's memory where the system can.
//!
//! Where it cannot, the file is read on another thread, 64 KiB at a time, and written to the socket. The file is read
//! by place, so its position matters to neither way; it is set once, at the end.

mod error;
mod fallback;
mod over_transport;
mod sys;

pub use error::{SendfileError, SendfileNotAvailableError};
pub use over_transport::TransportSendfile;

use std::fmt;
use std::fs::File;
use std::future::Future;
use std::io::{self, Seek, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use asyncio_reactor::{AsSource, Direction};

use crate::stream::{ByteStream, poll_write};
use fallback::Fallback;

/// How many calls one poll may do before it lets others have the thread.
const ROUNDS: usize = 16;

/// Sends `file` to `socket`, from its beginning to its end, and gives the number of bytes.
///
/// [`offset`](Sendfile::offset) and [`count`](Sendfile::count) choose a part. On Linux the kernel does it; disk
/// reads of a file that is not cached happen on this thread then, as they do in Python.
///
/// When bytes were sent, the file's position is set behind the last of them, also after an error and when this is
/// dropped.
///
/// # Errors
///
/// [`SendfileError`], which knows how many bytes were sent.
///
/// # Cancel safety
///
/// Some bytes may have been sent; the position of the file tells how many. With the fallback, what was read and not
/// sent is not counted.
///
/// # Python
///
/// `loop.sock_sendfile`; for `loop.sendfile` see [`Transport::sendfile`](crate::Transport::sendfile). A file of unknown size, such as one in `/proc`, is sent
/// too.
///
/// # Examples
///
/// ```
/// use asyncio_net::{TcpListener, TcpStream, sendfile};
/// use futures_lite::{AsyncReadExt, future};
///
/// # future::block_on(async {
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let mut client = TcpStream::connect(listener.local_addr()?).await?;
/// let (server, _) = listener.accept().await?;
///
/// let file = std::fs::File::open("Cargo.toml")?;
/// let sent = sendfile(&file, &server).offset(1).count(7).await?;
/// let mut buffer = [0; 7];
/// client.read_exact(&mut buffer).await?;
/// assert_eq!((sent, &buffer), (7, b"package"));
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[doc(alias = "sock_sendfile")]
pub fn sendfile<'a, S: ByteStream + AsSource>(file: &'a File, socket: &'a S) -> Sendfile<'a, S> {
    Sendfile {
        file,
        socket,
        offset: 0,
        count: None,
        fallback: true,
        sent: 0,
        way: Way::System,
    }
}

/// The future of [`sendfile`].
#[must_use = "futures do nothing unless they are awaited"]
pub struct Sendfile<'a, S> {
    file: &'a File,
    socket: &'a S,
    offset: u64,
    count: Option<u64>,
    fallback: bool,
    sent: u64,
    way: Way,
}

enum Way {
    System,
    Fallback(Fallback),
}

impl<S> Sendfile<'_, S> {
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
        self.sent
    }

    /// How many bytes the next call may do.
    fn left(&self) -> u64 {
        self.count.map_or(u64::MAX, |count| count - self.sent)
    }
}

impl<S: ByteStream + AsSource> Sendfile<'_, S> {
    /// Sends by the system, and goes over to the fallback when that cannot.
    fn poll_system(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendfileError>> {
        for _ in 0..ROUNDS {
            let left = self.left();
            if left == 0 {
                return Poll::Ready(Ok(()));
            }
            let (file, at) = (self.file, self.offset + self.sent);
            let socket = self.socket;
            let send = |_: &_| sys::sendfile(socket, file, at, left);
            match ready!(socket.io().poll_io(Direction::Write, cx, send)) {
                Ok(0) => return Poll::Ready(Ok(())),
                Ok(count) => self.sent += count,
                Err(error) if self.sent == 0 && sys::is_refusal(&error) => {
                    if !self.fallback {
                        return Poll::Ready(Err(SendfileNotAvailableError::new(error).into()));
                    }
                    let file = self.file.try_clone().map_err(|error| self.error(error))?;
                    self.way = Way::Fallback(Fallback::new(file));
                    return self.poll_way(cx);
                }
                Err(error) => return Poll::Ready(Err(self.error(error))),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn poll_way(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendfileError>> {
        let left = self.left();
        let Way::Fallback(fallback) = &mut self.way else {
            return self.poll_system(cx);
        };
        let socket = self.socket;
        let write = |cx: &mut Context<'_>, bytes: &[u8]| poll_write(socket, cx, bytes);
        let done = fallback.poll(cx, write, self.offset, left, &mut self.sent);
        done.map_err(|error| self.error(error))
    }

    fn error(&self, error: io::Error) -> SendfileError {
        SendfileError::Io {
            sent: self.sent,
            error,
        }
    }
}

impl<S: ByteStream + AsSource> Future for Sendfile<'_, S> {
    type Output = Result<u64, SendfileError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(self.poll_way(cx))?;
        Poll::Ready(Ok(self.sent))
    }
}

impl<S> Drop for Sendfile<'_, S> {
    fn drop(&mut self) {
        if self.sent > 0 {
            // A file that cannot seek has no position.
            let _ = self.file.seek(SeekFrom::Start(self.offset + self.sent));
        }
    }
}

impl<S> fmt::Debug for Sendfile<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sendfile")
            .field("offset", &self.offset)
            .field("count", &self.count)
            .field("sent", &self.sent)
            .finish_non_exhaustive()
    }
}
