//! `MemoryWire`: one end of a connection in memory, as streams see it.

use std::any::Any;
use std::fmt;
use std::io::{self, ErrorKind, IoSlice};
use std::sync::Arc;
use std::task::{Context, Poll};

use asyncio_net::Wire;

use super::control::MemoryControl;
use super::pipe::Pipe;

/// One end of a connection in memory. Give it to [`asyncio_net::stream`] for a reader and a writer; dropping it closes the
/// connection.
///
/// An end that has closed, or has gone, is an end of the stream for the other, and `BrokenPipe` for what that writes.
///
/// # Examples
///
/// A line that comes byte by byte, and then a reset:
///
/// ```
/// use std::num::NonZeroUsize;
///
/// use asyncio_net::{StreamError, stream};
/// use asyncio_testing::MemoryWire;
///
/// # futures_lite::future::block_on(async {
/// let (ours, theirs) = MemoryWire::pair(1024);
/// let control = ours.control();
/// control.set_read_chunk(NonZeroUsize::new(1));
/// let (mut reader, writer) = stream(ours);
/// let (their_reader, their_writer) = stream(theirs);
///
/// their_writer.write(b"a line\n")?;
/// assert_eq!(reader.readline().await?, "a line\n");
/// control.reset();
/// let error = reader.readline().await.unwrap_err();
/// assert!(matches!(error, StreamError::Io(error) if error.kind() == std::io::ErrorKind::ConnectionReset));
/// assert!(writer.write(b"too late").is_err());
/// # Ok::<(), StreamError>(())
/// # }).unwrap();
/// ```
pub struct MemoryWire {
    pipe: Arc<Pipe>,
    side: usize,
}

impl MemoryWire {
    /// Both ends of a connection, which holds up to `capacity` bytes in each direction.
    ///
    /// # Panics
    ///
    /// When `capacity` is 0.
    pub fn pair(capacity: usize) -> (MemoryWire, MemoryWire) {
        let pipe = Arc::new(Pipe::new(capacity));
        let one = MemoryWire {
            pipe: pipe.clone(),
            side: 0,
        };
        (one, MemoryWire { pipe, side: 1 })
    }

    /// By which the test breaks the connection, or says how much goes at a time; it stays when the wire becomes a stream.
    pub fn control(&self) -> MemoryControl {
        MemoryControl::new(self.pipe.clone(), self.side)
    }
}

impl Wire for MemoryWire {
    fn poll_read(&self, cx: &mut Context<'_>, buffer: &mut Vec<u8>, most: usize) -> Poll<io::Result<usize>> {
        self.pipe.read(self.side, cx, buffer, most)
    }

    fn try_write(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        self.pipe.write(self.side, None, buffers)
    }

    fn poll_write(&self, cx: &mut Context<'_>, buffers: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        match self.pipe.write(self.side, Some(cx), buffers) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Poll::Pending,
            done => Poll::Ready(done),
        }
    }

    fn close_write(&self) -> io::Result<()> {
        self.pipe.end(self.side);
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.pipe.close(self.side);
        Ok(())
    }

    fn poll_broken(&self, cx: &mut Context<'_>) -> Poll<io::Error> {
        self.pipe.broken(self.side, cx)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Drop for MemoryWire {
    fn drop(&mut self) {
        self.pipe.close(self.side);
    }
}

impl fmt::Debug for MemoryWire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryWire")
            .field("sent_and_unread", &self.control().unread())
            .finish_non_exhaustive()
    }
}
