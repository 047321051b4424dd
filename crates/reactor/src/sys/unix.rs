//! Unix: sources are file descriptors.

#![expect(unsafe_code, reason = "a source is known by its number: see `borrow`")]

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use rustix::event::{PollFd, PollFlags, Timespec};

use crate::direction::Direction;

/// How a source is known to the operating system.
pub(crate) type RawSource = RawFd;

/// What a reactor can watch: anything with a file descriptor.
///
/// It is implemented for everything that implements [`AsFd`], and for nothing else.
pub trait AsSource: AsFd {
    #[doc(hidden)]
    fn raw_source(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

impl<T: AsFd + ?Sized> AsSource for T {}

/// Borrows a source for one call.
pub(super) fn borrow(raw: RawSource) -> BorrowedFd<'static> {
    // SAFETY: -1 never gets here, as the number comes from `AsFd`. Whoever has a source in the registry keeps its
    // descriptor open until it is deregistered (an invariant of `shared`), and the callers use the borrow for one
    // system call. If the descriptor was closed behind our back, that call reports EBADF.
    unsafe { BorrowedFd::borrow_raw(raw) }
}

/// Makes operations on `source` return `WouldBlock` instead of waiting.
pub(crate) fn set_nonblocking(source: &impl AsSource) -> io::Result<()> {
    // One call, and Linux has it for every kind of file; elsewhere some kinds know only the flag.
    #[cfg(target_os = "linux")]
    rustix::io::ioctl_fionbio(source, true)?;
    #[cfg(not(target_os = "linux"))]
    {
        let flags = rustix::fs::fcntl_getfl(source)?;
        rustix::fs::fcntl_setfl(source, flags | rustix::fs::OFlags::NONBLOCK)?;
    }
    Ok(())
}

/// Whether an operation would not block; `None` where that cannot be asked.
pub(crate) fn is_ready(raw: RawSource, direction: Direction) -> io::Result<Option<bool>> {
    let flags = match direction {
        Direction::Read => PollFlags::IN | PollFlags::PRI,
        Direction::Write => PollFlags::OUT,
    };
    let fd = borrow(raw);
    let mut fds = [PollFd::from_borrowed_fd(fd, flags)];
    loop {
        match rustix::event::poll(
            &mut fds,
            Some(&Timespec {
                tv_sec: 0,
                tv_nsec: 0,
            }),
        ) {
            Ok(_) => break,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let found = fds[0].revents();
    if found.contains(PollFlags::NVAL) {
        return Err(rustix::io::Errno::BADF.into());
    }
    Ok(Some(!found.is_empty()))
}
