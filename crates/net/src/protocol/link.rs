//! `Link`: what ties a transport to its protocol.
//!
//! Callbacks never run inside each other: while one runs the protocol is out of its place, and what happens meanwhile is told
//! when it has returned. `pause_writing` is told inside the write that filled the queue if the protocol is there, so that a
//! program which looks at a flag of its protocol after each write sees it in time. Everything else is told by the pump,
//! in its turn.
//!
//! Invariants: `TOLD` says whether the protocol knows that writing is paused; it is changed on the loop's thread, under the
//! transport's lock, before the callback is called. Whoever finds that it differs from the truth tells the protocol or
//! sets `DIRTY` and wakes the pump, so the two never differ for long. After `LOST` nothing is told.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use asyncio_core::{ExceptionContext, Part, report};

use super::engine::Engine;
use super::home::Home;
use crate::transport::Transport;

/// The program has paused reading.
pub(crate) const PAUSED: u32 = 1;
/// The transport closes, is closed or lost: nothing is received any more.
pub(crate) const CLOSING: u32 = 1 << 1;
/// The peer has ended its direction.
pub(crate) const EOF: u32 = 1 << 2;
/// Somebody else reads from the wire: a handshake.
pub(crate) const HELD: u32 = 1 << 3;
/// The protocol must be told something.
pub(crate) const DIRTY: u32 = 1 << 4;
/// The protocol knows that writing is paused.
pub(crate) const TOLD: u32 = 1 << 5;
/// `connection_made` was called.
pub(crate) const MADE: u32 = 1 << 6;
/// `connection_lost` was called, or will never be.
pub(crate) const LOST: u32 = 1 << 7;
/// Nobody has closed the transport: its server ends, and ends it.
pub(crate) const LEFT: u32 = 1 << 8;

/// Stands for the name of a call that reads; which one it is, the protocol's kind decides.
pub(super) const RECEIVE: &str = "receive";

pub(crate) struct Link {
    protocol: Home<Box<dyn Engine>>,
    flags: AtomicU32,
    part: OnceLock<Part>,
}

impl Link {
    /// A link on the loop that this thread turns, without a protocol yet; nothing when there is none.
    pub(super) fn new() -> Option<Link> {
        Some(Link {
            protocol: Home::new()?,
            flags: AtomicU32::new(0),
            part: OnceLock::new(),
        })
    }

    /// The pump runs.
    pub(super) fn set_part(&self, part: Part) {
        let _only_once = self.part.set(part);
    }

    #[inline]
    pub(crate) fn flags(&self) -> u32 {
        self.flags.load(Ordering::Acquire)
    }

    #[inline]
    pub(crate) fn has(&self, flag: u32) -> bool {
        self.flags() & flag != 0
    }

    /// Sets a flag, and says whether it was not set before.
    pub(crate) fn set(&self, flag: u32) -> bool {
        self.flags.fetch_or(flag, Ordering::AcqRel) & flag == 0
    }

    /// Clears a flag, and says whether it was set before.
    pub(crate) fn clear(&self, flag: u32) -> bool {
        self.flags.fetch_and(!flag, Ordering::AcqRel) & flag != 0
    }

    pub(crate) fn is_here(&self) -> bool {
        self.protocol.is_here()
    }

    /// Lets the pump look, in its turn.
    pub(crate) fn wake(&self) {
        if let Some(part) = self.part.get() {
            part.wake();
        }
    }

    /// Lets the pump tell the protocol what has changed.
    pub(crate) fn look(&self) {
        self.set(DIRTY);
        self.wake();
    }

    /// Whether the protocol does not know yet that writing is paused, or is not. Under the transport's lock.
    #[inline]
    pub(crate) fn differs(&self, paused: bool) -> bool {
        self.has(TOLD) != paused
    }

    /// Writing was paused, or may go on again, and the protocol does not know. Outside of the transport's lock.
    pub(crate) fn flow_changed(&self, transport: &Transport, paused: bool) {
        let told = self.flags() & (MADE | LOST) == MADE;
        if paused && told && self.protocol.is_free() {
            self.tell(transport);
        } else {
            self.look();
        }
    }

    /// Tells the protocol whether writing is paused, until it knows. At home, while no callback runs.
    pub(super) fn tell(&self, transport: &Transport) {
        while let Some(paused) = transport.news(self) {
            if paused {
                self.call(transport, "pause_writing", |protocol| protocol.pause_writing());
            } else {
                self.call(transport, "resume_writing", |protocol| protocol.resume_writing());
            }
        }
    }

    /// Calls the protocol. If that panics the loop's exception handler is told, and the connection is lost.
    #[inline]
    pub(super) fn call<R>(
        &self,
        transport: &Transport,
        name: &'static str,
        f: impl FnOnce(&mut dyn Engine) -> R,
    ) -> Option<R> {
        let called = self
            .protocol
            .visit(|protocol| catch_unwind(AssertUnwindSafe(|| f(&mut **protocol))))?;
        match called {
            Ok(result) => Some(result),
            Err(panic) => {
                let name = match name {
                    RECEIVE => self
                        .protocol
                        .visit(|protocol| protocol.receiving())
                        .unwrap_or(name),
                    name => name,
                };
                let message = format!("Fatal error: protocol.{name}() call failed.");
                self.report(ExceptionContext::new(message).with_panic(panic));
                transport.lost(io::Error::other(format!("the protocol panicked in {name}")));
                None
            }
        }
    }

    /// Tells the exception handler of the loop.
    pub(super) fn report(&self, context: ExceptionContext) {
        report(Some(self.protocol.queue()), &context);
    }

    /// Whether [`set_protocol`](Link::set_protocol) is possible: here, and now.
    pub(crate) fn takes_protocols(&self) -> bool {
        !self.has(LOST) && self.is_here()
    }

    /// Sets another protocol. The one before comes back, unless a callback of it runs: then it goes when that returns.
    pub(crate) fn set_protocol(&self, protocol: Box<dyn Engine>) -> Option<Box<dyn Engine>> {
        // It comes back itself if this is not the loop's thread.
        self.protocol.replace(protocol).unwrap_or_else(Some)
    }

    /// Calls `f` with the protocol, if it is there. What happens meanwhile is told afterwards.
    pub(crate) fn with<R>(&self, transport: &Transport, f: impl FnOnce(&mut dyn Engine) -> R) -> Option<R> {
        let result = self.protocol.visit(|protocol| f(&mut **protocol))?;
        if self.has(DIRTY) && self.flags() & (MADE | LOST) == MADE {
            self.tell(transport);
        }
        Some(result)
    }

    /// The connection has ended: `connection_lost` is called, and the protocol dropped. Nothing happens the second time.
    pub(super) fn end(&self, transport: &Transport) {
        if !self.set(LOST) {
            return;
        }
        if self.has(MADE) {
            let error = transport.error().map(|error| error.again());
            self.call(transport, "connection_lost", |protocol| {
                protocol.connection_lost(error)
            });
        }
        drop(self.protocol.take());
    }
}
