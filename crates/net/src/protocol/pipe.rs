//! `connect_read_pipe` and `connect_write_pipe`: protocols over pipes. Unix only.
//!
//! Invariant: the descriptor is closed when the transport is, whoever still holds that: it is how the other side sees the end.

use std::any::Any;
use std::fmt;
use std::future::IntoFuture;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::panic::Location;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use asyncio_reactor::{Async, Direction};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::FileType;

use super::create_connection::{Creating, Make, begin, make};
use super::engine::AnyProtocol;
use super::pump::connected;
use crate::transport::Transport;
use crate::wire::Wire;

/// Gives the reading end of a pipe a protocol. It may be a socket or a character device too. Runs on the loop of this thread.
/// Unix only.
///
/// The transport cannot be written to. After `eof_received` comes `connection_lost`, whatever the former says. The
/// descriptor is in non-blocking mode from now on, for all who share it.
///
/// # Errors
///
/// `InvalidInput` when it is a file, or something else that cannot be waited for. When this thread turns no loop, as a
/// worker of a pool.
///
/// # Cancel safety
///
/// The pipe is closed.
///
/// # Python
///
/// `loop.connect_read_pipe`.
#[track_caller]
pub fn connect_read_pipe<F, P, Kind>(factory: F, pipe: impl Into<OwnedFd>) -> ConnectPipe
where
    F: FnOnce() -> P + 'static,
    P: AnyProtocol<Kind>,
{
    ConnectPipe {
        pipe: pipe.into(),
        way: Way::In,
        make: make(factory),
        location: Location::caller(),
    }
}

/// Gives the writing end of a pipe a protocol, which is told when the reader has gone, also while nothing is written. It may be
/// a socket or a character device too. Runs on the loop of this thread. Unix only.
///
/// # Errors
///
/// As [`connect_read_pipe`].
///
/// # Cancel safety
///
/// The pipe is closed.
///
/// # Python
///
/// `loop.connect_write_pipe`.
#[track_caller]
pub fn connect_write_pipe<F, P, Kind>(factory: F, pipe: impl Into<OwnedFd>) -> ConnectPipe
where
    F: FnOnce() -> P + 'static,
    P: AnyProtocol<Kind>,
{
    ConnectPipe {
        pipe: pipe.into(),
        way: Way::Out,
        make: make(factory),
        location: Location::caller(),
    }
}

/// A pipe that is to have a protocol; from [`connect_read_pipe`] and [`connect_write_pipe`]. Awaiting it begins.
#[must_use = "begins when it is awaited"]
pub struct ConnectPipe {
    pipe: OwnedFd,
    way: Way,
    make: Make,
    location: &'static Location<'static>,
}

impl IntoFuture for ConnectPipe {
    type Output = io::Result<Transport>;
    type IntoFuture = Creating;

    fn into_future(self) -> Creating {
        Box::pin(async move {
            let transport = connected(Pipe::new(self.pipe, self.way)?)?;
            if self.way == Way::In {
                transport.never_writes();
            }
            begin(transport, (self.make)(), self.location).await
        })
    }
}

impl fmt::Debug for ConnectPipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectPipe")
            .field("pipe", &self.pipe)
            .field("way", &self.way)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    In,
    Out,
}

/// An end of a pipe.
pub(crate) struct Pipe {
    /// Nothing once it was closed.
    pipe: Mutex<Option<Async<OwnedFd>>>,
    way: Way,
}

impl Pipe {
    fn new(pipe: OwnedFd, way: Way) -> io::Result<Pipe> {
        let kind = FileType::from_raw_mode(rustix::fs::fstat(&pipe)?.st_mode);
        if !matches!(
            kind,
            FileType::Fifo | FileType::Socket | FileType::CharacterDevice
        ) {
            let message = "Pipe transport is for pipes/sockets only, and character devices";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        Ok(Pipe {
            pipe: Mutex::new(Some(Async::new(pipe)?)),
            way,
        })
    }

    /// Whether this is a writing end.
    pub(crate) fn is_out(&self) -> bool {
        self.way == Way::Out
    }

    fn with<R>(&self, f: impl FnOnce(&Async<OwnedFd>) -> Poll<io::Result<R>>) -> Poll<io::Result<R>> {
        let pipe = self.pipe.lock().unwrap_or_else(PoisonError::into_inner);
        match pipe.as_ref() {
            Some(pipe) => f(pipe),
            None => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }
}

fn write(pipe: &OwnedFd, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
    Ok(match buffers {
        [one] => rustix::io::write(pipe, one)?,
        many => rustix::io::writev(pipe, many)?,
    })
}

/// Whether nobody reads what is written there.
fn is_hung_up(pipe: BorrowedFd<'_>) -> io::Result<bool> {
    let mut asked = [PollFd::from_borrowed_fd(pipe, PollFlags::empty())];
    poll(&mut asked, Some(&Timespec::default()))?;
    Ok(asked[0].revents().intersects(PollFlags::ERR | PollFlags::HUP))
}

impl Wire for Pipe {
    fn poll_read(&self, cx: &mut Context<'_>, buffer: &mut Vec<u8>, most: usize) -> Poll<io::Result<usize>> {
        let before = buffer.len();
        buffer.resize(before + most, 0);
        let read = self.poll_read_into(cx, &mut buffer[before..]);
        let count = match &read {
            Poll::Ready(Ok(count)) => *count,
            _ => 0,
        };
        buffer.truncate(before + count);
        read
    }

    fn number(&self) -> Option<usize> {
        let pipe = self.pipe.lock().unwrap_or_else(PoisonError::into_inner);
        pipe.as_ref().map(Async::number)
    }

    fn poll_incoming(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|pipe| pipe.poll_event(Direction::Read, cx))
    }

    /// Of a writing end: ready with nothing when the reader has gone.
    fn poll_read_into(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.with(|pipe| match self.way {
            Way::In => pipe.poll_stream_io(Direction::Read, buffer.len(), cx, |pipe| {
                Ok(rustix::io::read(pipe, &mut *buffer)?)
            }),
            Way::Out => pipe.poll_io(Direction::Read, cx, |pipe| {
                if is_hung_up(pipe.as_fd())? {
                    Ok(0)
                } else {
                    Err(io::ErrorKind::WouldBlock.into())
                }
            }),
        })
    }

    fn try_write(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        let written = self.with(|pipe| Poll::Ready(write(pipe.get_ref(), buffers)));
        match written {
            Poll::Ready(written) => written,
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    fn poll_write(&self, cx: &mut Context<'_>, buffers: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.with(|pipe| pipe.poll_io(Direction::Write, cx, |pipe| write(pipe, buffers)))
    }

    fn close_write(&self) -> io::Result<()> {
        self.close()
    }

    fn can_close_write(&self) -> bool {
        self.way == Way::Out
    }

    fn close(&self) -> io::Result<()> {
        let pipe = self.pipe.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(pipe);
        Ok(())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl fmt::Debug for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipe")
            .field("way", &self.way)
            .finish_non_exhaustive()
    }
}
