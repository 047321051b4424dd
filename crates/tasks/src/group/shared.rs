//! What a group's handles, its tasks, and the future that waits for them have in common.

use std::any::Any;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use asyncio_core::{TaskRef, note_member};

pub(crate) struct Shared<E> {
    state: Mutex<State<E>>,
    /// The group shuts down. Set under the lock, looked at without it at each poll of the body.
    abort: AtomicBool,
}

struct State<E> {
    /// One entry for each task that has not ended.
    children: Vec<Entry>,
    /// The first free entry.
    free: usize,
    live: usize,
    errors: Vec<E>,
    panic: Option<Box<dyn Any + Send>>,
    entered: bool,
    /// The body has ended.
    closing: bool,
    /// All has ended.
    finished: bool,
    by_itself: bool,
    /// Wakes the future that waits.
    waker: Option<Waker>,
}

enum Entry {
    Free(usize),
    /// The task is about to be made.
    Reserved,
    Running(TaskRef),
}

const NONE: usize = usize::MAX;

/// What came of the tasks: the first panic, and the errors.
pub(crate) type Finished<E> = (Option<Box<dyn Any + Send>>, Vec<E>);

/// How a task of the group ended.
pub(crate) enum End<E> {
    /// With a value, or cancelled: no failure.
    Quiet,
    Failed(E),
    Panicked(Box<dyn Any + Send>),
}

impl<E> Shared<E> {
    pub(crate) fn new() -> Arc<Shared<E>> {
        Arc::new(Shared {
            state: Mutex::new(State {
                children: Vec::new(),
                free: NONE,
                live: 0,
                errors: Vec::new(),
                panic: None,
                entered: false,
                closing: false,
                finished: false,
                by_itself: false,
                waker: None,
            }),
            abort: AtomicBool::new(false),
        })
    }

    fn state(&self) -> MutexGuard<'_, State<E>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that the body is run. `false` if it was before.
    pub(crate) fn enter(&self) -> bool {
        !mem::replace(&mut self.state().entered, true)
    }

    #[inline]
    pub(crate) fn is_aborted(&self) -> bool {
        self.abort.load(Ordering::Acquire)
    }

    /// Makes room for a task. `None` if the group takes no more.
    #[inline]
    pub(crate) fn reserve(&self) -> Option<usize> {
        let mut state = self.state();
        if self.is_aborted() || state.finished {
            return None;
        }
        state.live += 1;
        if state.free == NONE {
            state.children.push(Entry::Reserved);
            return Some(state.children.len() - 1);
        }
        let index = state.free;
        if let Entry::Free(next) = mem::replace(&mut state.children[index], Entry::Reserved) {
            state.free = next;
        }
        Some(index)
    }

    /// The task was made; it may have ended since.
    #[inline]
    pub(crate) fn started(&self, index: usize, task: &TaskRef) {
        let mut state = self.state();
        if !matches!(state.children.get(index), Some(Entry::Reserved)) || task.is_finished() {
            return;
        }
        state.children[index] = Entry::Running(task.clone());
        note_member(task, std::ptr::from_ref(self).addr());
        if self.is_aborted() {
            drop(state);
            task.cancel_msg(SHUTTING_DOWN);
        }
    }

    /// A task has ended.
    #[inline]
    pub(crate) fn ended(&self, index: usize, end: End<E>) {
        let mut state = self.state();
        let free = state.free;
        let entry = mem::replace(&mut state.children[index], Entry::Free(free));
        state.free = index;
        state.live -= 1;
        let fails = match end {
            End::Quiet => false,
            End::Failed(error) => {
                state.errors.push(error);
                true
            }
            End::Panicked(panic) => {
                state.panic.get_or_insert(panic);
                true
            }
        };
        let waker = if state.live == 0 && state.closing {
            state.waker.clone()
        } else {
            None
        };
        drop(state);
        drop(entry);
        if fails {
            self.abort();
        }
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Shuts the group down: cancels every task, refuses new ones, and wakes who waits.
    #[cold]
    pub(crate) fn abort(&self) {
        let (running, waker) = {
            let state = self.state();
            if self.abort.swap(true, Ordering::AcqRel) || state.finished {
                return;
            }
            (state.running(), state.waker.clone())
        };
        for task in running {
            task.cancel_msg(SHUTTING_DOWN);
        }
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(crate) fn cancel_by_itself(&self) {
        {
            let mut state = self.state();
            if state.finished {
                return;
            }
            state.by_itself = true;
        }
        self.abort();
    }

    /// The tasks that have not ended.
    pub(crate) fn running(&self) -> Vec<TaskRef> {
        self.state().running()
    }

    pub(crate) fn was_cancelled(&self) -> bool {
        self.state().by_itself
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_aborted() || self.state().finished
    }

    pub(crate) fn live(&self) -> usize {
        self.state().live
    }

    /// Who is woken when the group shuts down or its last task ends.
    pub(crate) fn set_waker(&self, waker: &Waker) {
        let old = self.state().waker.replace(waker.clone());
        drop(old);
    }

    /// The body failed.
    pub(crate) fn body_failed(&self, error: E) {
        self.state().errors.push(error);
        self.abort();
    }

    /// The body panicked.
    pub(crate) fn body_panicked(&self, panic: Box<dyn Any + Send>) {
        let spare = {
            let mut state = self.state();
            match state.panic {
                None => state.panic.replace(panic),
                Some(_) => Some(panic),
            }
        };
        drop(spare);
        self.abort();
    }

    /// The body has ended.
    pub(crate) fn close(&self) {
        self.state().closing = true;
    }

    /// What came of the tasks, once all have ended.
    pub(crate) fn finish(&self) -> Option<Finished<E>> {
        let mut state = self.state();
        if state.live > 0 {
            return None;
        }
        state.finished = true;
        let waker = state.waker.take();
        let result = (state.panic.take(), mem::take(&mut state.errors));
        drop(state);
        drop(waker);
        Some(result)
    }
}

impl<E> State<E> {
    fn running(&self) -> Vec<TaskRef> {
        let running = self.children.iter().filter_map(|entry| match entry {
            Entry::Running(task) => Some(task.clone()),
            Entry::Free(_) | Entry::Reserved => None,
        });
        running.collect()
    }
}

pub(crate) const SHUTTING_DOWN: &str = "the task group is shutting down";
