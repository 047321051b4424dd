//! The portable backend, on the `polling` crate.
//!
//! Edge-triggered where the system has it: a source is registered once, for both directions. Elsewhere one-shot: a
//! source is registered for nothing, and a task that begins to wait asks for the directions that are awaited; an
//! event disarms both. Hang-ups cannot be told from data here, so reads go on until they would block.

#![expect(
    unsafe_code,
    reason = "the poller holds on to a source beyond the call that adds it"
)]

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use polling::{Event as PollEvent, Events, PollMode, Poller};

use super::{Event, RawSource, Timeout};
use crate::registry::Key;

#[derive(Debug)]
pub(crate) struct Polling {
    poller: Poller,
    edge: bool,
    /// Held while a source is armed: see `arm`.
    arming: Mutex<()>,
}

#[derive(Debug)]
pub(crate) struct PollingWaits {
    events: Events,
}

pub(super) fn open(oneshot: bool) -> io::Result<(Polling, PollingWaits)> {
    let poller = Poller::new()?;
    let edge = !oneshot && poller.supports_edge();
    let polling = Polling {
        poller,
        edge,
        arming: Mutex::new(()),
    };
    Ok((
        polling,
        PollingWaits {
            events: Events::new(),
        },
    ))
}

impl Polling {
    pub(super) fn is_edge(&self) -> bool {
        self.edge
    }

    pub(super) fn add(&self, raw: RawSource, key: Key) -> io::Result<()> {
        let (event, mode) = if self.edge {
            (PollEvent::all(key.0), PollMode::Edge)
        } else {
            (PollEvent::none(key.0), PollMode::Oneshot)
        };
        // SAFETY: `remove` is called before the source is closed: an invariant of `shared`.
        unsafe { self.poller.add_with_mode(raw, event, mode) }
    }

    pub(super) fn remove(&self, raw: RawSource) -> io::Result<()> {
        self.poller.delete(borrow(raw))
    }

    pub(super) fn arm(&self, raw: RawSource, key: Key, interest: &dyn Fn() -> [bool; 2]) -> io::Result<()> {
        let _later_tells_all = self.arming.lock().unwrap_or_else(PoisonError::into_inner);
        let [read, write] = interest();
        let event = PollEvent::new(key.0, read, write);
        self.poller
            .modify_with_mode(borrow(raw), event, PollMode::Oneshot)
    }

    pub(super) fn notify(&self) -> io::Result<()> {
        self.poller.notify()
    }

    #[cfg(unix)]
    pub(super) fn raw_fd(&self) -> Option<std::os::fd::RawFd> {
        #[cfg(any(
            target_os = "linux",
            target_os = "android",
            target_vendor = "apple",
            target_os = "freebsd"
        ))]
        return Some(std::os::fd::AsRawFd::as_raw_fd(&self.poller));
        #[cfg(not(any(
            target_os = "linux",
            target_os = "android",
            target_vendor = "apple",
            target_os = "freebsd"
        )))]
        None
    }
}

#[cfg(unix)]
fn borrow(raw: RawSource) -> std::os::fd::BorrowedFd<'static> {
    super::unix::borrow(raw)
}

#[cfg(windows)]
fn borrow(raw: RawSource) -> std::os::windows::io::BorrowedSocket<'static> {
    // SAFETY: whoever has a source in the registry keeps its socket open until it is deregistered (an invariant of
    // `shared`), and the callers use the borrow for one call.
    unsafe { std::os::windows::io::BorrowedSocket::borrow_raw(raw) }
}

impl PollingWaits {
    pub(super) fn wait(&mut self, polling: &Polling, timeout: Timeout) -> io::Result<()> {
        self.events.clear();
        let timeout = match timeout {
            Timeout::Now => Some(std::time::Duration::ZERO),
            Timeout::Until(deadline) => Some(deadline.saturating_duration_since(Instant::now())),
            Timeout::Never => None,
        };
        polling.poller.wait(&mut self.events, timeout)?;
        Ok(())
    }

    pub(super) fn events(&self) -> impl Iterator<Item = Event> + '_ {
        self.events.iter().map(|event| Event {
            key: Key(event.key),
            read: event.readable,
            write: event.writable,
            read_sticky: false,
            write_sticky: false,
        })
    }
}
