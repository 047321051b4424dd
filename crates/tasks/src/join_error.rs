//! `JoinError`: a task ended without a value.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::io;
use std::sync::{Mutex, PoisonError};

use asyncio_core::{Outcome, Request, message_of};

use crate::CancelledError;

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
    /// In a box, so that a result with it is hardly larger than the value: every value is moved as part of one.
    kind: Box<Kind>,
}

enum Kind {
    Cancelled(CancelledError),
    /// A task of a group failed; the group has its error.
    Failed,
    /// The mutex makes the payload, which is only `Send`, shareable; it is never contended.
    Panicked(Mutex<Box<dyn Any + Send>>),
}

impl JoinError {
    pub(crate) fn cancelled(request: Option<&Request>) -> JoinError {
        JoinError {
            kind: Box::new(Kind::Cancelled(CancelledError::of(request))),
        }
    }

    /// The error of a task that its loop dropped before its end.
    #[doc(hidden)]
    pub fn from_cancelled_loop() -> JoinError {
        JoinError::cancelled(None)
    }

    pub(crate) fn failed() -> JoinError {
        JoinError {
            kind: Box::new(Kind::Failed),
        }
    }

    /// How a task ended, as a result.
    #[inline]
    pub(crate) fn result<T>(outcome: Outcome<T>) -> Result<T, JoinError> {
        match outcome {
            Outcome::Value(value) => Ok(value),
            Outcome::Cancelled(request) => Err(JoinError::cancelled(request.as_ref())),
            Outcome::Panicked(panic) => Err(JoinError::panicked(panic)),
        }
    }

    pub(crate) fn panicked(payload: Box<dyn Any + Send>) -> JoinError {
        JoinError {
            kind: Box::new(Kind::Panicked(Mutex::new(payload))),
        }
    }

    /// The task was cancelled.
    #[doc(alias = "CancelledError")]
    pub fn is_cancelled(&self) -> bool {
        matches!(*self.kind, Kind::Cancelled(_))
    }

    /// What was said when the task was cancelled, if it was.
    pub fn cancelled_error(&self) -> Option<&CancelledError> {
        match &*self.kind {
            Kind::Cancelled(error) => Some(error),
            Kind::Failed | Kind::Panicked(_) => None,
        }
    }

    /// The task belongs to a group, failed, and left its error with the group.
    pub fn is_failed(&self) -> bool {
        matches!(*self.kind, Kind::Failed)
    }

    /// The task panicked.
    pub fn is_panic(&self) -> bool {
        matches!(*self.kind, Kind::Panicked(_))
    }

    /// What the task panicked with, to be handed to [`std::panic::resume_unwind`].
    ///
    /// # Errors
    ///
    /// Gives the error back when the task did not panic.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send>, JoinError> {
        match *self.kind {
            Kind::Panicked(payload) => Ok(payload.into_inner().unwrap_or_else(PoisonError::into_inner)),
            kind => Err(JoinError { kind: Box::new(kind) }),
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
        let Kind::Panicked(payload) = &*self.kind else {
            return None;
        };
        message_of(&**payload.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&*self.kind, self.panic_message()) {
            (Kind::Cancelled(error), _) => match error.message() {
                Some(message) => write!(f, "the task was cancelled: {message}"),
                None => f.write_str("the task was cancelled"),
            },
            (Kind::Failed, _) => f.write_str("the task failed; its error is in the result of its group"),
            (Kind::Panicked(_), Some(message)) => write!(f, "the task panicked: {message}"),
            (Kind::Panicked(_), None) => f.write_str("the task panicked"),
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&*self.kind, self.panic_message()) {
            (Kind::Cancelled(error), _) => write!(f, "JoinError::Cancelled({:?})", error.message()),
            (Kind::Failed, _) => f.write_str("JoinError::Failed"),
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
