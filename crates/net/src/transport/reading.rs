//! The receiving side of a transport that has a protocol.

use crate::protocol::{AnyProtocol, CLOSING, EOF, Link, PAUSED, TOLD};
use crate::wire::Wire;

use super::Transport;
#[cfg(unix)]
use super::sending::Eof;
use super::sending::Phase;

impl Transport {
    pub(crate) fn with_link(wire: Box<dyn Wire>, link: Link) -> Transport {
        Transport::make(wire, Some(Box::new(link)))
    }

    #[inline]
    pub(crate) fn link(&self) -> Option<&Link> {
        self.shared.link.as_deref()
    }

    /// There is no sending direction.
    #[cfg(unix)]
    pub(crate) fn never_writes(&self) {
        self.shared.sending.lock().eof = Eof::Sent;
    }

    /// Whether the sending direction is all there is.
    pub(crate) fn is_one_way(&self) -> bool {
        #[cfg(unix)]
        {
            let pipe = self.wire().as_any().downcast_ref::<crate::protocol::Pipe>();
            pipe.is_some_and(crate::protocol::Pipe::is_out)
        }
        #[cfg(not(unix))]
        false
    }

    /// Whether nothing is left to be done but to say so.
    pub(crate) fn is_over(&self) -> bool {
        self.shared.sending.lock().phase == Phase::Closed
    }

    /// Whether writing is paused, if the protocol does not know; it counts as told from now on. Nothing is told after the end.
    pub(crate) fn news(&self, link: &Link) -> Option<bool> {
        let sending = self.shared.sending.lock();
        let paused = sending.paused;
        if sending.phase == Phase::Closed || !link.differs(paused) {
            return None;
        }
        if paused {
            link.set(TOLD);
        } else {
            link.clear(TOLD);
        }
        Some(paused)
    }

    /// Whether the protocol is given what comes: not while it is paused or closing. Without a protocol nothing is read by itself,
    /// and this is `false`.
    pub fn is_reading(&self) -> bool {
        self.link().is_some_and(|link| !link.has(PAUSED | CLOSING))
    }

    /// Gives the protocol nothing any more, until [`resume_reading`](Transport::resume_reading): what comes stays with the
    /// system, which holds up the peer when it has enough. Nothing happens the second time, or to a connection that closes.
    pub fn pause_reading(&self) {
        if let Some(link) = self.link().filter(|link| !link.has(CLOSING)) {
            link.set(PAUSED);
        }
    }

    /// Gives the protocol again what comes. Nothing happens if reading is not paused.
    pub fn resume_reading(&self) {
        if let Some(link) = self.link() {
            if link.clear(PAUSED) {
                link.wake();
            }
        }
    }

    /// Whether the protocol was told the end of what the peer sends.
    pub fn at_eof(&self) -> bool {
        self.link().is_some_and(|link| link.has(EOF))
    }

    /// Gives the connection another protocol, of any kind. It is not told that the connection is made; what comes from now on
    /// is its own, and so is the end. A protocol that sets its successor in one of its callbacks is dropped when that returns.
    ///
    /// # Errors
    ///
    /// Gives the protocol back when the connection has ended or never had a protocol, and on another thread than
    /// that of its loop.
    pub fn set_protocol<P: AnyProtocol<Kind>, Kind>(&self, protocol: P) -> Result<(), P> {
        let Some(link) = self.link().filter(|link| link.takes_protocols()) else {
            return Err(protocol);
        };
        let before = link.set_protocol(protocol.into_engine().0);
        drop(before);
        Ok(())
    }

    /// Calls `f` with the protocol. Nothing when that is of another type, is in one of its callbacks, has ended, or this is not
    /// the thread of its loop.
    ///
    /// # Python
    ///
    /// `transport.get_protocol()`, which lends the protocol without an end.
    #[doc(alias = "get_protocol")]
    pub fn with_protocol<P: 'static, R>(&self, f: impl FnOnce(&mut P) -> R) -> Option<R> {
        self.link()?.with(self, |protocol| {
            let protocol = protocol.protocol().downcast_mut::<P>()?;
            Some(f(protocol))
        })?
    }
}
