//! `ReadySet`: which of many tasks have ended, in the order in which they did.
//!
//! Each task is joined with a waker of its own, which puts the task's index into a queue. So a look costs what has
//! ended, not what is waited for.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use asyncio_core::{WaitKind, note_member};

use crate::Task;

#[derive(Clone, Default)]
pub(crate) struct ReadySet {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    ready: VecDeque<usize>,
    waiters: Vec<Waker>,
}

/// The waker of one task.
struct Entry {
    shared: Arc<Shared>,
    index: usize,
    /// It lies in the queue, or has been taken from there.
    queued: AtomicBool,
}

impl Wake for Entry {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.queued.swap(true, Ordering::AcqRel) {
            return;
        }
        self.shared.push(self.index);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, index: usize) {
        let waiters = {
            let mut state = self.state();
            state.ready.push_back(index);
            std::mem::take(&mut state.waiters)
        };
        waiters.into_iter().for_each(Waker::wake);
    }
}

/// What one waits for who waits for any of so many tasks: of one it is that task.
pub(crate) fn of_several(tasks: usize) -> WaitKind {
    match tasks {
        1 => WaitKind::Group,
        _ => WaitKind::AnyOf,
    }
}

impl ReadySet {
    /// A waker that lets `index` come up, once.
    pub(crate) fn waker(&self, index: usize) -> Waker {
        Waker::from(Arc::new(Entry {
            shared: self.shared.clone(),
            index,
            queued: AtomicBool::new(false),
        }))
    }

    /// How it is told from others in a wait record.
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.shared).addr()
    }

    /// Lets `index` come up now.
    pub(crate) fn push(&self, index: usize) {
        self.shared.push(index);
    }

    /// Lets `index` come up when the task has ended, or at once if it has.
    pub(crate) fn watch<T>(&self, index: usize, task: &mut Task<T>) {
        note_member(task, self.address());
        let entry = self.waker(index);
        if task.join_with(&entry) {
            self.shared.push(index);
        }
    }

    /// The index of the next task that has ended.
    pub(crate) fn poll_next(&self, cx: &mut Context<'_>) -> Poll<usize> {
        let mut state = self.shared.state();
        if let Some(index) = state.ready.pop_front() {
            return Poll::Ready(index);
        }
        if !state.waiters.iter().any(|waiter| waiter.will_wake(cx.waker())) {
            state.waiters.push(cx.waker().clone());
        }
        Poll::Pending
    }

    /// The index of the next task that has ended, if there is one now.
    pub(crate) fn try_next(&self) -> Option<usize> {
        self.shared.state().ready.pop_front()
    }
}
