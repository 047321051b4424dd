//! The watch of a loop: from when until when other threads may look at it.

use super::LoopQueue;
use crate::table;

impl LoopQueue {
    /// Lets other threads look at this loop, from now on until it is dropped; see [`watched_tasks`](crate::watched_tasks).
    /// Each step then costs a few instructions more.
    pub fn watch(&self) {
        if self.state.watch.get().is_some() {
            return;
        }
        if let Some(pulse) = table::pulse(self.state.id) {
            #[expect(unsafe_code, reason = "the registry lies in this queue")]
            // SAFETY: the pulse is closed when this queue is dropped, before the state is.
            unsafe {
                pulse.open(&self.state.registry);
            }
            self.state.watch.set(Some(pulse));
        }
    }

    /// Ends the watch.
    pub(super) fn unwatch(&self) {
        if let Some(pulse) = self.state.watch.take() {
            pulse.close();
        }
    }
}
