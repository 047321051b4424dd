//! What can go wrong in a watch channel.

use std::error::Error;
use std::fmt;

/// There was no receiver; here is the value back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SendError<T>(pub T);

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendError").finish_non_exhaustive()
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value was not sent: the channel has no receivers")
    }
}

impl<T> Error for SendError<T> {}

/// All senders are gone: there will be no other value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed(pub(super) ());

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the channel is closed: it has no senders")
    }
}

impl Error for Closed {}
