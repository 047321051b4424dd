//! What can go wrong with a pool: it is not built, a job is not taken, a job has no result.

use std::any::Any;
use std::{error, fmt, io};

/// A pool cannot be built with these options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildError {
    pub(super) option: &'static str,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` of a blocking pool must be at least 1, got 0",
            self.option
        )
    }
}

impl error::Error for BuildError {}

impl From<BuildError> for io::Error {
    fn from(error: BuildError) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidInput, error)
    }
}

/// Why a pool did not take a job.
#[derive(Debug)]
#[non_exhaustive]
pub enum SpawnErrorKind {
    /// The bounded queue has no room.
    QueueFull,
    /// The pool was shut down.
    ShutDown,
    /// The pool has no thread and the system refuses to start one.
    NoThread(io::Error),
    /// This process is a forked child, and the pool's threads stayed with the parent.
    Forked,
}

impl fmt::Display for SpawnErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SpawnErrorKind::QueueFull => f.write_str("the queue of the blocking pool is full"),
            SpawnErrorKind::ShutDown => f.write_str("the blocking pool was shut down"),
            SpawnErrorKind::NoThread(error) => write!(f, "no thread for the blocking pool could be started: {error}"),
            SpawnErrorKind::Forked => f.write_str(
                "the threads of this blocking pool stayed with the parent process: make a new pool after a fork",
            ),
        }
    }
}

/// A job that was not taken, with the reason.
pub struct SpawnError<F> {
    /// The closure, as it was given.
    pub job: F,
    /// Why it was not taken.
    pub kind: SpawnErrorKind,
}

impl<F> SpawnError<F> {
    /// The closure.
    pub fn into_inner(self) -> F {
        self.job
    }
}

impl<F> fmt::Debug for SpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpawnError")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl<F> fmt::Display for SpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl<F> error::Error for SpawnError<F> {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match &self.kind {
            SpawnErrorKind::NoThread(error) => Some(error),
            _ => None,
        }
    }
}

/// Why a job that was taken has no result.
pub enum BlockingError {
    /// It was dropped before it ran: [`cancel`](super::BlockingTask::cancel) or a shutdown.
    Cancelled,
    /// It panicked, with this payload.
    Panicked(Box<dyn Any + Send>),
}

impl BlockingError {
    /// Whether the job was dropped before it ran.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, BlockingError::Cancelled)
    }

    /// The payload of the panic, if that was it.
    ///
    /// # Errors
    ///
    /// Gives the error back when the job did not panic.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send>, BlockingError> {
        match self {
            BlockingError::Panicked(payload) => Ok(payload),
            other => Err(other),
        }
    }

    fn message(&self) -> Option<&str> {
        match self {
            BlockingError::Cancelled => None,
            BlockingError::Panicked(payload) => payload
                .downcast_ref::<&'static str>()
                .copied()
                .or_else(|| payload.downcast_ref::<String>().map(String::as_str)),
        }
    }
}

impl fmt::Debug for BlockingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BlockingError::Cancelled => f.write_str("Cancelled"),
            BlockingError::Panicked(_) => f
                .debug_tuple("Panicked")
                .field(&self.message().unwrap_or(".."))
                .finish(),
        }
    }
}

impl fmt::Display for BlockingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, self.message()) {
            (BlockingError::Cancelled, _) => f.write_str("the blocking job was cancelled before it ran"),
            (_, Some(message)) => write!(f, "the blocking job panicked: {message}"),
            (_, None) => f.write_str("the blocking job panicked"),
        }
    }
}

impl error::Error for BlockingError {}
