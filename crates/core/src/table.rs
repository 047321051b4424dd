//! The table of ready queues: how a waker on a foreign thread finds the queue that its task belongs to.
//!
//! A waker carries seven bytes, not a pointer (see `meta`), so the queue is found by its slot here. Entries are
//! made at the first use of a slot, used again by later queues, and never freed: that is what makes a look-up one
//! load, without a reference count (see `remote`).

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use crate::cell::Queued;
use crate::place::{QueueId, SLOT_BITS};
use crate::pool_queue::PoolState;
use crate::remote::Remote;
use crate::report::ExceptionHandler;
use crate::watch::Pulse;

/// The remote side of a task queue.
pub(crate) type TaskRemote = Remote<Queued>;

const NOBODY: u32 = u32::MAX;

const SLOTS: usize = 1 << SLOT_BITS;

static TABLE: [OnceLock<Entry>; SLOTS] = [const { OnceLock::new() }; SLOTS];
static FREE: Mutex<Free> = Mutex::new(Free {
    fresh: 0,
    used: Vec::new(),
});

struct Entry {
    remote: TaskRemote,
    /// The queue that has the slot now, as a number, or `NOBODY`.
    owner: AtomicU32,
    /// The pool that has the slot now, if it is one.
    pool: Mutex<Weak<PoolState>>,
    /// Who is told of failures that no caller sees.
    handler: Mutex<Option<(QueueId, ExceptionHandler)>>,
    /// The queue is of a loop in debug mode.
    debug: AtomicBool,
    /// What the queue's owner lets other threads see.
    pulse: Pulse,
}

struct Free {
    /// Slots from here on were never used.
    fresh: usize,
    /// Slots that were given back, with the generation that comes next.
    used: Vec<QueueId>,
}

/// The process runs 4096 loops and pools already; made by [`LoopQueue::new`](crate::LoopQueue::new).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyQueues(());

impl fmt::Display for TooManyQueues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "this process has {SLOTS} event loops and pools already: close one before making another"
        )
    }
}

impl std::error::Error for TooManyQueues {}

/// Takes a slot of the table.
pub(crate) fn claim() -> Result<(QueueId, &'static TaskRemote), TooManyQueues> {
    let id = {
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        match free.used.pop() {
            Some(id) => id,
            None if free.fresh < SLOTS => {
                free.fresh += 1;
                QueueId::new(free.fresh - 1, 0)
            }
            None => return Err(TooManyQueues(())),
        }
    };
    let entry = TABLE[id.slot()].get_or_init(Entry::new);
    entry.owner.store(id.number(), Ordering::Release);
    Ok((id, &entry.remote))
}

/// Gives a slot back. Its queue has no live task any more.
pub(crate) fn release(id: QueueId) {
    if let Some(entry) = TABLE[id.slot()].get() {
        entry.owner.store(NOBODY, Ordering::Release);
        entry.debug.store(false, Ordering::Relaxed);
        entry.remote.unparked();
        entry.remote.set_unpark(None);
        *entry.pool() = Weak::new();
        let handler = entry.handler().take();
        drop(handler);
    }
    let next = QueueId::new(id.slot(), id.generation() + 1);
    FREE.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .used
        .push(next);
}

/// The remote side of the queue `id`.
pub(crate) fn remote(id: QueueId) -> &'static TaskRemote {
    &entry(id).remote
}

/// Is the queue `id` still there? It may go right after the answer.
pub(crate) fn is_there(id: QueueId) -> bool {
    entry(id).owner.load(Ordering::Acquire) == id.number()
}

/// What the owner of the queue `id` lets other threads see, if the queue is still there.
pub(crate) fn pulse(id: QueueId) -> Option<&'static Pulse> {
    let entry = TABLE[id.slot()].get()?;
    (entry.owner.load(Ordering::Acquire) == id.number()).then_some(&entry.pulse)
}

/// Notes whether the loop with the queue `id` is in debug mode, unless it is gone.
pub(crate) fn set_debug(id: QueueId, debug: bool) {
    if is_there(id) {
        entry(id).debug.store(debug, Ordering::Relaxed);
    }
}

/// Is the loop with the queue `id` in debug mode?
pub(crate) fn is_debug(id: QueueId) -> bool {
    is_there(id) && entry(id).debug.load(Ordering::Relaxed)
}

/// Notes that the slot of `id` belongs to a pool.
pub(crate) fn set_pool(id: QueueId, pool: Weak<PoolState>) {
    *entry(id).pool() = pool;
}

/// The pool `id`, if it is still there.
pub(crate) fn pool(id: QueueId) -> Option<Arc<PoolState>> {
    let pool = entry(id).pool().upgrade();
    pool.filter(|pool| pool.id() == id)
}

/// Sets who is told of the failures of the queue `id`.
pub(crate) fn set_handler(id: QueueId, handler: Option<ExceptionHandler>) {
    let handler = handler.map(|handler| (id, handler));
    let old = std::mem::replace(&mut *entry(id).handler(), handler);
    drop(old);
}

/// Who is told of the failures of the queue `id`, if somebody was set. What outlives its queue does not find the handler
/// of the next one.
pub(crate) fn handler(id: QueueId) -> Option<ExceptionHandler> {
    let handler = TABLE[id.slot()].get()?.handler();
    let (_, handler) = handler.as_ref().filter(|(owner, _)| *owner == id)?;
    Some(handler.clone())
}

fn entry(id: QueueId) -> &'static Entry {
    TABLE[id.slot()]
        .get()
        .expect("a task's queue claimed its slot before the task was made")
}

impl Entry {
    fn new() -> Entry {
        Entry {
            remote: Remote::new(),
            owner: AtomicU32::new(NOBODY),
            pool: Mutex::new(Weak::new()),
            handler: Mutex::new(None),
            debug: AtomicBool::new(false),
            pulse: Pulse::new(),
        }
    }

    fn handler(&self) -> MutexGuard<'_, Option<(QueueId, ExceptionHandler)>> {
        self.handler.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pool(&self) -> MutexGuard<'_, Weak<PoolState>> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_that_is_used_again_has_another_generation() {
        let (first, _) = claim().unwrap();
        release(first);
        let (second, _) = claim().unwrap();
        assert_ne!(first, second);
        release(second);
    }
}
