//! How sending a file fails.

use std::error::Error;
use std::fmt;
use std::io;

/// A file was not sent, or not all of it.
#[derive(Debug)]
#[non_exhaustive]
pub enum SendfileError {
    /// The system cannot send this file to this socket, and the fallback was declined. Nothing was sent.
    NotAvailable(SendfileNotAvailableError),
    /// The file or the socket failed.
    Io {
        /// How many bytes were sent before.
        sent: u64,
        /// The operating system's error.
        error: io::Error,
    },
}

/// The system cannot send this file to this socket.
///
/// # Python
///
/// `asyncio.SendfileNotAvailableError`.
#[derive(Debug)]
pub struct SendfileNotAvailableError {
    reason: io::Error,
}

impl SendfileNotAvailableError {
    pub(crate) fn new(reason: io::Error) -> SendfileNotAvailableError {
        SendfileNotAvailableError { reason }
    }
}

impl SendfileError {
    /// How many bytes were sent before it.
    pub fn sent(&self) -> u64 {
        match self {
            SendfileError::NotAvailable(_) => 0,
            SendfileError::Io { sent, .. } => *sent,
        }
    }
}

impl fmt::Display for SendfileNotAvailableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the system cannot send this file to this socket, and the fallback was declined: {}",
            self.reason
        )
    }
}

impl fmt::Display for SendfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SendfileError::NotAvailable(error) => error.fmt(f),
            SendfileError::Io { sent, error } => {
                write!(f, "cannot send the file after {sent} bytes: {error}")
            }
        }
    }
}

impl Error for SendfileNotAvailableError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.reason)
    }
}

impl Error for SendfileError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            SendfileError::NotAvailable(error) => Some(error),
            SendfileError::Io { error, .. } => Some(error),
        }
    }
}

impl From<SendfileNotAvailableError> for SendfileError {
    fn from(error: SendfileNotAvailableError) -> SendfileError {
        SendfileError::NotAvailable(error)
    }
}

/// The kind stays; that of [`SendfileError::NotAvailable`] is `Unsupported`.
impl From<SendfileError> for io::Error {
    fn from(error: SendfileError) -> io::Error {
        let kind = match &error {
            SendfileError::NotAvailable(_) => io::ErrorKind::Unsupported,
            SendfileError::Io { error, .. } => error.kind(),
        };
        io::Error::new(kind, error)
    }
}
