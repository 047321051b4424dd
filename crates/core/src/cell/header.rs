//! `Header`: what every task's cell begins with, whatever its future is.
//!
//! A pointer to a header is all that queues, wakers, the registry and `TaskRef` have. The part behind it, the future
//! or the outcome, is reached through the table of functions; whoever knows the outcome's type finds that by itself.

#![expect(unsafe_code, reason = "references that are counted by hand")]

use std::cell::Cell;
use std::panic::Location;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Waker};

use crate::blocks::{self, Size};
use crate::cell::extra::Attached;
use crate::cell::state::{DONE, MERGED, REF, State};
use crate::context;
use crate::place::{Kind, Place};
use crate::sync::UnsafeCell;
use crate::thread;
use crate::trace::TaskSpan;

/// The owner's flag: the task lies in the loop's ready queue.
pub(crate) const READY: u8 = 1;
/// The owner's flag: the handle is gone.
pub(crate) const UNWANTED: u8 = 1 << 1;
/// The owner's flag: the count was merged, the task is done.
pub(crate) const ENDED: u8 = 1 << 2;
/// The owner's flag: the running task asked itself to stop, and goes to the ready queue when its step is over.
pub(crate) const ASKED_ITSELF: u8 = 1 << 3;

/// Nothing is behind the header: not yet, or the outcome was taken.
pub(crate) const EMPTY: u8 = 0;
/// Behind the header is the future.
pub(crate) const FUTURE: u8 = 1;
/// Behind the header is the outcome.
pub(crate) const OUTCOME: u8 = 2;

pub(crate) struct Header {
    pub(crate) state: State,
    pub(crate) vtable: &'static VTable,
    pub(crate) place: Place,
    /// The loop thread's part of the reference count.
    pub(crate) refs: Cell<i32>,
    /// What the loop's thread alone needs to know.
    pub(crate) flags: Cell<u8>,
    /// What is behind the header. It belongs to whom that belongs.
    pub(crate) stage: Cell<u8>,
    /// What the handle remembers, here because the handle is moved about; nobody else looks.
    pub(crate) handle: AtomicU8,
    /// Who awaits the task. On a loop: written and read by the loop's thread alone. Elsewhere: see `join`.
    pub(crate) joiner: UnsafeCell<Option<Waker>>,
    /// The context variables that the task began with, and what is made when it is needed: name, context, requests,
    /// callbacks.
    pub(crate) attached: Attached,
    /// The task's number in this process; 0 for a part of the loop's machinery.
    id: AtomicU64,
    /// What the task waits for; see `wait`.
    pub(crate) wait: AtomicUsize,
    /// Where the task was made.
    pub(crate) location: &'static Location<'static>,
    /// Of no size where nobody traces.
    pub(crate) span: TaskSpan,
}

/// What can be done with a cell whose future's type has been forgotten.
pub(crate) struct VTable {
    /// One step. True: the outcome is in the cell.
    pub(crate) poll: unsafe fn(NonNull<Header>, &mut Context<'_>) -> bool,
    /// Replaces the future, or an outcome that is not to be given out, by that of a cancelled task.
    pub(crate) set_cancelled: unsafe fn(NonNull<Header>, Option<crate::Request>),
    /// Drops the outcome, if it is there, and reports a panic that nobody saw.
    pub(crate) drop_outcome: unsafe fn(NonNull<Header>),
    /// Drops the future or the outcome in its place.
    pub(crate) drop_stage: unsafe fn(NonNull<Header>),
    /// Where behind the header's beginning the future lies, and the outcome.
    pub(crate) stage_at: usize,
    /// The size of the cell.
    pub(crate) size: Size,
    pub(crate) type_name: fn() -> &'static str,
}

impl Header {
    /// Writes the header of a cell that is born with `references`.
    ///
    /// # Safety
    ///
    /// There is room for a cell of this table, and nobody else knows of it.
    #[inline]
    pub(crate) unsafe fn begin(
        room: NonNull<u8>,
        vtable: &'static VTable,
        place: Place,
        references: u32,
        location: &'static Location<'static>,
    ) -> NonNull<Header> {
        let (state, refs) = match place.kind() {
            Kind::Loop => (0, references as i32),
            Kind::Pool | Kind::Foreign => (MERGED | (u64::from(references) * REF), 0),
        };
        let inherited = context::inherit();
        let id = thread::next_id();
        let cell = room.cast::<Header>();
        let header = Header {
            state: State::new(state),
            vtable,
            place,
            refs: Cell::new(refs),
            flags: Cell::new(0),
            stage: Cell::new(EMPTY),
            handle: AtomicU8::new(0),
            joiner: UnsafeCell::new(None),
            attached: Attached::new(inherited),
            id: AtomicU64::new(id),
            wait: AtomicUsize::new(0),
            location,
            span: TaskSpan::new(),
        };
        // SAFETY: by the caller's promise.
        unsafe { cell.write(header) };
        cell
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

    /// The task's number; 0 for a part.
    #[inline]
    pub(crate) fn id(&self) -> u64 {
        self.id.load(Ordering::Relaxed)
    }

    /// A part of the loop's machinery, which is in no list of tasks.
    #[inline]
    pub(crate) fn is_part(&self) -> bool {
        self.id() == 0
    }

    /// Makes it one, at its birth.
    pub(crate) fn become_part(&self) {
        self.id.store(0, Ordering::Relaxed);
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
    let last = unsafe { cell.as_ref() }.state.release(references);
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

/// Drops what a cell holds and gives its memory back.
///
/// # Safety
///
/// No reference is left.
pub(crate) unsafe fn free(cell: NonNull<Header>) {
    // SAFETY: nobody else knows of the cell any more.
    unsafe {
        let vtable = cell.as_ref().vtable;
        if cell.as_ref().stage.get() != EMPTY {
            (vtable.drop_stage)(cell);
        }
        cell.drop_in_place();
        blocks::free(cell.cast(), &vtable.size);
    }
}
