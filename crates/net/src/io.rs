//! What programs do with streams: copying, and the standard streams of the process.
//!
//! The traits are those of `futures-io`; `futures-lite` has `read_to_end`, `lines` and the like over them.

mod buffer;
mod copy;
mod copy_bidirectional;
mod pump;
mod stdin;
mod stdin_thread;
mod stdout;
mod sys;

pub use copy::{Copy, copy};
pub use copy_bidirectional::{CopyBidirectional, copy_bidirectional};
pub use stdin::{Stdin, stdin};
pub use stdout::{Stderr, Stdout, stderr, stdout};
