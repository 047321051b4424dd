//! What calls a function soon, in turn with the tasks.

use super::tokio::OneThread;
use super::{Ours, Peer, Smol, TokioCt};

/// A loop that calls functions back, or starts a task for each where it has no callbacks.
pub trait Calls: Peer {
    /// Calls `function` soon.
    fn call_soon(self, function: impl FnOnce() + 'static);
}

impl Calls for Ours {
    fn call_soon(self, function: impl FnOnce() + 'static) {
        asyncio::call_soon(function);
    }
}

impl Calls for TokioCt {
    fn call_soon(self, function: impl FnOnce() + 'static) {
        tokio::spawn(OneThread(async move { function() }));
    }
}

impl Calls for Smol {
    fn call_soon(self, function: impl FnOnce() + 'static) {
        self.0.spawn(async move { function() }).detach();
    }
}
