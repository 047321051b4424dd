//! `Extra`: what few tasks have, in a box that is made when it is needed.
//!
//! One lock guards it all. Nothing is woken, dropped or called while it is held.
//!
//! The header has one word for it, `Attached`, which it shares with the context variables that the task began with:
//! it is null, or leads to those, or to the box, which then has them. It changes once, to the box.

#![expect(unsafe_code, reason = "a word that owns one of two things")]

use std::collections::BTreeMap;
use std::mem::{self, ManuallyDrop};
use std::ptr;
use std::sync::PoisonError;
use std::task::Waker;

use crate::cell::header::Header;
use crate::cell::state::CANCEL;
use crate::context::Snapshot;
use crate::sync::{AtomicPtr, Mutex, MutexGuard, Ordering};
use crate::{Context, Request, TaskName, TaskRef};

/// The word of the header.
pub(crate) struct Attached(AtomicPtr<()>);

/// The lowest bit of the word: it leads to a snapshot.
const SNAPSHOT: usize = 1;

struct Extra {
    rare: Mutex<Rare>,
    /// Never changed. The task's own context, once it has one, is in `rare`.
    inherited: Option<Snapshot>,
}

/// What the word says.
enum Word {
    Null,
    /// Owned by the word.
    Snapshot(ManuallyDrop<Snapshot>),
    Extra(*mut Extra),
}

/// What is run when a task has ended.
pub(crate) type Callback = Box<dyn FnOnce(&TaskRef) + Send>;

#[derive(Default)]
pub(crate) struct Rare {
    /// A name that was given; without one it is made from the task's number.
    pub(crate) name: Option<TaskName>,
    /// The task's own context, once a variable was set or inherited.
    pub(crate) context: Option<Context>,
    /// How many requests to cancel are not settled.
    pub(crate) cancelling: usize,
    /// The request that the task has not seen yet. The state has `CANCEL` exactly while there is one.
    pub(crate) request: Option<Request>,
    /// In the order of registration. The state has `NOTIFY` if there ever was one.
    pub(crate) callbacks: BTreeMap<u64, Callback>,
    /// The number of the next callback.
    pub(crate) next_callback: u64,
    /// The number of the first callback that was added after somebody began to await the task on its loop.
    pub(crate) joined_before: u64,
    /// Who awaits a loop's task from another thread. The state has `NOTIFY`.
    pub(crate) remote_joiner: Option<Waker>,
    /// Wakes the future that runs the task on an executor which is not ours.
    pub(crate) runner: Option<Waker>,
}

impl Header {
    /// The rare part, made if need be, locked.
    pub(crate) fn rare(&self) -> MutexGuard<'_, Rare> {
        let extra = self.attached.extra();
        extra.rare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rare part, locked, if there is one.
    pub(crate) fn rare_if_made(&self) -> Option<MutexGuard<'_, Rare>> {
        matches!(self.attached.word(), Word::Extra(_)).then(|| self.rare())
    }

    /// The context variables that the task began with.
    pub(crate) fn inherited(&self) -> Option<Snapshot> {
        match self.attached.word() {
            Word::Null => None,
            // Even if another thread makes the box meanwhile: what it takes over lives as long as the header.
            Word::Snapshot(snapshot) => Some(Snapshot::clone(&snapshot)),
            // SAFETY: the box lives as long as the header.
            Word::Extra(extra) => unsafe { &*extra }.inherited.clone(),
        }
    }

    /// The request that the task has not seen yet.
    #[cold]
    pub(crate) fn take_request(&self) -> Option<Request> {
        let mut rare = self.rare();
        self.state.clear(CANCEL);
        rare.request.take()
    }
}

impl Attached {
    #[inline]
    pub(crate) fn new(inherited: Option<Snapshot>) -> Attached {
        let word = match inherited {
            None => ptr::null_mut(),
            Some(snapshot) => snapshot.into_raw().map_addr(|address| address | SNAPSHOT),
        };
        Attached(AtomicPtr::new(word))
    }

    fn word(&self) -> Word {
        Word::of(self.0.load(Ordering::Acquire))
    }

    /// The box, made if need be.
    fn extra(&self) -> &Extra {
        let extra = match self.word() {
            Word::Extra(extra) => extra,
            Word::Null | Word::Snapshot(_) => self.make_extra(),
        };
        // SAFETY: once set the pointer stays, and its target lives as long as the header.
        unsafe { &*extra }
    }

    #[cold]
    fn make_extra(&self) -> *mut Extra {
        let mut made = Box::new(Extra {
            rare: Mutex::new(Rare::default()),
            inherited: None,
        });
        let before = self.0.load(Ordering::Acquire);
        match Word::of(before) {
            Word::Null => {}
            Word::Snapshot(snapshot) => made.inherited = Some(ManuallyDrop::into_inner(snapshot)),
            Word::Extra(first) => return first,
        }
        let made = Box::into_raw(made);
        let set = self
            .0
            .compare_exchange(before, made.cast(), Ordering::AcqRel, Ordering::Acquire);
        match set {
            Ok(_) => made,
            Err(first) => {
                // SAFETY: another thread was first, and nobody has seen this one. The snapshot is in the other's.
                let spare = unsafe { Box::from_raw(made) };
                mem::forget(spare.inherited);
                first.cast()
            }
        }
    }
}

impl Word {
    #[inline]
    fn of(word: *mut ()) -> Word {
        if word.is_null() {
            Word::Null
        } else if word.addr() & SNAPSHOT != 0 {
            let snapshot = word.map_addr(|address| address & !SNAPSHOT);
            // SAFETY: from `into_raw`, and alive as long as the header; not dropped as long as the word owns it.
            Word::Snapshot(ManuallyDrop::new(unsafe { Snapshot::from_raw(snapshot) }))
        } else {
            Word::Extra(word.cast())
        }
    }
}

impl Drop for Attached {
    #[inline]
    fn drop(&mut self) {
        match self.word() {
            Word::Null => {}
            Word::Snapshot(snapshot) => drop(ManuallyDrop::into_inner(snapshot)),
            // SAFETY: the box that `make_extra` made; the header owns it, and goes.
            Word::Extra(extra) => drop(unsafe { Box::from_raw(extra) }),
        }
    }
}
