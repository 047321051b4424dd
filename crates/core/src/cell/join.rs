//! The side of who waits for a task.
//!
//! A task on a loop that is awaited on the same thread has its waker in the header, and no atomic operation is made.
//! From another thread the waker goes to the rare part, under its lock. Elsewhere the handle writes the slot in the
//! header while `JOIN` is not set, sets the bit to let the other side read it, and clears it before it writes again;
//! the exchange that sets `DONE` tells both who was first.

#![expect(unsafe_code, reason = "a waker that two threads may reach")]

use std::ptr::NonNull;
use std::task::Waker;

use crate::Outcome;
use crate::cell::header::{EMPTY, Header, OUTCOME, UNWANTED, release, release_shared};
use crate::cell::state::{DETACHED, DONE, JOIN, NOTIFY};
use crate::place::Kind;

/// May the outcome be taken?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Joined {
    Done,
    /// The waker will be woken when the task is done.
    Waiting,
}

/// Looks whether the task is done, and leaves a waker if not. The handle alone calls it.
#[inline]
pub(crate) fn poll_join(header: &Header, waker: &Waker) -> Joined {
    let state = header.state.load();
    if state & DONE != 0 {
        return Joined::Done;
    }
    if header.counts_here() {
        // SAFETY: the loop's thread alone touches the slot of a task that has not ended.
        let (old, begins) = header.joiner.with_mut(|slot| unsafe {
            match &*slot {
                Some(known) if known.will_wake(waker) => (None, false),
                known => {
                    let begins = known.is_none();
                    ((*slot).replace(waker.clone()), begins)
                }
            }
        });
        drop(old);
        if begins && state & NOTIFY != 0 {
            join_behind_callbacks(header);
        }
        return Joined::Waiting;
    }
    if header.place.kind() == Kind::Loop {
        join_from_afar(header, waker)
    } else {
        join_shared(header, waker)
    }
}

/// Callbacks that are there already are told first.
#[cold]
fn join_behind_callbacks(header: &Header) {
    let mut rare = header.rare();
    rare.joined_before = rare.next_callback;
}

fn join_from_afar(header: &Header, waker: &Waker) -> Joined {
    let mut rare = header.rare();
    let old = match &rare.remote_joiner {
        Some(known) if known.will_wake(waker) => None,
        _ => rare.remote_joiner.replace(waker.clone()),
    };
    // Under the lock: who ends the task looks for the waker after it has seen the bit.
    let before = header.state.set(NOTIFY);
    let late = if before & DONE != 0 {
        rare.remote_joiner.take()
    } else {
        None
    };
    drop(rare);
    drop(old);
    drop(late);
    if before & DONE != 0 {
        Joined::Done
    } else {
        Joined::Waiting
    }
}

fn join_shared(header: &Header, waker: &Waker) -> Joined {
    let mut state = header.state.load();
    if state & JOIN != 0 {
        let same = header.joiner.with(|slot| {
            // SAFETY: while the bit is set the slot is only read, by either side.
            let known = unsafe { &*slot }.as_ref();
            known.is_some_and(|known| known.will_wake(waker))
        });
        if same {
            return Joined::Waiting;
        }
        // Take the slot back.
        loop {
            if state & DONE != 0 {
                return Joined::Done;
            }
            match header.state.exchange(state, state & !JOIN) {
                Ok(()) => break,
                Err(seen) => state = seen,
            }
        }
    }
    // SAFETY: the bit is not set, so the slot is the handle's.
    let old = header
        .joiner
        .with_mut(|slot| unsafe { (*slot).replace(waker.clone()) });
    drop(old);
    state = header.state.load();
    loop {
        if state & DONE != 0 {
            return Joined::Done;
        }
        match header.state.exchange(state, state | JOIN) {
            Ok(()) => return Joined::Waiting,
            Err(seen) => state = seen,
        }
    }
}

/// Where the outcome of a task that is done lies, unless it was taken.
///
/// # Safety
///
/// The caller may look at the stage, and the outcome's type is `T`.
#[inline]
pub(crate) unsafe fn outcome<T>(cell: NonNull<Header>) -> Option<NonNull<Outcome<T>>> {
    // SAFETY: the caller has a reference.
    let header = unsafe { cell.as_ref() };
    // SAFETY: inside the cell.
    let stage = unsafe { cell.cast::<u8>().add(header.vtable.stage_at) };
    (header.stage.get() == OUTCOME).then_some(stage.cast())
}

/// Moves the outcome out of a task; `None` if it is not there.
///
/// # Safety
///
/// The caller may touch the stage, and the outcome's type is `T`.
#[inline]
pub(crate) unsafe fn take<T>(cell: NonNull<Header>) -> Option<Outcome<T>> {
    // SAFETY: passed on to the caller. Marked as gone, it is not moved twice.
    unsafe {
        let outcome = outcome(cell)?;
        cell.as_ref().stage.set(EMPTY);
        Some(outcome.read())
    }
}

/// Gives back the handle's reference. The task runs on; its outcome will be dropped, or is now.
///
/// # Safety
///
/// The caller is the handle, and does not use the cell any more.
#[inline]
pub(crate) unsafe fn detach(cell: NonNull<Header>) {
    // SAFETY: the handle has a reference.
    let header = unsafe { cell.as_ref() };
    if header.is_done() && header.stage.get() == EMPTY {
        // The outcome was taken. Of a task that is done all references are counted in one place.
        // SAFETY: passed on to the caller.
        unsafe { release_shared(cell, 1) };
    } else {
        // SAFETY: passed on to the caller.
        unsafe { leave(cell) };
    }
}

/// Gives back the reference of a handle that has not taken the outcome.
///
/// # Safety
///
/// As for [`detach`].
unsafe fn leave(cell: NonNull<Header>) {
    // SAFETY: the handle has a reference.
    let header = unsafe { cell.as_ref() };
    if header.counts_here() {
        // Nobody will be woken by it.
        // SAFETY: the loop's thread alone touches the slot of a task that has not ended.
        let joiner = header.joiner.with_mut(|slot| unsafe { (*slot).take() });
        header.set_flag(UNWANTED);
        drop(joiner);
    } else if header.state.set(DETACHED) & DONE != 0 {
        // SAFETY: done, and the handle is gone: nobody else touches the outcome.
        unsafe { (header.vtable.drop_outcome)(cell) };
    }
    // SAFETY: passed on to the caller.
    unsafe { release(cell) };
}
