//! The ends of a pipe as wires: `PipeReader` and `PipeWriter`.
//!
//! A pipe holds 64 KiB at first, which is little for a program that streams: each fill costs a switch to the other
//! side. One that was found full is made larger, once. The system lets each user have 64 MiB in pipes or so, and gives
//! those beyond it a single page; so only pipes that were found full grow, and only so many at a time.
//!
//! Invariant: `PipeWriter` closes its descriptor when the sending direction ends, whoever still holds the transport:
//! that is what the child sees as the end.

use std::any::Any;
use std::fmt;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use asyncio_net::Wire;
use asyncio_reactor::{Async, Direction};
use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::sweep::Sweep;

/// What a pipe holds that nobody has touched. Elsewhere it may be another size, which does no harm.
const USUAL: usize = 64 * 1024;
/// The size of one that was found full. It takes an eighth off the work of reading; a mebibyte takes off no more.
#[cfg(any(target_os = "linux", target_os = "android"))]
const LARGE: usize = 256 * 1024;
/// So many may be large at a time: a quarter of what a user may have.
#[cfg(any(target_os = "linux", target_os = "android"))]
const MOST_LARGE: usize = 64;

static LARGE_PIPES: AtomicUsize = AtomicUsize::new(0);

/// Whether a pipe was made larger, and the place among the large ones that it takes then.
#[derive(Debug, Default)]
struct Size {
    tried: AtomicBool,
    large: AtomicBool,
}

impl Size {
    /// Makes a pipe larger that was found full. True: there is more room now.
    #[cold]
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn grow(&self, pipe: BorrowedFd<'_>) -> bool {
        if self.tried.swap(true, Ordering::Relaxed) {
            return false;
        }
        let place = LARGE_PIPES.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
            (count < MOST_LARGE).then_some(count + 1)
        });
        if place.is_err() {
            return false;
        }
        // EPERM: the user has too much in pipes already. EBUSY cannot be, and would do no harm.
        let grown = rustix::pipe::fcntl_setpipe_size(pipe, LARGE).is_ok();
        if grown {
            self.large.store(true, Ordering::Relaxed);
        } else {
            LARGE_PIPES.fetch_sub(1, Ordering::Relaxed);
        }
        grown
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn grow(&self, _pipe: BorrowedFd<'_>) -> bool {
        false
    }
}

