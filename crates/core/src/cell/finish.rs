//! The end of a task: the outcome is published in one exchange, then those who wait for it are told.
//!
//! The exchange sees what any thread did before it. A request that came in the last step (`CANCEL`) turns a value
//! into a cancellation, so a `cancel` that said yes is never overtaken by a value; a handle that is gone
//! (`DETACHED`) leaves the outcome to be dropped here.

#![expect(unsafe_code, reason = "the end of a cell that is shared by pointers")]

use std::mem;
use std::ptr::NonNull;
use std::task::Waker;

use crate::cell::header::{ENDED, Header, UNWANTED, free, release_shared};
use crate::cell::state::{self, CANCEL, DETACHED, DONE, JOIN, MERGED, NOTIFY, RUNNING};
use crate::place::Kind;
use crate::{TaskRef, callback, thread};

/// Ends a task of the loop that this thread turns, whose outcome is in the cell, and gives back `references`.
#[inline]
pub(crate) fn finish_local(cell: NonNull<Header>, references: i32) {
    thread::unregister(cell);
    // SAFETY: the caller's references keep the cell allocated until they are given back below.
    let header = unsafe { cell.as_ref() };
    let _span = header.span.take();
    // SAFETY: until the exchange the loop's thread alone touches the slot.
    let joiner = header.joiner.with_mut(|slot| unsafe { (*slot).take() });
    if header.has_flag(UNWANTED) {
        drop_outcome(cell);
    }
    header.set_flag(ENDED);
    let mine = header.refs.get();
    let mut state = header.state.load();
    let state = loop {
        if state & CANCEL != 0 {
            turn_into_cancelled(cell);
            state = header.state.load();
            continue;
        }
        let total = state::add(state, i64::from(mine) - i64::from(references));
        if state::count(total) == 0 && state & NOTIFY == 0 {
            drop_outcome(cell);
            // SAFETY: no reference is left, on any thread.
            unsafe { free(cell) };
            break 0;
        }
        // Whoever has to be told afterwards needs a reference meanwhile.
        let kept = if state & (NOTIFY | DETACHED) != 0 {
            references
        } else {
            0
        };
        let new = state::add(total, i64::from(kept)) | DONE | MERGED;
        match header.state.exchange(state, new) {
            Ok(()) => break state,
            Err(seen) => state = seen,
        }
    };
    if state & (NOTIFY | DETACHED) == 0 {
        if let Some(joiner) = joiner {
            joiner.wake();
        }
    } else {
        tell(cell, state, joiner);
        // SAFETY: the references that were kept.
        unsafe { release_shared(cell, references as u64) };
    }
}

/// Ends a task of a pool or of a foreign executor, and gives back `references`.
pub(crate) fn finish_shared(cell: NonNull<Header>, references: u64) {
    // SAFETY: the caller's references keep the cell allocated until they are given back below.
    let header = unsafe { cell.as_ref() };
    let _span = header.span.take();
    if header.place.kind() == Kind::Pool {
        thread::unregister(cell);
    }
    let mut state = header.state.load();
    let state = loop {
        if state & CANCEL != 0 {
            turn_into_cancelled(cell);
            state = header.state.load();
            continue;
        }
        match header.state.exchange(state, (state | DONE) & !RUNNING) {
            Ok(()) => break state,
            Err(seen) => state = seen,
        }
    };
    if state & JOIN != 0 {
        // SAFETY: with `JOIN` set nobody writes to the slot, and after `DONE` nobody clears the bit.
        header
            .joiner
            .with(|slot| unsafe { &*slot }.as_ref().map(Waker::wake_by_ref));
    }
    if state & (NOTIFY | DETACHED) != 0 {
        tell(cell, state, None);
    }
    // SAFETY: the caller's references.
    unsafe { release_shared(cell, references) };
}

/// The task ended in the step in which it was asked to stop: it ends cancelled, and its value is dropped.
#[cold]
fn turn_into_cancelled(cell: NonNull<Header>) {
    // SAFETY: the caller has a reference.
    let header = unsafe { cell.as_ref() };
    let request = {
        let mut rare = header.rare();
        header.state.clear(CANCEL);
        rare.request.take()
    };
    if let Some(request) = request {
        // SAFETY: `DONE` is not set, so the outcome belongs to the thread that ends the task.
        unsafe { (header.vtable.set_cancelled)(cell, Some(request)) };
    }
}

fn drop_outcome(cell: NonNull<Header>) {
    // SAFETY: nobody else may touch the outcome: not yet done, or done without a handle.
    unsafe { (cell.as_ref().vtable.drop_outcome)(cell) };
}

/// Wakes who waits from afar, runs the callbacks and wakes who waits here, in the order in which they came, and drops an
/// outcome that nobody wants.
#[cold]
fn tell(cell: NonNull<Header>, state: u64, mut joiner: Option<Waker>) {
    // SAFETY: the caller has a reference.
    let header = unsafe { cell.as_ref() };
    if state & NOTIFY != 0 {
        let (remote, callbacks, joined_before) = {
            let mut rare = header.rare();
            (
                rare.remote_joiner.take(),
                mem::take(&mut rare.callbacks),
                rare.joined_before,
            )
        };
        if let Some(remote) = remote {
            remote.wake();
        }
        // SAFETY: as above.
        let task = unsafe { TaskRef::borrow(cell) };
        for (number, callback) in callbacks {
            if number >= joined_before {
                if let Some(joiner) = joiner.take() {
                    joiner.wake();
                }
            }
            callback::call(&task, callback);
        }
    }
    if let Some(joiner) = joiner {
        joiner.wake();
    }
    if state & DETACHED != 0 {
        drop_outcome(cell);
    }
}

/// Ends a task of a loop that closes, without a step: its future is dropped. Gives back `references`.
///
/// # Safety
///
/// This is the thread of its loop, and the task is not being polled.
pub(crate) unsafe fn close_local(cell: NonNull<Header>, references: i32) {
    // SAFETY: passed on to the caller.
    unsafe { cancel_future(cell) };
    finish_local(cell, references);
}

/// Ends a task of a pool or of a foreign executor, without a step, and gives back `references`.
///
/// # Safety
///
/// The caller alone may touch the stage: it took the task from a queue and set `RUNNING`, or it is the future that
/// runs the task.
pub(crate) unsafe fn close_shared(cell: NonNull<Header>, references: u64) {
    // SAFETY: passed on to the caller.
    unsafe { cancel_future(cell) };
    finish_shared(cell, references);
}

/// # Safety
///
/// The caller may touch the stage.
unsafe fn cancel_future(cell: NonNull<Header>) {
    // SAFETY: by the caller's promise.
    let header = unsafe { cell.as_ref() };
    let request = header.rare_if_made().and_then(|mut rare| {
        header.state.clear(CANCEL);
        rare.request.take()
    });
    let _span = header.span.enter();
    let _frame = thread::begin_step(cell);
    // SAFETY: by the caller's promise.
    unsafe { (header.vtable.set_cancelled)(cell, request) };
}
