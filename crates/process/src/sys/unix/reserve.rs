//! `Reserve`: descriptors that are kept free for a start.
//!
//! After the child was made, async-process opens a descriptor to watch it, and an error then would leave a child that
//! nobody owns. So as many as a start needs are opened before, and closed right before it: a process that has no
//! descriptors left fails without a child. Another thread that opens one in between can still be in the way.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};

/// The pidfd of async-process and ours, and the two of the pipe over which a failed exec is told.
const EACH: usize = 4;
/// The reactor of async-process too.
const FIRST: usize = 8;

static STARTED: AtomicBool = AtomicBool::new(false);

pub(crate) struct Reserve {
    #[expect(dead_code, reason = "they are held")]
    fds: [Option<OwnedFd>; FIRST],
}

impl Reserve {
    /// # Errors
    ///
    /// When there are not so many: the system's.
    pub(crate) fn new() -> io::Result<Reserve> {
        let count = if STARTED.load(Ordering::Relaxed) {
            EACH
        } else {
            FIRST
        };
        let mut fds = [const { None }; FIRST];
        let first = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
        for fd in fds.iter_mut().take(count - 2) {
            *fd = Some(first.0.try_clone()?);
        }
        fds[count - 2] = Some(first.0);
        fds[count - 1] = Some(first.1);
        Ok(Reserve { fds })
    }

    /// Gives them back, for a start that follows at once.
    pub(crate) fn release(self) {
        STARTED.store(true, Ordering::Relaxed);
        drop(self);
    }
}
