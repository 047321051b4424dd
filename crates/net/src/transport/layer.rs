//! `Layer`: what lies between a stream and its wire, which is TLS.

use std::any::Any;
use std::io::{self, IoSlice};
use std::task::{Context, Poll, Waker};

use super::Transport;

/// Turns bytes into records and back.
///
/// The layer has a lock of its own, which is taken before the transport's. Nobody is woken while it is held, so what
/// is to be sent is only queued there.
pub(crate) trait Layer: Send + Sync + Any {
    /// Reads up to `most` bytes to the end of `buffer`; 0 is the end of the stream. May send records of its own.
    fn poll_read(
        &self,
        transport: &Transport,
        cx: &mut Context<'_>,
        buffer: &mut Vec<u8>,
        most: usize,
    ) -> Poll<io::Result<usize>>;

    /// Makes records of the pieces and sends them, in order.
    fn seal(&self, transport: &Transport, pieces: &[IoSlice<'_>]) -> Result<(), Unsealed>;

    /// Queues the record that ends the sending direction. What comes back, if anything does, is woken when the queue has been
    /// sent, and then ends the connection.
    fn close(&self, transport: &Transport) -> Option<Waker>;

    #[cfg(feature = "tls")]
    fn as_any(&self) -> &dyn Any;
}

/// Why nothing could be sent.
#[cfg_attr(
    not(feature = "tls"),
    allow(dead_code, reason = "there is no layer without TLS")
)]
pub(crate) enum Unsealed {
    /// It is not the time to write.
    Refused(io::Error),
    /// The connection broke.
    Lost(io::Error),
}
