//! `RunError`: a run ended without the value of its main future.

use std::error::Error;
use std::fmt;
use std::io;

/// A run ended without the value of its main future.
///
/// A panic of the main future is not among these: it goes on in the caller of `run`.
#[derive(Debug)]
#[non_exhaustive]
pub enum RunError {
    /// The runner or the loop was closed before.
    Closed,
    /// A loop runs on this thread already.
    Nested,
    /// The loop was told to stop before the main future was done.
    Stopped,
    /// The main future was cancelled.
    Cancelled,
    /// Ctrl-C ended the main future.
    KeyboardInterrupt,
    /// The loop's drivers could not be made, or failed.
    Io(io::Error),
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunError::Closed => f.write_str("the event loop is closed"),
            RunError::Nested => f.write_str("asyncio::run() cannot be called from a running event loop"),
            RunError::Stopped => f.write_str("Event loop stopped before Future completed."),
            RunError::Cancelled => f.write_str("the main future was cancelled"),
            RunError::KeyboardInterrupt => f.write_str("interrupted by Ctrl-C"),
            RunError::Io(error) => write!(f, "the event loop failed: {error}"),
        }
    }
}

impl Error for RunError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            RunError::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for RunError {
    fn from(error: io::Error) -> RunError {
        RunError::Io(error)
    }
}

impl From<RunError> for io::Error {
    fn from(error: RunError) -> io::Error {
        match error {
            RunError::Io(error) => error,
            other => io::Error::other(other),
        }
    }
}
