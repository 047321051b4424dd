//! `AwaitEdge`: that one task waits for another, where that cannot be seen.

use std::sync::{Mutex, MutexGuard, PoisonError};

use asyncio_core::TaskRef;

/// The edges that live: the number of the task that is awaited, and that of the one that waits.
static TOLD: Mutex<Vec<(u64, u64)>> = Mutex::new(Vec::new());

fn all() -> MutexGuard<'static, Vec<(u64, u64)>> {
    TOLD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Says, while it lives, that a task waits for another: for those who build ways to wait of their own.
///
/// What this crate has says so by itself.
///
/// # Python
///
/// `asyncio.future_add_to_awaited_by`, and its drop `future_discard_from_awaited_by`: the two cannot fail to pair.
#[derive(Debug)]
#[must_use = "the edge goes when this is dropped"]
pub struct AwaitEdge {
    edge: (u64, u64),
}

impl AwaitEdge {
    /// `waiter` waits for `awaited`.
    pub fn new(awaited: &TaskRef, waiter: &TaskRef) -> AwaitEdge {
        let edge = (awaited.id(), waiter.id());
        all().push(edge);
        AwaitEdge { edge }
    }
}

impl Drop for AwaitEdge {
    fn drop(&mut self) {
        let mut all = all();
        if let Some(index) = all.iter().position(|edge| *edge == self.edge) {
            all.swap_remove(index);
        }
    }
}

pub(super) fn told() -> Vec<(u64, u64)> {
    all().clone()
}