impl Drop for Size {
    fn drop(&mut self) {
        if *self.large.get_mut() {
            LARGE_PIPES.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// The end of a pipe from which we read.
#[derive(Debug)]
pub(super) struct PipeReader {
    pipe: Async<OwnedFd>,
    size: Size,
    sweep: Sweep,
}

impl PipeReader {
    /// # Errors
    ///
    /// Those of [`Async::new`].
    pub(super) fn new(pipe: OwnedFd, sweep: Sweep) -> io::Result<PipeReader> {
        Ok(PipeReader {
            pipe: Async::new(pipe)?,
            size: Size::default(),
            sweep,
        })
    }

    fn read(&self, pipe: &OwnedFd, buffer: &mut Vec<u8>, most: usize) -> io::Result<usize> {
        buffer.reserve(most);
        // Whatever room there is may be filled: it is the reader's own.
        let count = rustix::io::read(pipe, spare_capacity(buffer))?;
        if count >= USUAL && !self.size.tried.load(Ordering::Relaxed) {
            self.size.grow(pipe.as_fd());
        }
        Ok(count)
    }
}

impl Wire for PipeReader {
    fn number(&self) -> Option<usize> {
        Some(self.pipe.number())
    }

    fn poll_read(&self, cx: &mut Context<'_>, buffer: &mut Vec<u8>, most: usize) -> Poll<io::Result<usize>> {
        if self.sweep.is_on() {
            if let Ok(count) = self.read(self.pipe.get_ref(), buffer, most) {
                return Poll::Ready(Ok(count));
            }
        }
        let read = |pipe: &OwnedFd| self.read(pipe, buffer, most);
        self.pipe.poll_stream_io(Direction::Read, most, cx, read)
    }

    fn try_write(&self, _buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        Err(one_way())
    }

    fn poll_write(&self, _cx: &mut Context<'_>, _buffers: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(one_way()))
    }

    fn close_write(&self) -> io::Result<()> {
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        Ok(())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The end of a pipe to which we write.
pub(super) struct PipeWriter {
    /// Nothing once it was closed.
    pipe: Mutex<Option<Async<OwnedFd>>>,
    size: Size,
}

impl PipeWriter {
    /// # Errors
    ///
    /// Those of [`Async::new`].
    pub(super) fn new(pipe: OwnedFd) -> io::Result<PipeWriter> {
        Ok(PipeWriter {
            pipe: Mutex::new(Some(Async::new(pipe)?)),
            size: Size::default(),
        })
    }

    fn end(&self) {
        let pipe = self.pipe.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(pipe);
    }

    /// Writes as much as there is room for. One that is found full is made larger, if it can be, and takes more then.
    fn write(&self, pipe: &OwnedFd, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        let [one] = buffers else {
            return Ok(rustix::io::writev(pipe, buffers)?);
        };
        let written = rustix::io::write(pipe, one);
        let count = match written {
            Ok(count) => count,
            Err(Errno::AGAIN) => 0,
            Err(error) => return Err(error.into()),
        };
        let grown =
            count < one.len() && !self.size.tried.load(Ordering::Relaxed) && self.size.grow(pipe.as_fd());
        if !grown {
            return Ok(written?);
        }
        match rustix::io::write(pipe, &one[count..]) {
            Ok(more) => Ok(count + more),
            Err(_) if count > 0 => Ok(count),
            Err(error) => Err(error.into()),
        }
    }
}

impl Wire for PipeWriter {
    fn number(&self) -> Option<usize> {
        let pipe = self.pipe.lock().unwrap_or_else(PoisonError::into_inner);
        pipe.as_ref().map(Async::number)
    }

    /// Ready with nothing when the reader has gone.
    fn poll_read(&self, cx: &mut Context<'_>, _: &mut Vec<u8>, _: usize) -> Poll<io::Result<usize>> {
        let pipe = self.pipe.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(pipe) = pipe.as_ref() else {
            return Poll::Ready(Ok(0));
        };
        pipe.poll_io(Direction::Read, cx, |pipe| {
            if is_hung_up(pipe.as_fd())? {
                Ok(0)
            } else {
                Err(io::ErrorKind::WouldBlock.into())
            }
        })
    }

    fn try_write(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        let pipe = self.pipe.lock().unwrap_or_else(PoisonError::into_inner);
        let pipe = pipe.as_ref().ok_or(io::ErrorKind::BrokenPipe)?;
        self.write(pipe.get_ref(), buffers)
    }

    fn poll_write(&self, cx: &mut Context<'_>, buffers: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let pipe = self.pipe.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(pipe) = pipe.as_ref() else {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        };
        let wanted = buffers.iter().map(|buffer| buffer.len()).sum();
        pipe.poll_stream_io(Direction::Write, wanted, cx, |pipe| self.write(pipe, buffers))
    }

    fn close_write(&self) -> io::Result<()> {
        self.end();
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.end();
        Ok(())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl fmt::Debug for PipeWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PipeWriter").finish_non_exhaustive()
    }
}

/// Whether nobody reads what is written there.
fn is_hung_up(pipe: BorrowedFd<'_>) -> io::Result<bool> {
    let mut asked = [PollFd::from_borrowed_fd(pipe, PollFlags::empty())];
    poll(&mut asked, Some(&Timespec::default()))?;
    Ok(asked[0].revents().intersects(PollFlags::ERR | PollFlags::HUP))
}

fn one_way() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, "a pipe goes one way")
}

#[cfg(all(test, target_os = "linux"))]
mod tests;
