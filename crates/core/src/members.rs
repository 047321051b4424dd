//! Which tasks belong to a group, a gather or a set, so that one who waits for that is seen to wait for them.
//!
//! Kept only while somebody may look (`is_watched`): a task is noted when it becomes a member, and forgotten when it ends.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::wait::Wait;
use crate::{TaskRef, is_watched};

/// By the number of the task, the address of what it belongs to.
static MEMBERS: Mutex<Option<HashMap<u64, usize>>> = Mutex::new(None);
/// How many there are: a task that ends need not look otherwise.
static COUNT: AtomicUsize = AtomicUsize::new(0);

fn members() -> MutexGuard<'static, Option<HashMap<u64, usize>>> {
    MEMBERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Notes that the task is one of those that somebody waits for who [waits](crate::waits_for) for the group at `address`.
#[inline]
pub fn note_member(task: &TaskRef, address: usize) {
    if is_watched() {
        note(task, address);
    }
}

#[cold]
fn note(task: &TaskRef, address: usize) {
    let mut members = members();
    // Under the lock: one that has ended before is not noted, or was forgotten after.
    if task.is_finished() {
        return;
    }
    let members = members.get_or_insert_default();
    members.insert(task.id(), Wait::visible(address));
    COUNT.store(members.len(), Ordering::Relaxed);
}

/// The task ends.
#[inline]
pub(crate) fn forget(task: u64) {
    if COUNT.load(Ordering::Relaxed) != 0 {
        forget_noted(task);
    }
}

#[cold]
fn forget_noted(task: u64) {
    if let Some(members) = &mut *members() {
        members.remove(&task);
        if members.is_empty() {
            *members = HashMap::new();
        }
        COUNT.store(members.len(), Ordering::Relaxed);
    }
}

/// The address of what the task with this number belongs to, as it appears in wait records.
pub fn member_of(task: u64) -> Option<usize> {
    members().as_ref()?.get(&task).copied()
}
