//! `Source`: one registered descriptor or socket, as the reactor sees it.
//!
//! It holds the readiness and runs the protocol of an operation: look, try, and on `WouldBlock` clear and wait. It
//! does not own the descriptor; the `Async` or `Level` around it does.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::direction::Direction;
use crate::readiness::{Readiness, Seen, Wait};
use crate::registry::Key;
use crate::shared::{Shared, closed};
use crate::sys::{self, Event, RawSource};
use asyncio_core::{WaitKind, WakeList, waits_for};

#[derive(Debug)]
pub(crate) struct Source {
    readiness: Readiness,
    key: Key,
    raw: RawSource,
    shared: Arc<Shared>,
}

impl Source {
    pub(crate) fn new(shared: Arc<Shared>, key: Key, raw: RawSource) -> Source {
        Source {
            readiness: Readiness::new(),
            key,
            raw,
            shared,
        }
    }

    #[inline]
    pub(crate) fn key(&self) -> Key {
        self.key
    }

    pub(crate) fn raw(&self) -> RawSource {
        self.raw
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub(crate) fn readiness(&self) -> &Readiness {
        &self.readiness
    }

    pub(crate) fn deregister(&self) -> io::Result<()> {
        self.shared.deregister(self.key, self.raw)
    }

    pub(crate) fn event(&self, event: &Event, wake: &mut WakeList) {
        if event.read {
            self.readiness.event(Direction::Read, event.read_sticky, wake);
        }
        if event.write {
            self.readiness.event(Direction::Write, event.write_sticky, wake);
        }
        if !self.shared.poller.is_edge()
            && Direction::BOTH.iter().any(|d| self.readiness.is_awaited(*d))
            && self.shared.arm(self).is_err()
        {
            // Nothing would ever come for this source again: whoever waits is to try, and sees the error itself.
            self.readiness.event(Direction::Read, true, wake);
            self.readiness.event(Direction::Write, true, wake);
        }
    }

    pub(crate) fn close(&self, wake: &mut WakeList) {
        self.readiness.close(wake);
    }

    /// Tries `op` while the source may be ready, and otherwise lets the task wait in the direction's slot.
    #[inline]
    pub(crate) fn poll_op<R>(
        &self,
        direction: Direction,
        cx: &mut Context<'_>,
        mut op: impl FnMut() -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        loop {
            let seen = self.readiness.see(direction);
            if may_try(direction, seen) {
                match op() {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        self.readiness.clear(direction, seen);
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    result => return Poll::Ready(result),
                }
            }
            match self.wait_in_slot(direction, cx.waker()) {
                Ok(true) => return Poll::Pending,
                Ok(false) => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// As [`Source::poll_op`], for an operation on a stream that does less than the `wanted` bytes only when the next
    /// one would block or the stream is at its end.
    #[inline]
    pub(crate) fn poll_stream_op(
        &self,
        direction: Direction,
        wanted: usize,
        cx: &mut Context<'_>,
        mut op: impl FnMut() -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            let seen = self.readiness.see(direction);
            if may_try(direction, seen) {
                match op() {
                    Ok(count) => {
                        if 0 < count && count < wanted && self.shared.poller.tells_hangup() {
                            self.readiness.clear_drained(direction, seen);
                        }
                        return Poll::Ready(Ok(count));
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        self.readiness.clear(direction, seen);
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => return Poll::Ready(Err(error)),
                }
            }
            match self.wait_in_slot(direction, cx.waker()) {
                Ok(true) => return Poll::Pending,
                Ok(false) => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// Ready when an event has come that no operation has found spent. Where the backend is edge-triggered, the waker stays in
    /// the slot. (Elsewhere each event would have to be asked for anew, whether somebody wants it or not.)
    #[inline]
    pub(crate) fn poll_event(&self, direction: Direction, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let seen = self.readiness.see(direction);
            if may_try(direction, seen) {
                return Poll::Ready(Ok(()));
            }
            if seen.is_standing() {
                return Poll::Pending;
            }
            let waits = if self.shared.poller.is_edge() {
                self.stand_in_slot(direction, cx.waker())
            } else {
                self.wait_in_slot(direction, cx.waker())
            };
            match waits {
                Ok(true) => return Poll::Pending,
                Ok(false) => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// Ready when an operation in `direction` would not block, as far as the operating system can tell.
    pub(crate) fn poll_ready(&self, direction: Direction, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let seen = self.readiness.see(direction);
            if seen.is_ready() {
                match self.ask(direction, seen) {
                    Ok(true) => return Poll::Ready(Ok(())),
                    Ok(false) => {}
                    Err(error) => return Poll::Ready(Err(error)),
                }
            }
            match self.wait_in_slot(direction, cx.waker()) {
                Ok(true) => return Poll::Pending,
                Ok(false) => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// Ready when both directions have ended, or an error is pending, where the backend tells.
    pub(crate) fn poll_hangup(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.shared.check_fork()?;
        match self.readiness.wait_for_hangup(cx.waker()) {
            Wait::Waiting => Poll::Pending,
            Wait::Ready => Poll::Ready(Ok(())),
            Wait::Closed => Poll::Ready(Err(closed())),
        }
    }

    /// Asks the operating system whether `direction` is ready. The cached readiness may be old: whoever operates on
    /// the descriptor without us does not clear it.
    pub(crate) fn ask(&self, direction: Direction, seen: Seen) -> io::Result<bool> {
        let ready = sys::is_ready(self.raw, direction)?;
        match ready {
            Some(true) => Ok(true),
            Some(false) => {
                self.readiness.clear(direction, seen);
                Ok(false)
            }
            None => {
                // It cannot be asked: what is known is used up, and the next wait asks through the poller.
                self.readiness.clear(direction, seen);
                Ok(seen.is_ready())
            }
        }
    }

    /// `Ok(true)`: the task waits. `Ok(false)`: try again.
    fn wait_in_slot(&self, direction: Direction, waker: &Waker) -> io::Result<bool> {
        self.shared.check_fork()?;
        match self.readiness.wait_in_slot(direction, waker) {
            Wait::Waiting => self.note_wait().map(|()| true),
            Wait::Ready => Ok(false),
            Wait::Closed => Err(closed()),
        }
    }

    /// Lets an event come, and others see what the task waits for.
    #[inline]
    fn note_wait(&self) -> io::Result<()> {
        waits_for(WaitKind::Io, self.raw as usize);
        self.shared.arm(self)
    }

    /// As [`Source::wait_in_slot`], for all events to come.
    fn stand_in_slot(&self, direction: Direction, waker: &Waker) -> io::Result<bool> {
        self.shared.check_fork()?;
        match self.readiness.stand_in_slot(direction, waker) {
            Wait::Waiting => Ok(true),
            Wait::Ready => Ok(false),
            Wait::Closed => Err(closed()),
        }
    }

    /// `Ok(true)`: the future `key` waits. `Ok(false)`: try again.
    pub(crate) fn wait_on_list(
        &self,
        key: &mut Option<u32>,
        direction: Direction,
        waker: &Waker,
    ) -> io::Result<bool> {
        self.shared.check_fork()?;
        match self.readiness.wait_on_list(key, direction, waker) {
            Wait::Waiting => self.note_wait().map(|()| true),
            Wait::Ready => Ok(false),
            Wait::Closed => Err(closed()),
        }
    }
}

/// A first write is tried at once, since a socket that was just made can nearly always be written; a first read
/// waits for the event of the registration, since a socket that was just accepted mostly has nothing yet.
#[inline]
fn may_try(direction: Direction, seen: Seen) -> bool {
    match direction {
        Direction::Read => seen.is_ready(),
        Direction::Write => seen.is_ready_or_fresh(),
    }
}

#[cfg(all(test, target_pointer_width = "64", not(asyncio_loom)))]
mod tests {
    use super::*;

    #[test]
    fn an_idle_source_takes_no_more_than_a_hundred_and_twelve_bytes() {
        // With the two counts of its Arc; the registry adds 24.
        assert!(size_of::<Source>() + 16 <= 112, "{}", size_of::<Source>() + 16);
    }
}
