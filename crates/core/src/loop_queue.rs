//! `LoopQueue`: the ready queue of one loop on one thread.
//!
//! One FIFO holds all that is ready. On the loop's own thread a push takes no lock and no atomic operation; other
//! threads push to the remote side, which the loop moves over at each turn. The order is that of the wakes, so two
//! runs of a program whose input is the same take the same steps.
//!
//! What this file leaves to the loop: when to look at I/O and at the timers, and how to wait.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::rc::Rc;
use std::task::Waker;

use async_task::Runnable;

use crate::cell;
use crate::meta::{INDEX_BITS, QueueId, TaskMeta};
use crate::raw_task::RawTask;
use crate::registry::{Left, Registry};
use crate::table::{self, TaskRemote, TooManyQueues};
use crate::thread;

/// The ready queue of a loop: single owner, bound to the thread that made it.
pub struct LoopQueue {
    state: Rc<LoopState>,
}

pub(crate) struct LoopState {
    id: QueueId,
    remote: &'static TaskRemote,
    ready: RefCell<VecDeque<Runnable<TaskMeta>>>,
    registry: RefCell<Registry>,
    closed: Cell<bool>,
}

impl LoopState {
    #[inline]
    pub(crate) fn id(&self) -> QueueId {
        self.id
    }

    #[inline]
    pub(crate) fn push(&self, runnable: Runnable<TaskMeta>) {
        self.ready.borrow_mut().push_back(runnable);
    }

    #[inline]
    pub(crate) fn unregister(&self, index: u32) -> Left {
        self.registry.borrow_mut().remove(index)
    }

    pub(crate) fn hold(&self, meta: TaskMeta) {
        cell::hold(&mut self.registry.borrow_mut(), meta.index());
    }

    /// # Safety
    ///
    /// As for [`cell::on_loop`].
    #[expect(unsafe_code, reason = "the main future of a loop borrows from its caller")]
    #[inline]
    unsafe fn spawn<F: Future>(&self, future: F) -> Result<RawTask<F::Output>, F> {
        if self.closed.get() {
            return Err(future);
        }
        // SAFETY: passed on to the caller. The state is not Send, so this is the loop's thread.
        let (runnable, task) = unsafe { cell::on_loop(self.id, &mut self.registry.borrow_mut(), future) };
        self.push(runnable);
        Ok(task)
    }

    #[inline]
    fn pop(&self) -> Option<Runnable<TaskMeta>> {
        self.ready.borrow_mut().pop_front()
    }

    fn take_remote(&self) {
        // No more than what is there now: a thread that pushes without end must not keep the loop here.
        for _ in 0..self.remote.len() {
            match self.remote.pop() {
                Some(runnable) => self.push(runnable),
                None => break,
            }
        }
    }
}

impl LoopQueue {
    /// A queue for a loop on this thread.
    ///
    /// # Errors
    ///
    /// When this process has 4096 loops and pools already.
    pub fn new() -> Result<LoopQueue, TooManyQueues> {
        let (id, remote) = table::claim()?;
        Ok(LoopQueue {
            state: Rc::new(LoopState {
                id,
                remote,
                ready: RefCell::new(VecDeque::new()),
                registry: RefCell::new(Registry::new(1 << INDEX_BITS)),
                closed: Cell::new(false),
            }),
        })
    }

    /// The name of this queue in this process.
    pub fn id(&self) -> QueueId {
        self.state.id
    }

    /// Calls `f` with this as the queue that [`spawn_local`] and wakes on this thread use.
    pub fn enter<R>(&self, f: impl FnOnce() -> R) -> R {
        let _restore = thread::enter_loop(&self.state);
        f()
    }

    /// Sets what ends the loop's wait when another thread wakes a task.
    pub fn set_unpark(&self, unpark: Waker) {
        self.state.remote.set_unpark(Some(unpark));
    }

