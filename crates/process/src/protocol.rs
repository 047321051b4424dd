//! `SubprocessProtocol`: an object that is told what a child writes and how it fares.
//!
//! `create` starts the child, `pump` calls the protocol, `transport` is what the protocol acts by.

use std::io;

use asyncio_net::BaseProtocol;

mod create;
mod pump;
mod transport;

pub use create::{CreateSubprocess, CreatingSubprocess, subprocess_exec, subprocess_shell};
pub use transport::{PipeTransport, SubprocessTransport};

/// A protocol that is told of a child.
///
/// `connection_made` comes first, once. Then, in whatever order they happen: for each piped stream its data in order
/// and then once its `pipe_connection_lost`, and once `process_exited`. `connection_lost` comes once, when the child
/// has ended and all the pipes are lost. `pause_writing` and `resume_writing` speak of the child's standard input.
///
/// The protocol belongs to the thread of its loop, and need not be `Send`. No call comes inside of another. One that
/// panics is reported to the loop's exception handler; then the transport is closed, which kills the child, and the panic is
/// the error of `connection_lost`.
///
/// # Python
///
/// `asyncio.SubprocessProtocol`. There only the pipe in question is closed after an exception.
///
/// # Examples
///
/// See [`subprocess_exec`].
pub trait SubprocessProtocol: BaseProtocol<SubprocessTransport> {
    /// The child has written to its standard output (1) or standard error (2): at least one byte.
    fn pipe_data_received(&mut self, fd: i32, data: &[u8]) {
        let _ = (fd, data);
    }

    /// A pipe is closed: by the child, or from here. Nothing more comes of it. There is an error when it broke, as the
    /// standard input does if the child closes it before it has read all.
    fn pipe_connection_lost(&mut self, fd: i32, error: Option<io::Error>) {
        let _ = (fd, error);
    }

    /// The child has ended. What it has written may still be on its way, and whatever it has started may write more.
    fn process_exited(&mut self) {}
}
