//! `Batch`: the wakers that one turn has taken out, woken one by one with no lock or borrow held.
//!
//! A waker is foreign code: it may create and drop sleeps, and it may panic. Those behind a panic stay in the batch,
//! and the next turn begins with them.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Waker;

/// More room than this is given back after a turn.
const KEEP: usize = 1024;

pub(crate) struct Batch {
    wakers: VecDeque<Waker>,
}

impl Batch {
    pub(crate) const fn new() -> Batch {
        Batch {
            wakers: VecDeque::new(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.wakers.is_empty()
    }

    #[inline]
    pub(crate) fn push(&mut self, waker: Waker) {
        self.wakers.push_back(waker);
    }

    pub(crate) fn append(&mut self, wakers: Vec<Waker>) {
        self.wakers.extend(wakers);
    }

    pub(crate) fn take(&mut self) -> VecDeque<Waker> {
        std::mem::take(&mut self.wakers)
    }

    /// Wakes all, in order, and says how many.
    pub(crate) fn wake(&mut self) -> usize {
        let mut woken = 0;
        while let Some(waker) = self.wakers.pop_front() {
            waker.wake();
            woken += 1;
        }
        if self.wakers.capacity() > KEEP {
            self.wakers = VecDeque::new();
        }
        woken
    }
}

/// Wakes all even if one panics, for an owner that goes away; the first panic is passed on unless one is under way.
pub(crate) fn wake_all(wakers: impl IntoIterator<Item = Waker>) {
    let mut first = None;
    for waker in wakers {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
            first.get_or_insert(panic);
        }
    }
    if let Some(panic) = first {
        if !std::thread::panicking() {
            resume_unwind(panic);
        }
    }
}
