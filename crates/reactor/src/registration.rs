//! `Registration`: the owner's hold on a registered source.
//!
//! Invariant: dropping it deregisters. Whatever holds one beside the descriptor declares it first, so that it is
//! dropped before the descriptor is closed.

use std::io;
use std::sync::Arc;

use crate::handle::Handle;
use crate::source::Source;
use crate::sys::RawSource;

#[derive(Debug)]
pub(crate) struct Registration {
    source: Arc<Source>,
}

impl Registration {
    /// Registers with the reactor of this thread.
    pub(crate) fn new(raw: RawSource) -> io::Result<Registration> {
        let source = Handle::register_with_current(raw)?;
        Ok(Registration { source })
    }

    pub(crate) fn new_with(handle: &Handle, raw: RawSource) -> io::Result<Registration> {
        let source = handle.register(raw)?;
        Ok(Registration { source })
    }

    #[inline]
    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    pub(crate) fn handle(&self) -> Handle {
        Handle::new(self.source.shared().clone())
    }

    /// Deregisters, and tells how that went. The drop that follows finds nothing left to do.
    pub(crate) fn end(self) -> io::Result<()> {
        self.source.deregister()
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        // An error means that the system does not know the descriptor any more, which is what was wanted.
        let _ = self.source.deregister();
    }
}
