//! `State`: what the handles, the tasks and the runners of one executor share.
//!
//! Tasks that become ready go to the injector. Each runner moves them in batches to a bounded queue of its own,
//! from which other runners may steal half when they find nothing else.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::task::Waker;

use async_task::{Builder, Runnable, Task};
use concurrent_queue::ConcurrentQueue;

use crate::active::Active;
use crate::idle::Idle;

/// How many tasks a runner's own queue holds.
pub(crate) const LOCAL: usize = 512;

/// A runner's own queue.
pub(crate) type Local = Arc<ConcurrentQueue<Runnable>>;

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) injector: ConcurrentQueue<Runnable>,
    pub(crate) locals: RwLock<Vec<Local>>,
    pub(crate) idle: Idle,
    active: Mutex<Active>,
    hooked: AtomicBool,
    hook: Mutex<Option<Waker>>,
}

pin_project_lite::pin_project! {
    /// A future that is active until it is dropped. The guard comes second: fields are dropped in their order.
    struct ActiveFuture<F> {
        #[pin]
        future: F,
        guard: ActiveGuard,
    }
}

struct ActiveGuard {
    state: Arc<State>,
    index: usize,
}

impl<F: Future> Future for ActiveFuture<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: std::pin::Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> std::task::Poll<F::Output> {
        self.project().future.poll(cx)
    }
}

impl Drop for ActiveGuard {
    fn drop(&mut self) {
        let waker = self.state.active().remove(self.index);
        drop(waker);
    }
}

impl State {
    pub(crate) fn new() -> State {
        State {
            injector: ConcurrentQueue::unbounded(),
            locals: RwLock::new(Vec::new()),
            idle: Idle::new(),
            active: Mutex::new(Active::default()),
            hooked: AtomicBool::new(false),
            hook: Mutex::new(None),
        }
    }

    pub(crate) fn active(&self) -> MutexGuard<'_, Active> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a task that is ready to run, with the lock of the active ones held by the caller.
    ///
    /// # Safety
    ///
    /// The future is polled and dropped only where its type may be, and it is gone before what it borrows: the
    /// executor is dropped by then, which waits for that.
    #[expect(unsafe_code, reason = "tasks may borrow what outlives the executor")]
    pub(crate) unsafe fn spawn<F: Future>(
        self: &Arc<Self>,
        active: &mut Active,
        future: F,
    ) -> (Runnable, Task<F::Output>) {
        let index = active.reserve();
        let guard = ActiveGuard {
            state: self.clone(),
            index,
        };
        let state = self.clone();
        let schedule = move |runnable| state.schedule(runnable);
        let builder = Builder::new().propagate_panic(true);
        // SAFETY: the schedule function is Send, Sync and 'static; the future is the caller's promise.
        let (runnable, task) =
            unsafe { builder.spawn_unchecked(|()| ActiveFuture { future, guard }, schedule) };
        active.fill(index, runnable.waker());
        (runnable, task)
    }

    pub(crate) fn schedule(&self, runnable: Runnable) {
        if self.injector.push(runnable).is_err() {
            unreachable!("the injector is unbounded and never closed");
        }
        self.idle.notify();
        if self.hooked.load(Ordering::Acquire) {
            let hook = self.hook.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if let Some(hook) = hook {
                hook.wake();
            }
        }
    }

    pub(crate) fn set_hook(&self, hook: Option<Waker>) {
        let hooked = hook.is_some();
        let previous = std::mem::replace(
            &mut *self.hook.lock().unwrap_or_else(PoisonError::into_inner),
            hook,
        );
        self.hooked.store(hooked, Ordering::Release);
        drop(previous);
    }

    pub(crate) fn locals(&self) -> Vec<Local> {
        self.locals.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn has_ready(&self) -> bool {
        !self.injector.is_empty() || self.locals().iter().any(|local| !local.is_empty())
    }

    /// Takes a ready task without a queue of one's own.
    pub(crate) fn pop(&self) -> Option<Runnable> {
        let injected = self.injector.pop().ok();
        injected.or_else(|| self.locals().iter().find_map(|local| local.pop().ok()))
    }

    /// Ends every task by dropping its future. It returns when the last is gone: a thread that is waking one has it
    /// in its hands for a moment. A task that is just being polled up this very stack, because it owns the executor
    /// that is being dropped, cannot end meanwhile; it is left after a while, to be dropped at the end of its poll.
    pub(crate) fn end_all(&self) {
        let mut waits = 0;
        while waits < 10_000 {
            while let Some(runnable) = self.pop() {
                drop(runnable);
            }
            let wakers = {
                let active = self.active();
                if active.len() == 0 {
                    return;
                }
                active.wakers()
            };
            wakers.into_iter().for_each(Waker::wake);
            if !self.has_ready() {
                waits += 1;
                std::thread::yield_now();
            }
        }
    }
}

/// Moves about half of `from`, at most what fits, to `to`.
pub(crate) fn steal(from: &ConcurrentQueue<Runnable>, to: &ConcurrentQueue<Runnable>) {
    let mut count = from.len().div_ceil(2);
    if let Some(capacity) = to.capacity() {
        count = count.min(capacity - to.len());
    }
    for _ in 0..count {
        let Ok(runnable) = from.pop() else { return };
        if let Err(full) = to.push(runnable) {
            // Its owner pushes nothing meanwhile, so there was room; back to where others find it.
            if from.push(full.into_inner()).is_err() {
                unreachable!("what was taken from a queue fits into it");
            }
            return;
        }
    }
}
