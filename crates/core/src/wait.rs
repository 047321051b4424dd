//! The wait record: what a task waits for, in one word of its cell.
//!
//! The word holds a kind and an address. It is written with relaxed stores by what the task awaits, when that is
//! about to say "not yet", and cleared when the task's next step begins. It is for those who look at a program from
//! outside: it may be stale for a moment, and an address in it is to be compared, not followed.

use std::sync::atomic::Ordering;
use std::task::Waker;

use crate::{cell, thread};

/// What a task waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wait {
    /// The kind of thing.
    pub kind: WaitKind,
    /// Its address, which tells it from others of its kind; 0 where that means nothing.
    pub address: usize,
}

/// The kinds of things that tasks wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum WaitKind {
    /// Not noted, or the task runs.
    #[default]
    Unknown,
    /// A task; the address is that of its cell.
    Task,
    /// All tasks of a group or a set.
    Group,
    /// A deadline.
    Timer,
    /// A file descriptor or socket; the number takes the place of the address.
    Io,
    /// A lock.
    Lock,
    /// A permit of a semaphore that was made with several, or with none.
    Semaphore,
    /// A condition, an event, a barrier or another signal.
    Signal,
    /// A place in a queue, or an item from it.
    Queue,
    /// A child process.
    Process,
    /// A thread that does blocking work.
    Thread,
    /// A promise.
    Promise,
    /// Any one of several tasks of a set.
    AnyOf,
    /// The permit of a semaphore that was made with one.
    OnlyPermit,
}

impl WaitKind {
    /// Is it other tasks that are waited for: one, all of several, or any of them?
    pub fn is_of_tasks(self) -> bool {
        matches!(self, WaitKind::Task | WaitKind::Group | WaitKind::AnyOf)
    }
}

const KINDS: [WaitKind; 14] = [
    WaitKind::Unknown,
    WaitKind::Task,
    WaitKind::Group,
    WaitKind::Timer,
    WaitKind::Io,
    WaitKind::Lock,
    WaitKind::Semaphore,
    WaitKind::Signal,
    WaitKind::Queue,
    WaitKind::Process,
    WaitKind::Thread,
    WaitKind::Promise,
    WaitKind::AnyOf,
    WaitKind::OnlyPermit,
];
const KIND_BITS: u32 = 4;

impl Wait {
    /// What a wait record shows of an address.
    pub fn visible(address: usize) -> usize {
        (address << KIND_BITS) >> KIND_BITS
    }

    pub(crate) fn from_word(word: usize) -> Wait {
        let kind = KINDS
            .get(word & ((1 << KIND_BITS) - 1))
            .copied()
            .unwrap_or_default();
        Wait {
            kind,
            address: word >> KIND_BITS,
        }
    }
}

/// Notes what the running task waits for; nothing happens outside of a task.
#[inline]
pub fn waits_for(kind: WaitKind, address: usize) {
    // Of a part of the loop nobody looks at it.
    thread::with_stepping(|task| {
        if let Some(task) = task {
            // The upper bits of an address are the same for all of a process.
            let word = (address << KIND_BITS) | kind as usize;
            #[expect(unsafe_code, reason = "the running task's cell")]
            // SAFETY: whoever runs the step has a reference.
            unsafe { task.as_ref() }.wait.store(word, Ordering::Relaxed);
        }
    });
}

/// Notes that the running task waits for a deadline, unless it is known to wait for something else: a deadline mostly
/// bounds another wait.
#[inline]
pub fn waits_for_deadline() {
    thread::with_stepping(|task| {
        if let Some(task) = task {
            #[expect(unsafe_code, reason = "the running task's cell")]
            // SAFETY: whoever runs the step has a reference.
            let wait = &unsafe { task.as_ref() }.wait;
            if wait.load(Ordering::Relaxed) == 0 {
                wait.store(WaitKind::Timer as usize, Ordering::Relaxed);
            }
        }
    });
}

/// The number of the task that is woken by `waker`, if it is a task of ours and the waker its own.
pub fn task_of_waker(waker: &Waker) -> Option<u64> {
    cell::id_of_waker(waker)
}

/// The number of the task that takes a step on this thread; 0 outside of tasks. It is what a lock or a permit notes
/// as its holder.
#[inline]
pub fn current_task_id() -> u64 {
    // A part of the loop has the number 0.
    thread::with_stepping(|task| {
        #[expect(unsafe_code, reason = "the running task's cell")]
        // SAFETY: whoever runs the step has a reference.
        task.map_or(0, |task| unsafe { task.as_ref() }.id())
    })
}
