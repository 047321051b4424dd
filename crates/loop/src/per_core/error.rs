//! `PerCoreError`: why loops on several cores did not all end with a value.

use std::error::Error;
use std::fmt;
use std::io;

use crate::RunError;

/// Why the loops on several cores did not all end with a value: the first failure among them.
#[derive(Debug)]
#[non_exhaustive]
pub enum PerCoreError<E> {
    /// A main future gave an error.
    Failed {
        /// The number of the core.
        core: usize,
        /// What it gave.
        error: E,
    },
    /// A loop ended without a result of its main future.
    Loop {
        /// The number of the core; `None`: the loop that waits for the others.
        core: Option<usize>,
        /// Why.
        error: RunError,
    },
    /// A thread could not be started, or not be pinned.
    Thread {
        /// The number of the core.
        core: usize,
        /// Why.
        error: io::Error,
    },
    /// The threads cannot be pinned on this system.
    Pin(io::Error),
    /// Ctrl-C ended the main futures.
    KeyboardInterrupt,
}

impl<E: fmt::Display> fmt::Display for PerCoreError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PerCoreError::Failed { core, error } => write!(f, "core {core}: {error}"),
            PerCoreError::Loop {
                core: Some(core),
                error,
            } => write!(f, "core {core}: {error}"),
            PerCoreError::Loop { core: None, error } => error.fmt(f),
            PerCoreError::Thread { core, error } => write!(f, "core {core}: no thread for it: {error}"),
            PerCoreError::Pin(error) => write!(f, "cannot pin threads to cores: {error}"),
            PerCoreError::KeyboardInterrupt => f.write_str("interrupted by Ctrl-C"),
        }
    }
}

impl<E: Error + 'static> Error for PerCoreError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            PerCoreError::Failed { error, .. } => Some(error),
            PerCoreError::Loop { error, .. } => Some(error),
            PerCoreError::Thread { error, .. } | PerCoreError::Pin(error) => Some(error),
            PerCoreError::KeyboardInterrupt => None,
        }
    }
}

impl<E: Into<io::Error>> From<PerCoreError<E>> for io::Error {
    fn from(error: PerCoreError<E>) -> io::Error {
        match error {
            PerCoreError::Failed { error, .. } => error.into(),
            PerCoreError::Loop { error, .. } => error.into(),
            PerCoreError::Thread { error, .. } | PerCoreError::Pin(error) => error,
            PerCoreError::KeyboardInterrupt => RunError::KeyboardInterrupt.into(),
        }
    }
}
