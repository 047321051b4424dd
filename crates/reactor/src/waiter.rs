//! `Waiter`: one future's place on the list of those that wait for a source.
//!
//! Invariant: a place that was taken is given back when the waiter is dropped. Nothing has to be passed on, since an
//! event wakes everybody who waits for its direction.

use std::io;
use std::task::{Context, Poll};

use crate::direction::Direction;
use crate::shared::closed;
use crate::source::Source;

/// A place on the list, and the protocol of those who wait there. The source is passed in, so that it can lie beside.
#[derive(Debug)]
pub(crate) struct Waiter {
    direction: Direction,
    key: Option<u32>,
}

impl Waiter {
    pub(crate) fn new(direction: Direction) -> Waiter {
        Waiter { direction, key: None }
    }

    /// Ready when an operation would not block: asks the operating system first, then waits for an event.
    pub(crate) fn poll_ready(&mut self, source: &Source, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(key) = self.key {
            if source.readiness().is_notified(key) {
                self.leave(source);
                if source.readiness().is_closed() {
                    return Poll::Ready(Err(closed()));
                }
                return Poll::Ready(Ok(()));
            }
        } else {
            let seen = source.readiness().see(self.direction);
            match source.ask(self.direction, seen) {
                Ok(true) => return Poll::Ready(Ok(())),
                Ok(false) => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        match source.wait_on_list(&mut self.key, self.direction, cx.waker()) {
            Ok(true) => return Poll::Pending,
            Ok(false) => self.leave(source),
            Err(error) => {
                self.leave(source);
                return Poll::Ready(Err(error));
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Tries `op`, and waits when it would block.
    pub(crate) fn poll_op<R>(
        &mut self,
        source: &Source,
        cx: &mut Context<'_>,
        mut op: impl FnMut() -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        loop {
            let seen = source.readiness().see(self.direction);
            if seen.is_ready_or_fresh() {
                match op() {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        source.readiness().clear(self.direction, seen);
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    result => {
                        self.leave(source);
                        return Poll::Ready(result);
                    }
                }
            }
            match source.wait_on_list(&mut self.key, self.direction, cx.waker()) {
                Ok(true) => return Poll::Pending,
                Ok(false) => {}
                Err(error) => {
                    self.leave(source);
                    return Poll::Ready(Err(error));
                }
            }
        }
    }

    /// Gives the place back.
    pub(crate) fn leave(&mut self, source: &Source) {
        if let Some(key) = self.key.take() {
            source.readiness().leave(key);
        }
    }
}
