//! `PromiseError`: a promise has no value.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

use crate::{CancelledError, InvalidStateError};

/// A promise has no value: it is still open, was cancelled, or failed.
///
/// All who ask a promise that failed get the same error object.
///
/// # Python
///
/// What `Future.result()` raises.
#[derive(Clone)]
#[non_exhaustive]
pub enum PromiseError {
    /// It was not set yet, or its value was taken. Who awaits a promise sees only the second.
    InvalidState(InvalidStateError),
    /// It was cancelled.
    Cancelled(CancelledError),
    /// This was set with [`set_exception`](crate::Promise::set_exception).
    Failed(Arc<dyn Error + Send + Sync>),
}

impl PromiseError {
    pub(crate) fn open() -> PromiseError {
        PromiseError::InvalidState(InvalidStateError::new("Result is not set."))
    }

    pub(crate) fn taken() -> PromiseError {
        PromiseError::InvalidState(InvalidStateError::new("The value of the promise was taken"))
    }

    /// Was the promise cancelled?
    #[doc(alias = "CancelledError")]
    pub fn is_cancelled(&self) -> bool {
        matches!(self, PromiseError::Cancelled(_))
    }

    /// The error that was set, if one was.
    pub fn failure(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        match self {
            PromiseError::Failed(error) => Some(&**error),
            PromiseError::InvalidState(_) | PromiseError::Cancelled(_) => None,
        }
    }
}

impl fmt::Display for PromiseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PromiseError::InvalidState(error) => error.fmt(f),
            PromiseError::Cancelled(error) => write!(f, "the promise was {error}"),
            PromiseError::Failed(error) => error.fmt(f),
        }
    }
}

impl fmt::Debug for PromiseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PromiseError::InvalidState(error) => f.debug_tuple("InvalidState").field(error).finish(),
            PromiseError::Cancelled(error) => f.debug_tuple("Cancelled").field(&error.message()).finish(),
            PromiseError::Failed(error) => f.debug_tuple("Failed").field(error).finish(),
        }
    }
}

impl Error for PromiseError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            PromiseError::InvalidState(_) | PromiseError::Cancelled(_) => None,
            // What is shown is the error itself, so its cause is this one's.
            PromiseError::Failed(error) => error.source(),
        }
    }
}

impl From<PromiseError> for io::Error {
    fn from(error: PromiseError) -> io::Error {
        io::Error::other(error)
    }
}
