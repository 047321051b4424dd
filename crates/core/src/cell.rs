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
use std::marker::PhantomData;
use std::mem::{self, ManuallyDrop};
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll};

use crate::blocks::Size;
use crate::place::Place;
use crate::{Outcome, Request, TaskRef, blocks, report, thread};

pub(crate) use extra::Callback;
pub(crate) use finish::{close_local, close_shared};
pub(crate) use header::{ASKED_ITSELF, Header, VTable, release};
use header::{EMPTY, FUTURE, OUTCOME};
pub(crate) use join::{Joined, detach, outcome, poll_join, take};
pub(crate) use state::{CANCEL, DONE, NOTIFY};
pub(crate) use step::{Queued, run_first, run_foreign};
pub(crate) use wake::{come_home, id_of_waker, schedule};

/// A task whose future is `F`. The header comes first, so that a pointer to one is a pointer to the other.
#[repr(C)]
struct TaskCell<F, T> {
    header: Header,
    stage: UnsafeCell<Stage<F, T>>,
}

/// The future or the outcome; `Header::stage` says which.
union Stage<F, T> {
    future: ManuallyDrop<F>,
    outcome: ManuallyDrop<Outcome<T>>,
}

/// # Safety
///
/// The cell is allocated.
#[inline]
unsafe fn stage<F, T>(cell: NonNull<TaskCell<F, T>>) -> *mut Stage<F, T> {
    // SAFETY: by the caller's promise.
    UnsafeCell::raw_get(unsafe { &raw const (*cell.as_ptr()).stage })
}

/// A cell without its future: what goes there is written in its place, and moved no more than that.
///
/// Dropped before, it gives the memory and its index in the registry back.
pub(crate) struct Draft<F, T> {
    cell: NonNull<Header>,
    types: PhantomData<fn(F) -> T>,
}

impl<F: Future<Output = Outcome<T>>, T> Draft<F, T> {
    /// What a cell for this type of future begins with.
    pub(crate) const VTABLE: &'static VTable = &Typed::<F, T>::VTABLE;

    /// # Safety
    ///
    /// The header of a cell that was made with `VTABLE`, and that nobody else knows of.
    #[inline]
    pub(crate) unsafe fn new(cell: NonNull<Header>) -> Draft<F, T> {
        Draft {
            cell,
            types: PhantomData,
        }
    }

    /// Puts the future into the cell, whose references are then the caller's.
    ///
    /// # Safety
    ///
    /// The future is polled and dropped by a thread that may do so, before what it borrows ends. The outcome is taken
    /// as a `T` alone.
    #[inline]
    pub(crate) unsafe fn fill(self, future: F) -> NonNull<Header> {
        let cell = self.cell;
        mem::forget(self);
        // SAFETY: room for it, which nobody else knows of.
        unsafe {
            Typed::<F, T>::future(cell).write(future);
            cell.as_ref().stage.set(FUTURE);
        }
        cell
    }
}

impl<F, T> Drop for Draft<F, T> {
    fn drop(&mut self) {
        thread::unregister(self.cell);
        // SAFETY: nobody else knows of the cell, and there is nothing behind its header.
        unsafe { header::free(self.cell) };
    }
}

/// Makes a cell with `references` references, which are the caller's.
///
/// # Safety
///
/// As for [`Draft::fill`].
#[inline]
pub(crate) unsafe fn make<F, T>(
    place: Place,
    references: u32,
    location: &'static Location<'static>,
    future: F,
) -> NonNull<Header>
where
    F: Future<Output = Outcome<T>>,
{
    let vtable = Draft::<F, T>::VTABLE;
    let room = blocks::allocate(&vtable.size);
    // SAFETY: room for such a cell; the rest is passed on to the caller.
    unsafe {
        let cell = Header::begin(room, vtable, place, references, location);
        Draft::<F, T>::new(cell).fill(future)
    }
}

/// The functions of a cell's table, for one type of future.
struct Typed<F, T>(PhantomData<(F, T)>);

impl<F: Future<Output = Outcome<T>>, T> Typed<F, T> {
    const VTABLE: VTable = VTable {
        poll: Self::poll,
        set_cancelled: Self::set_cancelled,
        drop_outcome: Self::drop_outcome,
        drop_stage: Self::drop_stage,
        stage_at: mem::offset_of!(TaskCell<F, T>, stage),
        size: Size::of::<TaskCell<F, T>>(),
        type_name: std::any::type_name::<F>,
    };
}

