//! `Layer`: what lies between a stream and its wire, which is TLS.

use std::io::{self, IoSlice};
use std::task::{Context, Poll};

use super::Transport;

/// Turns bytes into records and back.
///
/// The layer has a lock of its own, which is taken before the transport's.
pub(crate) trait Layer: Send + Sync {
    /// Reads up to `most` bytes to the end of `buffer`; 0 is the end of the stream. May send records of its own.
    fn poll_read(
        &self,
        transport: &Transport,
        cx: &mut Context<'_>,
        buffer: &mut Vec<u8>,
        most: usize,
    ) -> Poll<io::Result<usize>>;

    /// Makes records of the pieces and hands them to `queue`, in order.
    fn seal(&self, pieces: &[IoSlice<'_>], queue: &mut dyn FnMut(&[u8])) -> io::Result<()>;

    /// The record that ends the sending direction.
    fn close(&self, records: &mut Vec<u8>);
}
