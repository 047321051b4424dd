//! `Header`: what every task's cell begins with, whatever its future is.
//!
//! A pointer to a header is all that queues, wakers, the registry and `TaskRef` have. The part behind it, the future
//! or the outcome, is reached through the table of functions alone.

#![expect(unsafe_code, reason = "references that are counted by hand")]

use std::cell::Cell;
use std::panic::Location;
use std::ptr::NonNull;
use std::sync::atomic::AtomicUsize;
use std::task::{Context, Waker};

use crate::cell::extra::Extra;
use crate::cell::state::{DONE, MERGED, REF, State};
use crate::context::{self, Snapshot};
use crate::place::{Kind, Place, UNLISTED};
use crate::sync::{AtomicPtr, UnsafeCell};
use crate::thread;

/// The owner's flag: the task lies in the loop's ready queue.
pub(crate) const READY: u8 = 1;
/// The owner's flag: the handle is gone.
pub(crate) const UNWANTED: u8 = 1 << 1;
/// The owner's flag: the count was merged, the task is done.
pub(crate) const ENDED: u8 = 1 << 2;

pub(crate) struct Header {
    pub(crate) state: State,
    pub(crate) vtable: &'static VTable,
    pub(crate) place: Place,
    /// The loop thread's part of the reference count.
    pub(crate) refs: Cell<i32>,
    /// What the loop's thread alone needs to know.
    pub(crate) flags: Cell<u8>,
    /// Who awaits the task. On a loop: written and read by the loop's thread alone. Elsewhere: see `join`.
    pub(crate) joiner: UnsafeCell<Option<Waker>>,
    /// Made when it is needed: name, context, requests, callbacks.
    pub(crate) extra: AtomicPtr<Extra>,
    /// The context variables that the task began with; never changed. Its own context, once it has one, is in `extra`.
    pub(crate) inherited: Option<Snapshot>,
    /// The task's number in this process.
    pub(crate) id: u64,
    /// What the task waits for; see `wait`.
    pub(crate) wait: AtomicUsize,
    /// Where the task was made.
    pub(crate) location: &'static Location<'static>,
}

/// What can be done with a cell whose future's type has been forgotten.
pub(crate) struct VTable {
    /// One step. True: the outcome is in the cell.
    pub(crate) poll: unsafe fn(NonNull<Header>, &mut Context<'_>) -> bool,
    /// Replaces the future, or an outcome that is not to be given out, by that of a cancelled task.
    pub(crate) set_cancelled: unsafe fn(NonNull<Header>, Option<crate::Request>),
    /// Moves the outcome to where the second pointer shows.
    pub(crate) take: unsafe fn(NonNull<Header>, *mut ()),
    /// Where the outcome lies; null if it is not there.
    pub(crate) outcome: unsafe fn(NonNull<Header>) -> *const (),
    /// Drops the outcome, if it is there, and reports a panic that nobody saw.
    pub(crate) drop_outcome: unsafe fn(NonNull<Header>),
    pub(crate) free: unsafe fn(NonNull<Header>),
    pub(crate) type_name: fn() -> &'static str,
}

impl Header {
    /// The header of a cell that is born with `references`.
    pub(crate) fn new(
        vtable: &'static VTable,
        place: Place,
        references: u32,
        location: &'static Location<'static>,
    ) -> Header {
        let (state, refs) = match place.kind() {
            Kind::Loop => (0, references as i32),
            Kind::Pool | Kind::Foreign => (MERGED | (u64::from(references) * REF), 0),
        };
        Header {
            state: State::new(state),
            vtable,
            place,
            refs: Cell::new(refs),
            flags: Cell::new(0),
            joiner: UnsafeCell::new(None),
            extra: AtomicPtr::new(std::ptr::null_mut()),
            inherited: if place.index() == UNLISTED {
                None
            } else {
                context::inherit()
            },
            id: thread::next_id(),
            wait: AtomicUsize::new(0),
            location,
        }
    }

    /// Is this the thread that turns the task's loop, and the count not merged?
    #[inline]
    pub(crate) fn counts_here(&self) -> bool {
        self.is_here() && self.flags.get() & ENDED == 0
    }

    /// Is this the thread that turns the task's loop? `false` for other kinds of task.
    #[inline]
    pub(crate) fn is_here(&self) -> bool {
        thread::home() == self.place.home()
    }

    #[inline]
    pub(crate) fn retain(&self) {
        if self.counts_here() {
            let refs = self.refs.get();
            if refs > i32::MAX / 2 {
                std::process::abort();
            }
            self.refs.set(refs + 1);
        } else {
            self.state.retain();
        }
    }

    #[inline]
    pub(crate) fn is_done(&self) -> bool {
        self.state.is_done()
    }

    #[inline]
    pub(crate) fn set_flag(&self, flag: u8) {
        self.flags.set(self.flags.get() | flag);
    }

    #[inline]
    pub(crate) fn clear_flag(&self, flag: u8) {
        self.flags.set(self.flags.get() & !flag);
    }

    #[inline]
    pub(crate) fn has_flag(&self, flag: u8) -> bool {
        self.flags.get() & flag != 0
    }
}

/// Gives a reference back.
///
/// # Safety
///
/// The caller had a reference, and does not use the cell any more.
#[inline]
pub(crate) unsafe fn release(cell: NonNull<Header>) {
    // SAFETY: the reference keeps the cell allocated.
    let header = unsafe { cell.as_ref() };
    if header.counts_here() {
        header.refs.set(header.refs.get() - 1);
    } else {
        // SAFETY: passed on to the caller.
        unsafe { release_shared(cell, 1) };
    }
}

/// Gives references back that are counted in the state word.
///
/// # Safety
///
/// As for [`release`], for each of them.
#[inline]
pub(crate) unsafe fn release_shared(cell: NonNull<Header>, references: u64) {
    // SAFETY: the references keep the cell allocated until they are given back.
    let (last, free) = unsafe {
        let header = cell.as_ref();
        (header.state.release(references), header.vtable.free)
    };
    if last {
        debug_assert!(
            // SAFETY: the last reference is the caller's.
            unsafe { cell.as_ref() }.state.load() & DONE != 0,
            "a cell is freed after its task has ended"
        );
        // SAFETY: that was the last reference.
        unsafe { free(cell) };
    }
}
