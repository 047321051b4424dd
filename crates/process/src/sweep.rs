//! `Sweep`: the last look at a child's pipes.
//!
//! A reader reads when the reactor has said that there is something. Without a loop the reactor is another thread, which may
//! be late; who is about to give up asks the pipes themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Shared by a process and the pipes from which it reads.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sweep(Arc<AtomicBool>);

impl Sweep {
    /// From now on a read asks the pipe, whatever the reactor has said.
    pub(crate) fn turn_on(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    #[cfg_attr(
        not(unix),
        expect(dead_code, reason = "the pipes have threads there, and no reactor")
    )]
    pub(crate) fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