    /// Spawns a task on this queue.
    ///
    /// # Errors
    ///
    /// Gives the future back when the queue was closed.
    pub fn spawn<F: Future + 'static>(&self, future: F) -> Result<RawTask<F::Output>, F> {
        // SAFETY: the future is 'static.
        #[expect(unsafe_code, reason = "the one caller with a 'static future")]
        unsafe {
            self.state.spawn(future)
        }
    }

    /// Spawns a task that may borrow from its caller.
    ///
    /// # Errors
    ///
    /// Gives the future back when the queue was closed.
    ///
    /// # Safety
    ///
    /// The future is gone before what it borrows: the task was awaited to its end, or this queue closed. A panic
    /// between here and there must not skip that.
    #[expect(unsafe_code, reason = "the main future of a loop borrows from its caller")]
    pub unsafe fn spawn_borrowing<F: Future>(&self, future: F) -> Result<RawTask<F::Output>, F> {
        // SAFETY: passed on to the caller.
        unsafe { self.state.spawn(future) }
    }

    /// Moves over what other threads woke.
    pub fn take_remote(&self) {
        if !self.state.remote.is_empty() {
            self.state.take_remote();
        }
    }

    /// Runs the tasks that are ready now, in order, and after them what became ready meanwhile, as far as `budget`
    /// steps go. Gives the number of steps. With a budget of 0 it runs exactly what was ready at entry.
    pub fn tick(&self, budget: usize) -> usize {
        let _restore = thread::enter_loop(&self.state);
        let steps = self.state.ready.borrow().len().max(budget);
        for done in 0..steps {
            match self.state.pop() {
                Some(runnable) => cell::run(runnable),
                None => return done,
            }
        }
        steps
    }

    /// Is a task ready on the loop's own side?
    #[inline]
    pub fn has_ready(&self) -> bool {
        !self.state.ready.borrow().is_empty()
    }

    /// How many tasks are ready on the loop's own side.
    pub fn ready_len(&self) -> usize {
        self.state.ready.borrow().len()
    }

    /// How many tasks of this queue have not ended.
    pub fn live(&self) -> usize {
        self.state.registry.borrow().len()
    }

    /// Announces that the loop is about to wait; a wake from another thread will from now on unpark it. `false`
    /// means that something is ready on the remote side and the loop must not wait.
    #[must_use = "on false the loop must not wait"]
    pub fn prepare_park(&self) -> bool {
        self.state.remote.prepare_park()
    }

    /// Says that the wait is over.
    pub fn unparked(&self) {
        self.state.remote.unparked();
    }

    /// Ends every task by dropping its future, on this thread, and refuses new ones. Idempotent.
    ///
    /// It returns when the last future is gone. A thread that is just now waking one of them has the task's
    /// `Runnable` in its hands for a moment; this waits for it to arrive.
    pub fn close(&self) {
        let state = &self.state;
        if state.closed.replace(true) {
            return;
        }
        let _restore = thread::enter_loop(state);
        loop {
            while let Some(runnable) = state.pop() {
                cell::discard(runnable);
            }
            if state.registry.borrow().len() == 0 {
                break;
            }
            self.wake_all();
            if state.remote.is_empty() && !self.has_ready() {
                std::thread::yield_now();
            }
            state.take_remote();
        }
        *state.ready.borrow_mut() = VecDeque::new();
    }

    /// Wakes every live task, so that its `Runnable` comes to the ready queue.
    fn wake_all(&self) {
        let mut from = 0;
        loop {
            let waker = {
                let registry = self.state.registry.borrow();
                let Some((index, cell)) = registry.next(from) else {
                    return;
                };
                from = index + 1;
                #[expect(unsafe_code, reason = "the registry holds addresses")]
                // SAFETY: the task is registered, and the registry is borrowed: nothing leaves it now.
                unsafe {
                    cell::waker(cell)
                }
            };
            waker.wake();
        }
    }
}

impl Drop for LoopQueue {
    fn drop(&mut self) {
        self.close();
        table::release(self.state.id);
    }
}

impl fmt::Debug for LoopQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoopQueue")
            .field("id", &self.id())
            .field("ready", &self.ready_len())
            .field("live", &self.live())
            .finish_non_exhaustive()
    }
}

/// Spawns a task on the loop that this thread turns.
///
/// # Errors
///
/// Gives the future back when this thread turns no loop, or the loop is ending.
#[inline]
pub fn spawn_local<F: Future + 'static>(future: F) -> Result<RawTask<F::Output>, F> {
    thread::with_loop(|state| match state {
        // SAFETY: the future is 'static.
        #[expect(unsafe_code, reason = "the one caller with a 'static future")]
        Some(state) => unsafe { state.spawn(future) },
        None => Err(future),
    })
}

/// The queue of the loop that this thread turns.
pub fn current_loop() -> Option<QueueId> {
    thread::with_loop(|state| state.map(LoopState::id))
}
