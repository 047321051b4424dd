//! What a layer needs of its transport: a way past itself.

use std::io::{self, IoSlice};

use super::sending::Phase;
use super::{Layer, Transport};
use crate::protocol::HELD;

impl Transport {
    /// TLS begins: what is read and written from now on goes through it.
    ///
    /// # Errors
    ///
    /// With the layer, when there is one.
    pub(crate) fn set_layer(&self, layer: Box<dyn Layer>) -> Result<(), Box<dyn Layer>> {
        self.shared.layer.set(layer)
    }

    /// Whether both are the same connection.
    pub(crate) fn is_same(&self, other: &Transport) -> bool {
        std::sync::Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// Sends bytes as they are, beneath the layer, also while it closes: at once if nothing is in front, as far as the
    /// system takes them. The rest is queued. Wakes nobody, and so may be called under the layer's lock;
    /// [`send_queued`](Transport::send_queued) must follow, outside of it.
    pub(crate) fn send_raw(&self, pieces: &[IoSlice<'_>]) -> io::Result<()> {
        let mut sending = self.shared.sending.lock();
        if sending.phase == Phase::Closed {
            return Ok(());
        }
        let mut sent = self.shared.send_now(&mut sending, pieces)?;
        for piece in pieces {
            let gone = sent.min(piece.len());
            sending.queue.push_slice(&piece[gone..]);
            sent -= gone;
        }
        Ok(())
    }

    /// Sees to it that what lies in the queue is sent.
    pub(crate) fn send_queued(&self) {
        let sending = self.shared.sending.lock();
        if !sending.queue.is_empty() {
            self.shared.send_queue(sending);
        }
    }

    /// Ends the connection: there is nothing more to be sent, or to wait for.
    pub(crate) fn finish(&self) {
        let sending = self.shared.sending.lock();
        if sending.phase != Phase::Closed {
            self.shared.end(sending, None);
        }
    }

    /// Whether all is over.
    pub(crate) fn is_closed(&self) -> bool {
        self.shared.sending.lock().phase == Phase::Closed
    }

    /// Nothing is read for the protocol while the guard lives: somebody else reads.
    pub(crate) fn hold_reading(&self) -> Held<'_> {
        if let Some(link) = self.link() {
            link.set(HELD);
        }
        Held(self)
    }
}

/// See [`Transport::hold_reading`].
pub(crate) struct Held<'a>(&'a Transport);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Some(link) = self.0.link() {
            link.clear(HELD);
            link.wake();
        }
    }
}
