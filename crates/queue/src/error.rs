//! What a queue refuses, and why. An item that was not taken comes back in the error.

use std::error::Error;
use std::fmt;

/// The queue has no item, or none that is not promised to somebody who waits.
///
/// # Python
///
/// `asyncio.QueueEmpty`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueEmpty;

impl fmt::Display for QueueEmpty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the queue is empty")
    }
}

impl Error for QueueEmpty {}

/// The queue has no room, or none that is not promised to somebody who waits; the item is given back.
///
/// # Python
///
/// `asyncio.QueueFull`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct QueueFull<T>(pub T);

impl<T> fmt::Debug for QueueFull<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueueFull").finish_non_exhaustive()
    }
}

impl<T> fmt::Display for QueueFull<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the queue is full")
    }
}

impl<T> Error for QueueFull<T> {}

/// The queue was shut down; an item that was to be put is given back.
///
/// # Python
///
/// `asyncio.QueueShutDown` (3.13).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct QueueShutDown<T = ()>(pub T);

impl<T> fmt::Debug for QueueShutDown<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueueShutDown").finish_non_exhaustive()
    }
}

impl<T> fmt::Display for QueueShutDown<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the queue was shut down")
    }
}

impl<T> Error for QueueShutDown<T> {}

/// Why an item was not put at once.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum PutError<T> {
    /// There is no room.
    Full(QueueFull<T>),
    /// The queue was shut down.
    ShutDown(QueueShutDown<T>),
}

impl<T> PutError<T> {
    /// The item.
    pub fn into_inner(self) -> T {
        match self {
            PutError::Full(QueueFull(item)) | PutError::ShutDown(QueueShutDown(item)) => item,
        }
    }

    /// Whether there was no room; otherwise the queue was shut down.
    pub fn is_full(&self) -> bool {
        matches!(self, PutError::Full(_))
    }
}

impl<T> fmt::Debug for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PutError::Full(error) => f.debug_tuple("Full").field(error).finish(),
            PutError::ShutDown(error) => f.debug_tuple("ShutDown").field(error).finish(),
        }
    }
}

impl<T> fmt::Display for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PutError::Full(error) => error.fmt(f),
            PutError::ShutDown(error) => error.fmt(f),
        }
    }
}

impl<T> Error for PutError<T> {}

/// Why no item was got at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GetError {
    /// There is no item.
    Empty(QueueEmpty),
    /// The queue was shut down, and no item will come.
    ShutDown(QueueShutDown),
}

impl GetError {
    /// Whether an item may still come; otherwise the queue was shut down.
    pub fn is_empty(&self) -> bool {
        matches!(self, GetError::Empty(_))
    }
}

impl fmt::Display for GetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GetError::Empty(error) => error.fmt(f),
            GetError::ShutDown(error) => error.fmt(f),
        }
    }
}

impl Error for GetError {}
