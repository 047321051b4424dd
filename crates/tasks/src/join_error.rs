//! `JoinError`: a task ended without a value.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::io;
use std::sync::{Mutex, PoisonError};

/// A task ended without a value: it was cancelled, or it panicked.
///
/// # Examples
///
/// ```
/// # use asyncio_tasks::JoinError;
/// fn explain(error: JoinError) -> String {
///     if error.is_cancelled() { "it was told to stop".to_owned() } else { error.to_string() }
/// }
/// ```
pub struct JoinError {
    kind: Kind,
}

enum Kind {
    Cancelled,
    /// The mutex makes the payload, which is only `Send`, shareable; it is never contended.
    Panicked(Mutex<Box<dyn Any + Send>>),
}

impl JoinError {
    pub(crate) fn cancelled() -> JoinError {
        JoinError {
            kind: Kind::Cancelled,
        }
    }

    pub(crate) fn panicked(payload: Box<dyn Any + Send>) -> JoinError {
        JoinError {
            kind: Kind::Panicked(Mutex::new(payload)),
        }
    }

    /// The task was cancelled.
    #[doc(alias = "CancelledError")]
    pub fn is_cancelled(&self) -> bool {
        matches!(self.kind, Kind::Cancelled)
    }

    /// The task panicked.
    pub fn is_panic(&self) -> bool {
        matches!(self.kind, Kind::Panicked(_))
    }

    /// What the task panicked with, to be handed to [`std::panic::resume_unwind`].
    ///
    /// # Errors
    ///
    /// Gives the error back when the task did not panic.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send>, JoinError> {
        match self.kind {
            Kind::Panicked(payload) => Ok(payload.into_inner().unwrap_or_else(PoisonError::into_inner)),
            Kind::Cancelled => Err(self),
        }
    }

    /// What the task panicked with.
    ///
    /// # Panics
    ///
    /// When the task did not panic; see [`JoinError::try_into_panic`].
    pub fn into_panic(self) -> Box<dyn Any + Send> {
        match self.try_into_panic() {
            Ok(payload) => payload,
            Err(error) => panic!("into_panic was called on a task that did not panic: {error}"),
        }
    }

    fn panic_message(&self) -> Option<String> {
        let Kind::Panicked(payload) = &self.kind else {
            return None;
        };
        let payload = payload.lock().unwrap_or_else(PoisonError::into_inner);
        let text = payload
            .downcast_ref::<&'static str>()
            .map(|text| (*text).to_owned());
        text.or_else(|| payload.downcast_ref::<String>().cloned())
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.kind, self.panic_message()) {
            (Kind::Cancelled, _) => f.write_str("the task was cancelled"),
            (Kind::Panicked(_), Some(message)) => write!(f, "the task panicked: {message}"),
            (Kind::Panicked(_), None) => f.write_str("the task panicked"),
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.kind, self.panic_message()) {
            (Kind::Cancelled, _) => f.write_str("JoinError::Cancelled"),
            (Kind::Panicked(_), Some(message)) => write!(f, "JoinError::Panicked({message:?})"),
            (Kind::Panicked(_), None) => f.write_str("JoinError::Panicked(..)"),
        }
    }
}

impl Error for JoinError {}

impl From<JoinError> for io::Error {
    fn from(error: JoinError) -> io::Error {
        io::Error::other(error)
    }
}
