//! Ctrl-C: the first one cancels the main future, the second one ends the process at once.
//!
//! A handler is there only while a run lasts, only on the main thread, and only where nothing else handles SIGINT.
//! The system itself puts back the default action when the first signal is delivered, so the second one works even
//! when the loop is stuck in a step.

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub(crate) use other::{Sigint, die};
#[cfg(unix)]
pub(crate) use unix::{Sigint, die};
