//! Pipes and terminals are opened anew through `/proc/self/fd`, on Linux; sockets have a flag for each call.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use asyncio_reactor::{Async, Level};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{FileType, fstat};
use rustix::io::{Errno, fcntl_dupfd_cloexec};
use rustix::net::{RecvFlags, SendFlags, recv, send};

use super::{Standard, Way};

/// What POSIX lets be written to a pipe that is ready, without blocking (`_POSIX_PIPE_BUF`).
const SURE: usize = 512;

/// A descriptor of our own for a standard stream.
#[derive(Debug)]
pub(crate) struct Stream {
    fd: OwnedFd,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Its description is our own and does not block.
    Own,
    Socket,
    /// Its description is shared.
    Shared,
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Stream {
    /// One whose description is shared, as where none of our own can be had.
    #[cfg(test)]
    pub(crate) fn shared(fd: OwnedFd) -> Stream {
        Stream {
            fd,
            kind: Kind::Shared,
        }
    }

    pub(crate) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match self.kind {
            Kind::Socket => recv(&self.fd, buffer, RecvFlags::DONTWAIT)?.0,
            Kind::Own | Kind::Shared => rustix::io::read(&self.fd, buffer)?,
        };
        Ok(count)
    }

    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let count = match self.kind {
            Kind::Socket => send(&self.fd, bytes, SendFlags::DONTWAIT | nosignal())?,
            Kind::Own => rustix::io::write(&self.fd, bytes)?,
            Kind::Shared => rustix::io::write(&self.fd, &bytes[..bytes.len().min(SURE)])?,
        };
        Ok(count)
    }
}

#[cfg(not(target_vendor = "apple"))]
fn nosignal() -> SendFlags {
    SendFlags::NOSIGNAL
}

// Rust programs ignore SIGPIPE unless they say otherwise.
#[cfg(target_vendor = "apple")]
fn nosignal() -> SendFlags {
    SendFlags::empty()
}

fn with_fd<R>(standard: Standard, call: impl FnOnce(BorrowedFd<'_>) -> R) -> R {
    match standard {
        Standard::Input => call(io::stdin().as_fd()),
        Standard::Output => call(io::stdout().as_fd()),
        Standard::Error => call(io::stderr().as_fd()),
    }
}

/// Finds out how `standard` is to be used, and prepares it with the reactor of this thread.
pub(crate) fn open(standard: Standard) -> io::Result<Way> {
    with_fd(standard, |fd| open_fd(standard, fd))
}

fn open_fd(standard: Standard, fd: BorrowedFd<'_>) -> io::Result<Way> {
    let kind = match fstat(fd) {
        Ok(stat) => FileType::from_raw_mode(stat.st_mode),
        Err(Errno::BADF) => return Ok(Way::Direct),
        Err(error) => return Err(error.into()),
    };
    let pipe = kind == FileType::Fifo;
    let stream = |fd, kind| Stream { fd, kind };
    if kind == FileType::Socket {
        let own = fcntl_dupfd_cloexec(fd, 3)?;
        return Async::new_nonblocking(stream(own, Kind::Socket)).map(Way::Own);
    }
    if !pipe && !rustix::termios::isatty(fd) {
        return Ok(Way::Direct);
    }
    if let Some(own) = open_anew(standard, fd) {
        return Async::new_nonblocking(stream(own, Kind::Own)).map(Way::Own);
    }
    if standard == Standard::Input {
        // It may be ready and yet block, when another program takes what was there.
        return Ok(Way::Direct);
    }
    let shared = stream(fcntl_dupfd_cloexec(fd, 3)?, Kind::Shared);
    Ok(Level::new(shared).map_or(Way::Direct, Way::Watched))
}

/// A description of our own for a pipe or a terminal. None when it is another user's, or a pipe without a reader.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn open_anew(standard: Standard, fd: BorrowedFd<'_>) -> Option<OwnedFd> {
    use rustix::fs::{Mode, OFlags, open};
    use std::os::fd::AsRawFd;
    let access = match standard {
        Standard::Input => OFlags::RDONLY,
        Standard::Output | Standard::Error => OFlags::WRONLY,
    };
    let flags = access | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    open(format!("/proc/self/fd/{}", fd.as_raw_fd()), flags, Mode::empty()).ok()
}

/// Elsewhere `/dev/fd` gives the same description once more.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn open_anew(_: Standard, _: BorrowedFd<'_>) -> Option<OwnedFd> {
    None
}

/// Reads the standard input on a thread that may block. A descriptor that is closed is at its end, as std has it.
pub(crate) fn read_blocking(buffer: &mut [u8]) -> io::Result<usize> {
    with_fd(Standard::Input, |fd| {
        loop {
            match rustix::io::read(fd, &mut *buffer) {
                Ok(count) => return Ok(count),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => wait(fd, PollFlags::IN)?,
                Err(Errno::BADF) => return Ok(0),
                Err(error) => return Err(error.into()),
            }
        }
    })
}

/// Writes to what cannot be watched. A descriptor that is closed takes everything, as std has it.
pub(crate) fn write_blocking(standard: Standard, bytes: &[u8]) -> io::Result<usize> {
    with_fd(standard, |fd| {
        loop {
            match rustix::io::write(fd, bytes) {
                Ok(count) => return Ok(count),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => wait(fd, PollFlags::OUT)?,
                Err(Errno::BADF) => return Ok(bytes.len()),
                Err(error) => return Err(error.into()),
            }
        }
    })
}

/// Somebody else has made the description non-blocking.
fn wait(fd: BorrowedFd<'_>, flags: PollFlags) -> io::Result<()> {
    match poll(&mut [PollFd::from_borrowed_fd(fd, flags)], None) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
