//! The link between the program at the terminal and the process that evaluates, beside evcxr's own pipes.
//!
//! Towards the evaluator each byte asks the running input to stop; the other way comes what tasks print between inputs.
//! Where there is no link, inputs cannot be interrupted, and the output of tasks comes with the next input.

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub(super) use other::Link;
#[cfg(unix)]
pub(super) use unix::{Link, connect};

/// Where it is, for the process that evaluates.
pub(super) const VARIABLE: &str = "ASYNCIO_REPL_LINK";
