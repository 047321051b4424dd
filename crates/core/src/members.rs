//! Which tasks belong to a group, a gather or a set, so that one who waits for that is seen to wait for them.
//!
//! Kept only while somebody may look: a task is noted when it becomes a member, and forgotten when it ends. For a task of
//! the loop that this thread turns that is a word beside the one in the loop's registry; for the others (of a pool, of
//! another loop) an entry in a table of the process.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::place::Kind;
use crate::wait::Wait;
use crate::{TaskRef, is_watched, table, thread};

/// By the number of the task, the address of what it belongs to.
static ELSEWHERE: Mutex<Option<HashMap<u64, usize>>> = Mutex::new(None);
/// How many there are: a task that ends need not look otherwise.
static COUNT: AtomicUsize = AtomicUsize::new(0);

fn elsewhere() -> MutexGuard<'static, Option<HashMap<u64, usize>>> {
    ELSEWHERE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Notes that the task is one of those that somebody waits for who [waits](crate::waits_for) for the group at `address`.
#[inline]
pub fn note_member(task: &TaskRef, address: usize) {
    if is_watched() {
        note(task, Wait::visible(address));
    }
}

fn note(task: &TaskRef, address: usize) {
    let place = task.header().place;
    if place.home() != thread::home() {
        return note_elsewhere(task, address);
    }
    // On its own thread it does not end meanwhile.
    if !task.is_finished() {
        thread::with_loop(|state| {
            if let Some(state) = state {
                state.note_group(place.index(), address);
            }
        });
    }
}

#[cold]
fn note_elsewhere(task: &TaskRef, address: usize) {
    let place = task.header().place;
    // The others say nothing when they end.
    let ends_audibly = match place.kind() {
        Kind::Loop => table::pulse(place.queue()).is_some_and(|pulse| pulse.is_open()),
        Kind::Pool => true,
        Kind::Foreign => false,
    };
    let mut members = elsewhere();
    // Under the lock: one that has ended before is not noted, or was forgotten after.
    if !ends_audibly || task.is_finished() {
        return;
    }
    let members = members.get_or_insert_default();
    members.insert(task.id(), address);
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
    if let Some(members) = &mut *elsewhere() {
        members.remove(&task);
        if members.is_empty() {
            *members = HashMap::new();
        }
        COUNT.store(members.len(), Ordering::Relaxed);
    }
}

/// The address of what the task belongs to, as it appears in wait records.
pub fn member_of(task: &TaskRef) -> Option<usize> {
    let place = task.header().place;
    let pulse = (place.kind() == Kind::Loop).then(|| table::pulse(place.queue()));
    let group = pulse
        .flatten()
        .and_then(|pulse| pulse.group_of(place.index(), task.cell()));
    group.or_else(|| elsewhere().as_ref()?.get(&task.id()).copied())
}
