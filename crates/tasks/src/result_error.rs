//! `ResultError` and `InvalidStateError`: a result was asked for that is not there.

use std::any::Any;
use std::error::Error;
use std::fmt;

use asyncio_core::message_of;

use crate::CancelledError;

/// Something was asked of a task, timeout or promise in a state in which it has no answer.
///
/// # Python
///
/// `asyncio.InvalidStateError`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidStateError {
    what: &'static str,
}

impl InvalidStateError {
    pub(crate) const fn new(what: &'static str) -> InvalidStateError {
        InvalidStateError { what }
    }
}

impl fmt::Display for InvalidStateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }
}

impl Error for InvalidStateError {}

/// Why [`Task::result`](crate::Task::result) has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResultError {
    /// The task has not ended.
    NotDone(InvalidStateError),
    /// The task was cancelled.
    Cancelled(CancelledError),
    /// The task panicked; with what it said, if that was text.
    Panicked(Option<String>),
}

impl ResultError {
    pub(crate) fn not_done() -> ResultError {
        ResultError::NotDone(InvalidStateError::new(
            "Result is not set: the task has not ended",
        ))
    }

    pub(crate) fn panicked(panic: &(dyn Any + Send)) -> ResultError {
        ResultError::Panicked(message_of(panic))
    }
}

impl fmt::Display for ResultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ResultError::NotDone(error) => error.fmt(f),
            ResultError::Cancelled(error) => write!(f, "the task was {error}"),
            ResultError::Panicked(Some(message)) => write!(f, "the task panicked: {message}"),
            ResultError::Panicked(None) => f.write_str("the task panicked"),
        }
    }
}

impl Error for ResultError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            ResultError::NotDone(error) => Some(error),
            ResultError::Cancelled(error) => Some(error),
            ResultError::Panicked(_) => None,
        }
    }
}
