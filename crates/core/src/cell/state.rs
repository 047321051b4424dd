//! The state word of a task's cell: its bits, and who may set them.
//!
//! The low bits say what happened to the task, the rest counts references. Legal combinations:
//!
//! | bit | set by | cleared by | with |
//! |---|---|---|---|
//! | `DONE` | who ran the task, in one exchange | never | not with `RUNNING` |
//! | `MERGED` | with `DONE` on a loop; at birth elsewhere | never | |
//! | `CANCEL` | any thread, under the lock of `Extra` | the task at its next step, or a withdrawal | not set after `DONE` |
//! | `JOIN` | the handle, off the loop | the handle | the waker in `joiner` is then read-only |
//! | `DETACHED` | the handle, when it is dropped | never | whoever sees `DONE` and this drops the outcome |
//! | `NOTIFY` | any thread, under the lock of `Extra` | never | |
//! | `SCHEDULED` | any thread, on a pool | the worker that runs the task | |
//! | `RUNNING` | the worker that runs the task | the same | |
//! | `REMOTE` | a thread that is not the loop's | the loop | the task lies in the loop's remote queue |
//!
//! References of a task on a loop are counted in two parts, as in biased reference counting (Choi, Shull and
//! Torrellas, 2018): the loop's thread counts in a plain integer of the header, all others here. Either part may be
//! negative, for a reference may be made here and dropped there; only the sum means something. Nothing is freed
//! before the task is done, so nobody needs the sum until then. At that point the loop's thread adds its part to
//! this word (`MERGED`), and from then on everybody counts here.

use crate::sync::{AtomicU64, Ordering};

pub(crate) const DONE: u64 = 1;
pub(crate) const MERGED: u64 = 1 << 1;
pub(crate) const CANCEL: u64 = 1 << 2;
pub(crate) const JOIN: u64 = 1 << 3;
pub(crate) const DETACHED: u64 = 1 << 4;
pub(crate) const NOTIFY: u64 = 1 << 5;
pub(crate) const SCHEDULED: u64 = 1 << 6;
pub(crate) const RUNNING: u64 = 1 << 7;
pub(crate) const REMOTE: u64 = 1 << 8;

const COUNT_SHIFT: u32 = 16;
/// One reference.
pub(crate) const REF: u64 = 1 << COUNT_SHIFT;
/// So many references are a leak that runs away: the count must not come around.
const MOST: u64 = 1 << 46;

/// How many references the word counts; modulo 2^48, so a negative number is a very large one.
#[inline]
pub(crate) fn count(state: u64) -> u64 {
    state >> COUNT_SHIFT
}

/// The word with `more` references.
#[inline]
pub(crate) fn add(state: u64, more: i64) -> u64 {
    state.wrapping_add((more << COUNT_SHIFT) as u64)
}

/// The state word.
#[derive(Debug)]
pub(crate) struct State(AtomicU64);

impl State {
    pub(crate) fn new(state: u64) -> State {
        State(AtomicU64::new(state))
    }

    #[inline]
    pub(crate) fn load(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    #[inline]
    pub(crate) fn is_done(&self) -> bool {
        self.load() & DONE != 0
    }

    /// Sets bits and gives the word of before.
    #[inline]
    pub(crate) fn set(&self, bits: u64) -> u64 {
        self.0.fetch_or(bits, Ordering::AcqRel)
    }

    /// Clears bits and gives the word of before.
    #[inline]
    pub(crate) fn clear(&self, bits: u64) -> u64 {
        self.0.fetch_and(!bits, Ordering::AcqRel)
    }

    /// `SCHEDULED` becomes `RUNNING`.
    pub(crate) fn start(&self) {
        self.0.fetch_xor(SCHEDULED | RUNNING, Ordering::AcqRel);
    }

    /// Replaces the word if it is still `current`.
    #[inline]
    pub(crate) fn exchange(&self, current: u64, new: u64) -> Result<(), u64> {
        let done = self
            .0
            .compare_exchange_weak(current, new, Ordering::AcqRel, Ordering::Acquire);
        done.map(drop)
    }

    /// Counts one reference more.
    #[inline]
    pub(crate) fn retain(&self) {
        let before = count(self.0.fetch_add(REF, Ordering::Relaxed));
        // A count below zero looks larger than any that is meant.
        if before > MOST && before < (u64::MAX >> COUNT_SHIFT) - MOST {
            std::process::abort();
        }
    }

    /// Counts `references` less and says whether the caller must free the cell.
    #[inline]
    pub(crate) fn release(&self, references: u64) -> bool {
        const LAST: u64 = DONE | MERGED;
        let state = self.load();
        if state & LAST == LAST && count(state) == references {
            // Nobody else has a reference, so nobody can make one.
            return true;
        }
        let before = self.0.fetch_sub(references * REF, Ordering::AcqRel);
        before & LAST == LAST && count(before) == references
    }
}
