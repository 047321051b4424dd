//! `Extra`: what few tasks have, in a box that is made when it is needed.
//!
//! One lock guards it all. Nothing is woken, dropped or called while it is held.

use std::collections::BTreeMap;
use std::ptr;
use std::sync::PoisonError;
use std::task::Waker;

use crate::cell::header::Header;
use crate::cell::state::CANCEL;
use crate::sync::{Mutex, MutexGuard, Ordering};
use crate::{Context, Request, TaskName, TaskRef};

pub(crate) struct Extra(Mutex<Rare>);

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
    /// Who awaits a loop's task from another thread. The state has `NOTIFY`.
    pub(crate) remote_joiner: Option<Waker>,
    /// Wakes the future that runs the task on an executor which is not ours.
    pub(crate) runner: Option<Waker>,
}

impl Header {
    /// The rare part, made if need be, locked.
    pub(crate) fn rare(&self) -> MutexGuard<'_, Rare> {
        let mut extra = self.extra.load(Ordering::Acquire);
        if extra.is_null() {
            extra = self.make_extra();
        }
        #[expect(
            unsafe_code,
            reason = "an atomic pointer to a box that lives as long as the header"
        )]
        // SAFETY: once set the pointer stays, and its target lives as long as the header.
        let extra = unsafe { &*extra };
        extra.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rare part, locked, if there is one.
    pub(crate) fn rare_if_made(&self) -> Option<MutexGuard<'_, Rare>> {
        (!self.extra.load(Ordering::Acquire).is_null()).then(|| self.rare())
    }

    /// The request that the task has not seen yet.
    #[cold]
    pub(crate) fn take_request(&self) -> Option<Request> {
        let mut rare = self.rare();
        self.state.clear(CANCEL);
        rare.request.take()
    }

    #[cold]
    fn make_extra(&self) -> *mut Extra {
        let made = Box::into_raw(Box::new(Extra(Mutex::new(Rare::default()))));
        let set = self
            .extra
            .compare_exchange(ptr::null_mut(), made, Ordering::AcqRel, Ordering::Acquire);
        match set {
            Ok(_) => made,
            Err(first) => {
                #[expect(unsafe_code, reason = "the box that was made just above")]
                // SAFETY: another thread was first, nobody has seen this one.
                drop(unsafe { Box::from_raw(made) });
                first
            }
        }
    }
}

impl Drop for Header {
    fn drop(&mut self) {
        let extra = self.extra.load(Ordering::Acquire);
        if !extra.is_null() {
            #[expect(unsafe_code, reason = "the box that `make_extra` made")]
            // SAFETY: the header owns it, and goes.
            drop(unsafe { Box::from_raw(extra) });
        }
    }
}
