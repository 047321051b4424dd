//! Systems without Unix signals: every listener is an error. Ctrl-C of a Windows console is not caught yet.

use std::convert::Infallible;
use std::io;
use std::task::{Context, Poll};

use super::Signal;

pub(super) struct Listener {
    never: Infallible,
}

impl Listener {
    pub(super) fn new(_wanted: u32) -> io::Result<Listener> {
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "signals can be listened for on Unix only",
        ))
    }

    pub(super) fn poll_recv(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<Signal>> {
        match self.never {}
    }
}

pub(super) fn sigint_is_default() -> bool {
    true
}
