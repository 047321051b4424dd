//! The standard streams as the system has them.
//!
//! `O_NONBLOCK` belongs to the open file description, which a standard stream shares with the shell and with every
//! other program on the terminal or pipe: setting it there breaks them. So a stream gets a description of its own
//! where the system can make one, and what cannot is used in a way that needs none; [`Way`] says which. libuv reopens
//! terminals so; tokio and async-std read on a thread, which keeps a process from ending.
//!
//! `unix.rs` and `other.rs` have equal signatures: `Stream`, `open`, `read_blocking`, `write_blocking`.

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub(crate) use other::{Stream, open, read_blocking, write_blocking};
#[cfg(unix)]
pub(crate) use unix::{Stream, open, read_blocking, write_blocking};

use asyncio_reactor::{Async, Level};

/// One of the three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standard {
    Input,
    Output,
    Error,
}

/// How a standard stream is used.
#[derive(Debug)]
pub(crate) enum Way {
    /// It can be used without blocking, and nobody else notices.
    Own(Async<Stream>),
    /// It may block, and tells when it would not.
    #[cfg_attr(not(unix), expect(dead_code, reason = "nothing to watch there"))]
    Watched(Level<Stream>),
    /// It tells nothing: a file or a device, or a system whose streams cannot be watched.
    Direct,
}
