//! What differs between systems, and the two backends behind one interface.
//!
//! A backend has a `Poller`, which every thread may use (`add`, `remove`, `arm`, `notify`), and a `Waits`, which the
//! reactor's owner alone has. `wait` blocks for at most the given timeout, and may return early with nothing;
//! `events` then yields what came. An event of the backend's own (a notification, its timer) is not yielded.
//!
//! `unix.rs` and `windows.rs` have equal signatures: `RawSource`, `AsSource`, `set_nonblocking`, `is_ready`.

#[cfg(target_os = "linux")]
mod epoll;
mod polling;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use self::unix::AsSource;
#[cfg(unix)]
pub(crate) use self::unix::{RawSource, is_ready, set_nonblocking};
#[cfg(windows)]
pub use self::windows::AsSource;
#[cfg(windows)]
pub(crate) use self::windows::{RawSource, is_ready, set_nonblocking};

use std::io;
use std::time::Instant;

use crate::backend::Backend;
use crate::registry::Key;

/// What came for a source.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Event {
    pub(crate) key: Key,
    pub(crate) read: bool,
    pub(crate) write: bool,
    /// The peer will send no more, or an error or urgent data waits to be fetched.
    pub(crate) read_sticky: bool,
    /// The peer is gone, or an error waits to be fetched.
    pub(crate) write_sticky: bool,
}

/// How long a wait may last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Timeout {
    Now,
    Until(Instant),
    Never,
}

/// The side of a backend that all threads share.
#[derive(Debug)]
pub(crate) enum Poller {
    #[cfg(target_os = "linux")]
    Epoll(epoll::Epoll),
    Polling(polling::Polling),
}

/// The side of a backend that the owner alone has.
#[derive(Debug)]
pub(crate) enum Waits {
    #[cfg(target_os = "linux")]
    Epoll(epoll::EpollWaits),
    Polling(polling::PollingWaits),
}

/// Makes both sides of the chosen backend.
pub(crate) fn open(backend: Backend) -> io::Result<(Poller, Waits)> {
    match backend {
        #[cfg(target_os = "linux")]
        Backend::Auto | Backend::Epoll => {
            let (epoll, waits) = epoll::open()?;
            Ok((Poller::Epoll(epoll), Waits::Epoll(waits)))
        }
        #[cfg(not(target_os = "linux"))]
        Backend::Epoll => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "the epoll backend is for Linux: choose Backend::Auto or Backend::Polling",
        )),
        #[cfg(not(target_os = "linux"))]
        Backend::Auto => open(Backend::Polling),
        Backend::Polling | Backend::PollingOneshot => {
            let (polling, waits) = polling::open(backend == Backend::PollingOneshot)?;
            Ok((Poller::Polling(polling), Waits::Polling(waits)))
        }
    }
}

macro_rules! each {
    ($self:expr, $poller:ident => $call:expr) => {
        match $self {
            #[cfg(target_os = "linux")]
            Poller::Epoll($poller) => $call,
            Poller::Polling($poller) => $call,
        }
    };
}

impl Poller {
    pub(crate) fn add(&self, raw: RawSource, key: Key) -> io::Result<()> {
        each!(self, poller => poller.add(raw, key))
    }

    pub(crate) fn remove(&self, raw: RawSource) -> io::Result<()> {
        each!(self, poller => poller.remove(raw))
    }

    /// Tells which directions (reading, writing) are waited for, in a backend that is not [`Poller::is_edge`].
    /// `interest` is called under a lock, so that of two calls the later one tells all.
    pub(crate) fn arm(&self, raw: RawSource, key: Key, interest: &dyn Fn() -> [bool; 2]) -> io::Result<()> {
        match self {
            #[cfg(target_os = "linux")]
            Poller::Epoll(_) => Ok(()),
            Poller::Polling(polling) => polling.arm(raw, key, interest),
        }
    }

    pub(crate) fn notify(&self) -> io::Result<()> {
        each!(self, poller => poller.notify())
    }

    /// Sources are registered once and every change is reported once.
    #[inline]
    pub(crate) fn is_edge(&self) -> bool {
        match self {
            #[cfg(target_os = "linux")]
            Poller::Epoll(_) => true,
            Poller::Polling(polling) => polling.is_edge(),
        }
    }

    /// Events tell that the peer has hung up, so that the end of a stream is not missed when a short read is taken for
    /// a drained source.
    #[inline]
    pub(crate) fn tells_hangup(&self) -> bool {
        match self {
            #[cfg(target_os = "linux")]
            Poller::Epoll(_) => true,
            Poller::Polling(_) => false,
        }
    }

    pub(crate) fn backend(&self) -> Backend {
        match self {
            #[cfg(target_os = "linux")]
            Poller::Epoll(_) => Backend::Epoll,
            Poller::Polling(polling) if polling.is_edge() => Backend::Polling,
            Poller::Polling(_) => Backend::PollingOneshot,
        }
    }

    #[cfg(unix)]
    pub(crate) fn try_clone_fd(&self) -> io::Result<std::os::fd::OwnedFd> {
        let raw = self.raw_fd().ok_or(io::ErrorKind::Unsupported)?;
        self::unix::borrow(raw).try_clone_to_owned()
    }

    #[cfg(unix)]
    pub(crate) fn raw_fd(&self) -> Option<std::os::fd::RawFd> {
        each!(self, poller => poller.raw_fd())
    }
}

impl Waits {
    pub(crate) fn wait(&mut self, poller: &Poller, timeout: Timeout) -> io::Result<()> {
        match (self, poller) {
            #[cfg(target_os = "linux")]
            (Waits::Epoll(waits), Poller::Epoll(epoll)) => waits.wait(epoll, timeout),
            (Waits::Polling(waits), Poller::Polling(polling)) => waits.wait(polling, timeout),
            #[cfg(target_os = "linux")]
            _ => unreachable!("both sides were made by one call of `open`"),
        }
    }

    /// Hands what came to `take`, as one iterator.
    pub(crate) fn events<R>(&self, take: impl FnOnce(&mut dyn Iterator<Item = Event>) -> R) -> R {
        match self {
            #[cfg(target_os = "linux")]
            Waits::Epoll(waits) => take(&mut waits.events()),
            Waits::Polling(waits) => take(&mut waits.events()),
        }
    }
}
