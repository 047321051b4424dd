//! What this thread runs at the moment: which loop it turns, for which pool it works, and which task it polls.
//!
//! Raw addresses in `Cell`s, since a slot with a destructor would cost a check at every access, and these are read
//! on each wake. Each address is set for a stretch of code by a guard that also keeps its target alive, and put
//! back at the end: so what is found here can be used until the caller returns.

#![expect(
    unsafe_code,
    reason = "the thread-local addresses are read at every wake and every spawn"
)]

use std::cell::Cell;
use std::ptr;

use crate::loop_queue::LoopState;
use crate::pool_queue::PoolState;

pub(crate) struct Thread {
    queue: Cell<*const LoopState>,
    pool: Cell<*const PoolState>,
    worker: Cell<usize>,
    running: Cell<u32>,
}

thread_local! {
    static THREAD: Thread = const {
        Thread {
            queue: Cell::new(ptr::null()),
            pool: Cell::new(ptr::null()),
            worker: Cell::new(0),
            running: Cell::new(u32::MAX),
        }
    };
}

/// Puts back what a thread ran before.
pub(crate) struct Restore<'a> {
    queue: *const LoopState,
    pool: *const PoolState,
    worker: usize,
    running: u32,
    /// What was entered lives at least as long as the guard.
    _entered: std::marker::PhantomData<&'a ()>,
}

/// The loop `state` is the one that this thread turns, until the guard is dropped.
pub(crate) fn enter_loop(state: &LoopState) -> Restore<'_> {
    THREAD.with(|thread| {
        let restore = save(thread);
        thread.queue.set(state);
        restore
    })
}

/// This thread is worker number `worker` of the pool `state`, until the guard is dropped.
pub(crate) fn enter_pool(state: &PoolState, worker: usize) -> Restore<'_> {
    THREAD.with(|thread| {
        let restore = save(thread);
        thread.pool.set(state);
        thread.worker.set(worker);
        restore
    })
}

fn save<'a>(thread: &Thread) -> Restore<'a> {
    Restore {
        queue: thread.queue.get(),
        pool: thread.pool.get(),
        worker: thread.worker.get(),
        running: thread.running.get(),
        _entered: std::marker::PhantomData,
    }
}

impl Drop for Restore<'_> {
    fn drop(&mut self) {
        THREAD.with(|thread| {
            thread.queue.set(self.queue);
            thread.pool.set(self.pool);
            thread.worker.set(self.worker);
            thread.running.set(self.running);
        });
    }
}

/// Calls `f` with the loop that this thread turns.
#[inline]
pub(crate) fn with_loop<R>(f: impl FnOnce(Option<&LoopState>) -> R) -> R {
    THREAD.with(|thread| {
        // SAFETY: a non-null address was set by `enter_loop`, whose guard borrows the state and puts the former
        // address back before that borrow ends. The thread cannot drop the guard while it is in here, save by
        // returning from here: guards are locals of this crate's functions, in frames below this one, never handed out.
        f(unsafe { thread.queue.get().as_ref() })
    })
}

/// Calls `f` with the loop that this thread turns, and the registry's index of the task that it polls or drops.
#[inline]
pub(crate) fn with_running<R>(f: impl FnOnce(Option<&LoopState>, u32) -> R) -> R {
    THREAD.with(|thread| {
        // SAFETY: as in `with_loop`.
        f(unsafe { thread.queue.get().as_ref() }, thread.running.get())
    })
}

/// Calls `f` with the pool that this thread works for, and its number as a worker.
#[inline]
pub(crate) fn with_pool<R>(f: impl FnOnce(Option<(&PoolState, usize)>) -> R) -> R {
    THREAD.with(|thread| {
        // SAFETY: as in `with_loop`, with `enter_pool`.
        let pool = unsafe { thread.pool.get().as_ref() };
        f(pool.map(|pool| (pool, thread.worker.get())))
    })
}

/// Notes that the task at `index` of its registry is about to be polled or dropped.
#[inline]
pub(crate) fn set_running(index: u32) {
    THREAD.with(|thread| thread.running.set(index));
}

/// The registry's index of the task that is being polled or dropped.
#[inline]
pub(crate) fn running() -> u32 {
    THREAD.with(|thread| thread.running.get())
}