impl<F, T> Typed<F, T> {
    /// Where the future lies, if it is there.
    ///
    /// # Safety
    ///
    /// `cell` is one of `F` and `T`, and is allocated.
    #[inline]
    unsafe fn future(cell: NonNull<Header>) -> *mut F {
        // SAFETY: by the caller's promise; the header is the first field of a `repr(C)` struct.
        unsafe { (&raw mut (*stage(cell.cast::<TaskCell<F, T>>())).future).cast() }
    }

    /// Where the outcome lies, if it is there.
    ///
    /// # Safety
    ///
    /// As for [`future`](Typed::future).
    #[inline]
    unsafe fn outcome(cell: NonNull<Header>) -> *mut Outcome<T> {
        // SAFETY: as above.
        unsafe { (&raw mut (*stage(cell.cast::<TaskCell<F, T>>())).outcome).cast() }
    }

    /// Drops the future or the outcome in its place.
    unsafe fn drop_stage(cell: NonNull<Header>) {
        // SAFETY: the caller may touch the stage of this cell. It is marked as empty first: a destructor that panics
        // does not run again.
        unsafe {
            match cell.as_ref().stage.replace(EMPTY) {
                FUTURE => Self::future(cell).drop_in_place(),
                OUTCOME => Self::outcome(cell).drop_in_place(),
                _ => {}
            }
        }
    }

    /// Drops what the stage holds and puts the outcome there. A destructor that panics makes that the outcome.
    #[inline]
    unsafe fn end(cell: NonNull<Header>, mut outcome: Outcome<T>) {
        // SAFETY: passed on to the caller.
        let dropped = catch_unwind(AssertUnwindSafe(|| unsafe { Self::drop_stage(cell) }));
        if let Err(panic) = dropped {
            if !matches!(outcome, Outcome::Panicked(_)) {
                outcome = Outcome::Panicked(panic);
            }
        }
        // SAFETY: passed on to the caller; there is nothing in the stage.
        unsafe {
            Self::outcome(cell).write(outcome);
            cell.as_ref().stage.set(OUTCOME);
        }
    }

    unsafe fn set_cancelled(cell: NonNull<Header>, request: Option<Request>) {
        // SAFETY: passed on to the caller.
        unsafe { Self::end(cell, Outcome::Cancelled(request)) };
    }

    unsafe fn drop_outcome(cell: NonNull<Header>) {
        // SAFETY: passed on to the caller.
        let unseen = match unsafe { take::<T>(cell) } {
            Some(Outcome::Panicked(panic)) => Some(panic),
            other => catch_unwind(AssertUnwindSafe(|| drop(other))).err(),
        };
        if let Some(panic) = unseen {
            // SAFETY: whoever drops the outcome has a reference to the cell.
            report_panic(unsafe { TaskRef::borrow(cell) }, panic);
        }
    }
}

impl<F: Future<Output = Outcome<T>>, T> Typed<F, T> {
    unsafe fn poll(cell: NonNull<Header>, cx: &mut Context<'_>) -> bool {
        // SAFETY: by the caller's promise.
        if unsafe { cell.as_ref() }.stage.get() != FUTURE {
            return true;
        }
        // The outcome goes to its place from inside, since what the call gives back is moved piece by piece.
        let polled = catch_unwind(AssertUnwindSafe(|| {
            // SAFETY: the stage holds the future, which is never moved: it is dropped in its place.
            let future = unsafe { Pin::new_unchecked(&mut *Self::future(cell)) };
            match future.poll(cx) {
                Poll::Pending => false,
                Poll::Ready(outcome) => {
                    // SAFETY: passed on to the caller.
                    unsafe { Self::end(cell, outcome) };
                    true
                }
            }
        }));
        polled.unwrap_or_else(|panic| {
            // SAFETY: passed on to the caller.
            unsafe { Self::end(cell, Outcome::Panicked(panic)) };
            true
        })
    }
}

#[cold]
fn report_panic(task: TaskRef, panic: Box<dyn Any + Send>) {
    report::never_retrieved(&task, panic);
}
