//! How a task comes to its queue: the waker of our own tasks, and `schedule` for those who hold a reference.
//!
//! On the loop's own thread a wake is a flag and a push to the ready queue. From elsewhere a task goes to the loop's
//! remote queue, once. On a pool the first who sets `SCHEDULED` pushes, unless the task is running: then the worker
//! that runs it looks at the bit afterwards.

#![expect(unsafe_code, reason = "the waker of our own tasks")]

use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::task::{RawWaker, RawWakerVTable, Waker};

use crate::cell::header::{ENDED, Header, READY, release};
use crate::cell::state::{DONE, REMOTE, RUNNING, SCHEDULED};
use crate::cell::step::Queued;
use crate::place::Kind;
use crate::{table, thread};

static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop_waker);

/// A waker that borrows the caller's reference.
///
/// # Safety
///
/// The caller has a reference for as long as it uses the waker. The task is a loop's or a pool's.
#[inline]
pub(crate) unsafe fn borrowed_waker(cell: NonNull<Header>) -> ManuallyDrop<Waker> {
    let data = cell.as_ptr().cast_const().cast();
    // SAFETY: the functions below keep the contract of `RawWakerVTable`.
    ManuallyDrop::new(unsafe { Waker::new(data, &VTABLE) })
}

/// The number of the task that the waker wakes, if it is one of ours.
pub(crate) fn id_of_waker(waker: &Waker) -> Option<u64> {
    if waker.vtable() != &VTABLE {
        return None;
    }
    // SAFETY: a waker of this table has a reference to a cell.
    Some(unsafe { cell_of(waker.data()).as_ref() }.id())
}

/// # Safety
///
/// `data` is that of a waker made above.
#[inline]
unsafe fn cell_of(data: *const ()) -> NonNull<Header> {
    // SAFETY: it comes from a `NonNull`.
    unsafe { NonNull::new_unchecked(data.cast_mut().cast()) }
}

unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: the waker that is cloned has a reference.
    unsafe { cell_of(data).as_ref() }.retain();
    RawWaker::new(data, &VTABLE)
}

unsafe fn wake(data: *const ()) {
    // SAFETY: the waker's reference becomes this one.
    schedule_owned(unsafe { Queued::from_raw(cell_of(data)) });
}

unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: the waker has a reference.
    unsafe { schedule(cell_of(data)) };
}

unsafe fn drop_waker(data: *const ()) {
    // SAFETY: the waker's reference is given back.
    unsafe { release(cell_of(data)) };
}

/// Lets the task take a step.
///
/// # Safety
///
/// The caller has a reference.
#[inline]
pub(crate) unsafe fn schedule(cell: NonNull<Header>) {
    // SAFETY: by the caller's promise.
    let header = unsafe { cell.as_ref() };
    if header.is_here() {
        if !header.has_flag(READY | ENDED) {
            header.set_flag(READY);
            header.refs.set(header.refs.get() + 1);
            // SAFETY: the reference that was counted just now.
            thread::push_ready(unsafe { Queued::from_raw(cell) });
        }
    } else if header.place.kind() == Kind::Foreign {
        wake_runner(header);
    } else {
        header.retain();
        // SAFETY: the reference that was counted just now.
        schedule_elsewhere(unsafe { Queued::from_raw(cell) });
    }
}

#[inline]
fn schedule_owned(task: Queued) {
    let header = task.header();
    if header.is_here() {
        if !header.has_flag(READY | ENDED) {
            header.set_flag(READY);
            thread::push_ready(task);
        }
    } else {
        schedule_elsewhere(task);
    }
}

fn schedule_elsewhere(task: Queued) {
    let header = task.header();
    match header.place.kind() {
        Kind::Loop => {
            if header.state.set(REMOTE) & (REMOTE | DONE) == 0 {
                table::remote(header.place.queue()).push(task);
            }
        }
        Kind::Pool => {
            if header.state.set(SCHEDULED) & (SCHEDULED | RUNNING | DONE) == 0 {
                push_to_pool(task);
            }
        }
        Kind::Foreign => wake_runner(header),
    }
}

/// Pushes a task of a pool, whose `SCHEDULED` bit the caller has set.
pub(crate) fn push_to_pool(task: Queued) {
    let queue = task.header().place.queue();
    thread::with_pool(|pool| match pool {
        Some((state, worker)) if state.id() == queue => state.push(worker, task),
        _ => table::remote(queue).push(task),
    });
}

fn wake_runner(header: &Header) {
    let runner = header.rare().runner.clone();
    if let Some(runner) = runner {
        runner.wake();
    }
}

/// A task arrives on its loop from the remote queue. Gives it back if it is to be pushed to the ready queue.
pub(crate) fn come_home(task: Queued) -> Option<Queued> {
    let header = task.header();
    // An exchange, not a store: it sees what the last thread did that found the bit set and left.
    if header.state.clear(REMOTE) & DONE != 0 || header.has_flag(READY) {
        // Done: perhaps on a loop that had this one's place in the table before.
        return None;
    }
    header.set_flag(READY);
    Some(task)
}
