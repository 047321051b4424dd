//! What can go wrong in a broadcast channel.

use std::error::Error;
use std::fmt;

/// There was no receiver; here is the item back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SendError<T>(pub T);

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendError").finish_non_exhaustive()
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the item was not sent: the channel has no receivers")
    }
}

impl<T> Error for SendError<T> {}

/// A receiver was too slow, and has lost that many items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lagged(pub u64);

impl fmt::Display for Lagged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the receiver was too slow, and has lost {} items", self.0)
    }
}

impl Error for Lagged {}

impl From<Lagged> for RecvError {
    fn from(Lagged(missed): Lagged) -> RecvError {
        RecvError::Lagged(missed)
    }
}

/// Why there is no item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecvError {
    /// The receiver was too slow, and has lost that many items. It goes on with the oldest that is there.
    Lagged(u64),
    /// All senders are gone, and all items have been seen.
    Closed,
}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecvError::Lagged(missed) => Lagged(*missed).fmt(f),
            RecvError::Closed => f.write_str("the channel is closed: it has no senders"),
        }
    }
}

impl Error for RecvError {}

impl From<RecvError> for TryRecvError {
    fn from(error: RecvError) -> TryRecvError {
        match error {
            RecvError::Lagged(missed) => TryRecvError::Lagged(missed),
            RecvError::Closed => TryRecvError::Closed,
        }
    }
}

/// Why there is no item now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TryRecvError {
    /// All items have been seen; there may be others.
    Empty,
    /// The receiver was too slow, and has lost that many items. It goes on with the oldest that is there.
    Lagged(u64),
    /// All senders are gone, and all items have been seen.
    Closed,
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TryRecvError::Empty => f.write_str("no item is there yet"),
            TryRecvError::Lagged(missed) => RecvError::Lagged(*missed).fmt(f),
            TryRecvError::Closed => RecvError::Closed.fmt(f),
        }
    }
}

impl Error for TryRecvError {}
