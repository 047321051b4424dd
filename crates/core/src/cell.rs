//! The task cell: one allocation that holds a task's header and its future, later its outcome.
//!
//! `state` lists the bits of its state word and how references are counted; `header` is what all cells begin with,
//! `extra` what few tasks have. `wake` brings a task to its queue, `step` runs it, `finish` ends it, `join` is the
//! side of who waits for it. This file makes a cell, and holds what needs to know the future's type.
//!
//! Invariant: the future and the outcome are touched by one thread at a time. The future: by the thread that runs
//! or closes the task's queue; a future on a loop never leaves the loop's thread. The outcome: by the thread that
//! ends the task, until `DONE` is set; then by the handle, or, if that is gone (`DETACHED`), by who saw both bits.

#![expect(
    unsafe_code,
    reason = "the cell is shared by pointers that do not know its type"
)]

mod extra;
mod finish;
mod header;
mod join;
mod state;
mod step;
mod wake;

#[cfg(all(test, asyncio_loom))]
mod loom_tests;

use std::any::Any;
use std::cell::UnsafeCell;
use std::future::Future;
use std::mem;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll};

use crate::place::Place;
use crate::{Outcome, Request, TaskRef, blocks, report};

pub(crate) use extra::Callback;
pub(crate) use finish::{close_local, close_shared};
pub(crate) use header::{Header, release};
pub(crate) use join::{Joined, detach, poll_join, take};
pub(crate) use state::{CANCEL, DONE, NOTIFY};
pub(crate) use step::{Queued, run_first, run_foreign};
pub(crate) use wake::{come_home, schedule};

/// A task whose future is `F`. The header comes first, so that a pointer to one is a pointer to the other.
#[repr(C)]
struct TaskCell<F, T> {
    header: Header,
    stage: UnsafeCell<Stage<F, T>>,
}

enum Stage<F, T> {
    Future(F),
    Outcome(Outcome<T>),
    Empty,
}

/// Makes a cell with `references` references, which are the caller's.
///
/// # Safety
///
/// The future is polled and dropped by a thread that may do so, before what it borrows ends. The outcome is taken as
/// a `T` alone.
pub(crate) unsafe fn make<F, T>(
    place: Place,
    references: u32,
    location: &'static Location<'static>,
    future: F,
) -> NonNull<Header>
where
    F: Future<Output = Outcome<T>>,
{
    let header = Header::new(&Typed::<F, T>::VTABLE, place, references, location);
    let cell = blocks::allocate::<TaskCell<F, T>>();
    // SAFETY: room for a cell, which is written field by field: a large future is moved once.
    unsafe {
        (&raw mut (*cell.as_ptr()).header).write(header);
        let stage = &raw mut (*cell.as_ptr()).stage;
        stage.write(UnsafeCell::new(Stage::Future(future)));
    }
    cell.cast()
}

/// The functions of a cell's table, for one type of future.
struct Typed<F, T>(std::marker::PhantomData<(F, T)>);

impl<F: Future<Output = Outcome<T>>, T> Typed<F, T> {
    const VTABLE: header::VTable = header::VTable {
        poll: Self::poll,
        set_cancelled: Self::set_cancelled,
        take: Self::take,
        outcome: Self::outcome,
        drop_outcome: Self::drop_outcome,
        free: Self::free,
        type_name: std::any::type_name::<F>,
    };

    /// # Safety
    ///
    /// `cell` is one of `F` and `T`, and the caller may touch its stage now.
    #[inline]
    unsafe fn stage<'a>(cell: NonNull<Header>) -> &'a mut Stage<F, T> {
        // SAFETY: by the caller's promise; the header is the first field of a `repr(C)` struct.
        unsafe { &mut *cell.cast::<TaskCell<F, T>>().as_ref().stage.get() }
    }

    unsafe fn poll(cell: NonNull<Header>, cx: &mut Context<'_>) -> bool {
        // SAFETY: passed on to the caller.
        let stage = unsafe { Self::stage(cell) };
        let Stage::Future(future) = stage else {
            return true;
        };
        // SAFETY: the future is never moved: it is dropped in its place.
        let future = unsafe { Pin::new_unchecked(future) };
        let outcome = match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
            Ok(Poll::Pending) => return false,
            Ok(Poll::Ready(outcome)) => outcome,
            Err(panic) => Outcome::Panicked(panic),
        };
        Self::end(stage, outcome);
        true
    }

    unsafe fn set_cancelled(cell: NonNull<Header>, request: Option<Request>) {
        // SAFETY: passed on to the caller.
        Self::end(unsafe { Self::stage(cell) }, Outcome::Cancelled(request));
    }

    /// Drops what the stage holds and puts the outcome there. A destructor that panics makes that the outcome.
    fn end(stage: &mut Stage<F, T>, outcome: Outcome<T>) {
        // The assignment drops the future in its place, and overwrites it even when that panics.
        let dropped = catch_unwind(AssertUnwindSafe(|| *stage = Stage::Empty));
        *stage = Stage::Outcome(match (dropped, outcome) {
            (Err(panic), Outcome::Value(_) | Outcome::Cancelled(_)) => Outcome::Panicked(panic),
            (_, outcome) => outcome,
        });
    }

    unsafe fn take(cell: NonNull<Header>, to: *mut ()) {
        // SAFETY: passed on to the caller.
        let stage = unsafe { Self::stage(cell) };
        let outcome = match mem::replace(stage, Stage::Empty) {
            Stage::Outcome(outcome) => Some(outcome),
            Stage::Future(_) | Stage::Empty => None,
        };
        // SAFETY: the caller's pointer shows to room for it.
        unsafe { to.cast::<Option<Outcome<T>>>().write(outcome) };
    }

    unsafe fn outcome(cell: NonNull<Header>) -> *const () {
        // SAFETY: the caller may look at the stage; no reference to it is kept.
        match unsafe { &*cell.cast::<TaskCell<F, T>>().as_ref().stage.get() } {
            Stage::Outcome(outcome) => std::ptr::from_ref(outcome).cast(),
            Stage::Future(_) | Stage::Empty => std::ptr::null(),
        }
    }

    unsafe fn drop_outcome(cell: NonNull<Header>) {
        // SAFETY: passed on to the caller.
        let stage = unsafe { Self::stage(cell) };
        let outcome = mem::replace(stage, Stage::Empty);
        let unseen = match outcome {
            Stage::Outcome(Outcome::Panicked(panic)) => Some(panic),
            other => catch_unwind(AssertUnwindSafe(|| drop(other))).err(),
        };
        if let Some(panic) = unseen {
            // SAFETY: whoever drops the outcome has a reference to the cell.
            report_panic(unsafe { TaskRef::borrow(cell) }, panic);
        }
    }

    unsafe fn free(cell: NonNull<Header>) {
        let cell = cell.cast::<TaskCell<F, T>>();
        // SAFETY: made by `make` with this type; the last reference is gone.
        unsafe {
            cell.drop_in_place();
            blocks::free(cell);
        }
    }
}

#[cold]
fn report_panic(task: TaskRef, panic: Box<dyn Any + Send>) {
    report::never_retrieved(&task, panic);
}
