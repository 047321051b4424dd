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
use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::call::{Call, CallRef};
use crate::cell::{CANCEL, Header, Queued};
use crate::loop_queue::LoopState;
use crate::place::Kind;
use crate::pool_queue::PoolState;
use crate::{Request, members};

pub(crate) struct Thread {
    queue: Cell<*const LoopState>,
    /// `Place::home` of the tasks of that loop, or `NO_HOME`.
    home: Cell<u64>,
    pool: Cell<*const PoolState>,
    worker: Cell<usize>,
    /// The task that takes a step; or, with the bit `CALL`, the callback that is called; or `NOTHING`.
    running: Cell<*const Header>,
    /// The innermost cancel scope that is being polled; see [`scope_frame`].
    scope: Cell<*const ()>,
    /// The number of the next task that is made here, and where the numbers of this thread end.
    next_id: Cell<u64>,
    ids_end: Cell<u64>,
}

const NO_HOME: u64 = u64::MAX;

/// The lowest bit of the address of what runs: it is a callback, or nothing.
const CALL: usize = 1;
/// No task, and no callback: one look at the bit tells a task from the rest.
const NOTHING: *const Header = ptr::without_provenance(CALL);

thread_local! {
    static THREAD: Thread = const {
        Thread {
            queue: Cell::new(ptr::null()),
            home: Cell::new(NO_HOME),
            pool: Cell::new(ptr::null()),
            worker: Cell::new(0),
            running: Cell::new(NOTHING),
            scope: Cell::new(ptr::null()),
            next_id: Cell::new(0),
            ids_end: Cell::new(0),
        }
    };
}

/// Puts back what a thread ran before.
pub(crate) struct Restore<'a> {
    queue: *const LoopState,
    home: u64,
    pool: *const PoolState,
    worker: usize,
    /// What was entered lives at least as long as the guard.
    _entered: PhantomData<&'a ()>,
}

/// The loop `state` is the one that this thread turns, until the guard is dropped.
pub(crate) fn enter_loop(state: &LoopState) -> Restore<'_> {
    THREAD.with(|thread| {
        let restore = save(thread);
        thread.queue.set(state);
        thread.home.set(state.id().home_of_loop());
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

/// Calls `f` as code that no loop runs: what it wakes goes the way of wakes from other threads, so it ends the wait of
/// a loop that counts as parked.
///
/// For a loop whose wait lets others run on its thread.
pub fn leave_loop<R>(f: impl FnOnce() -> R) -> R {
    let _restore: Restore<'static> = THREAD.with(|thread| {
        let restore = save(thread);
        thread.queue.set(ptr::null());
        thread.home.set(NO_HOME);
        restore
    });
    outside(f)
}

fn save<'a>(thread: &Thread) -> Restore<'a> {
    Restore {
        queue: thread.queue.get(),
        home: thread.home.get(),
        pool: thread.pool.get(),
        worker: thread.worker.get(),
        _entered: PhantomData,
    }
}

impl Drop for Restore<'_> {
    fn drop(&mut self) {
        THREAD.with(|thread| {
            thread.queue.set(self.queue);
            thread.home.set(self.home);
            thread.pool.set(self.pool);
            thread.worker.set(self.worker);
        });
    }
}

/// Calls `f` with the loop that this thread turns.
#[inline]
pub(crate) fn with_loop<R>(f: impl FnOnce(Option<&LoopState>) -> R) -> R {
    // Only the address is fetched inside `with`, which is then a load wherever this is inlined.
    let queue = THREAD.with(|thread| thread.queue.get());
    // SAFETY: a non-null address was set by `enter_loop`, whose guard borrows the state and puts the former address back
    // before that borrow ends. The thread cannot drop the guard while it is in here, save by returning from here:
    // guards are locals of this crate's functions, in frames below this one, never handed out.
    f(unsafe { queue.as_ref() })
}

/// Calls `f` with the pool that this thread works for, and its number as a worker.
#[inline]
pub(crate) fn with_pool<R>(f: impl FnOnce(Option<(&PoolState, usize)>) -> R) -> R {
    let (pool, worker) = THREAD.with(|thread| (thread.pool.get(), thread.worker.get()));
    // SAFETY: as in `with_loop`, with `enter_pool`.
    f(unsafe { pool.as_ref() }.map(|pool| (pool, worker)))
}

/// `Place::home` of the tasks of the loop that this thread turns; that of no task if it turns none.
#[inline]
pub(crate) fn home() -> u64 {
    THREAD.with(|thread| thread.home.get())
}

/// Pushes to the ready queue of the loop that this thread turns, which is the task's.
#[inline]
pub(crate) fn push_ready(task: Queued) {
    with_loop(|state| match state {
        Some(state) => state.push(task),
        None => unreachable!("the thread turns the task's loop"),
    });
}

/// Pushes a callback to the ready queue of the loop that this thread turns, which is the callback's; if that was
/// closed, cancels it.
#[inline]
pub(crate) fn push_call(call: CallRef) {
    let refused = with_loop(|state| match state {
        Some(state) if !state.is_closed() => {
            state.push(Queued::from_call(call));
            None
        }
        _ => Some(call),
    });
    if let Some(call) = refused {
        call.cancel();
    }
}

/// Takes a task that ends out of the registry of its queue, which is the one that this thread runs or closes.
#[inline]
pub(crate) fn unregister(task: NonNull<Header>) {
    // SAFETY: who ends a task has a reference.
    let header = unsafe { task.as_ref() };
    let (place, id) = (&header.place, header.id());
    match place.kind() {
        Kind::Loop => with_loop(|state| {
            if let Some(state) = state {
                state.unregister(place.index(), id);
            }
        }),
        Kind::Pool => with_pool(|pool| {
            if let Some((state, _)) = pool {
                state.unregister(place.index());
                members::forget(id);
            }
        }),
        Kind::Foreign => {}
    }
}

/// While it lives, a task takes a step on this thread, outside of every cancel scope.
pub(crate) struct Step {
    running: *const Header,
    scope: *const (),
}

/// Begins a step of `task`, for whose time the caller keeps a reference.
#[inline]
pub(crate) fn begin_step(task: NonNull<Header>) -> Step {
    // SAFETY: the caller has a reference.
    unsafe { task.as_ref() }.wait.store(0, Ordering::Relaxed);
    begin(task.as_ptr())
}

/// Begins a stretch in which steps follow each other and nothing runs in between: see [`begin_next_step`].
#[inline]
pub(crate) fn begin_steps() -> Step {
    begin(NOTHING)
}

/// While it lives, a task takes a step on this thread; afterwards nothing runs.
pub(crate) struct NextStep(());

/// Begins a step as [`begin_step`] does, inside of [`begin_steps`]: it need not remember what ran before, which is
/// nothing.
#[inline]
pub(crate) fn begin_next_step(task: NonNull<Header>) -> NextStep {
    // SAFETY: the caller has a reference.
    unsafe { task.as_ref() }.wait.store(0, Ordering::Relaxed);
    THREAD.with(|thread| {
        debug_assert!(thread.running.get() == NOTHING && thread.scope.get().is_null());
        thread.running.set(task.as_ptr());
    });
    NextStep(())
}

/// Begins the call of a callback, as [`begin_next_step`] does for a task.
#[inline]
pub(crate) fn begin_next_call(call: NonNull<Call>) -> NextStep {
    THREAD.with(|thread| {
        debug_assert!(thread.running.get() == NOTHING && thread.scope.get().is_null());
        let call: *const Header = call.as_ptr().cast_const().cast();
        thread.running.set(call.map_addr(|address| address | CALL));
    });
    NextStep(())
}

impl Drop for NextStep {
    #[inline]
    fn drop(&mut self) {
        THREAD.with(|thread| {
            thread.running.set(NOTHING);
            thread.scope.set(ptr::null());
        });
    }
}

/// Hides the running task and its scopes from what `f` calls.
pub fn outside<R>(f: impl FnOnce() -> R) -> R {
    let _step = begin(NOTHING);
    f()
}

#[inline]
fn begin(running: *const Header) -> Step {
    THREAD.with(|thread| Step {
        running: thread.running.replace(running),
        scope: thread.scope.replace(ptr::null()),
    })
}

impl Drop for Step {
    #[inline]
    fn drop(&mut self) {
        THREAD.with(|thread| {
            thread.running.set(self.running);
            thread.scope.set(self.scope);
        });
    }
}

/// Calls `f` with the cell of the task that takes a step on this thread; a callback is none, nor is a part of the loop.
#[inline]
pub(crate) fn with_running<R>(f: impl FnOnce(Option<NonNull<Header>>) -> R) -> R {
    // SAFETY: whoever runs a step keeps a reference, and the address is put back before that is given up.
    with_stepping(|running| f(running.filter(|task| !unsafe { task.as_ref() }.is_part())))
}

/// As [`with_running`], for those to whom a part of the loop is as good as a task.
#[inline]
pub(crate) fn with_stepping<R>(f: impl FnOnce(Option<NonNull<Header>>) -> R) -> R {
    let running = THREAD.with(|thread| thread.running.get());
    // SAFETY: it is `NOTHING`, the address of a cell, or that of a call with the bit: never null. Said, so that it is not
    // looked for.
    unsafe { std::hint::assert_unchecked(!running.is_null()) };
    // SAFETY: what has not the bit is the address of a cell.
    let task = (running.addr() & CALL == 0).then(|| unsafe { NonNull::new_unchecked(running.cast_mut()) });
    f(task)
}

/// Calls `f` with the callback that is called on this thread, if what runs is one.
pub(crate) fn with_running_call<R>(f: impl FnOnce(Option<&Call>) -> R) -> R {
    let running = THREAD.with(|thread| thread.running.get());
    let call: *const Call = if running.addr() & CALL == 0 {
        ptr::null()
    } else {
        running.map_addr(|address| address & !CALL).cast()
    };
    // SAFETY: whoever calls a callback keeps a reference, and the address is put back before that is given up.
    f(unsafe { call.as_ref() })
}

/// Whether a task or a callback takes a step on this thread: to block it would hold up the loop or a worker.
#[inline]
pub fn in_step() -> bool {
    THREAD.with(|thread| thread.running.get()) != NOTHING
}

/// What `f` calls sees `frame` as the frame of the innermost cancel scope.
///
/// The scope tree belongs to asyncio-tasks; this crate only keeps its place in the thread, so that a step of a task
/// can hide the scopes that are outside of the task.
///
/// # Safety
///
/// `frame` points to a frame of asyncio-tasks that stays where it is while `f` runs.
#[inline]
pub unsafe fn with_scope_frame<R>(frame: *const (), f: impl FnOnce() -> R) -> R {
    struct Put(*const ());
    impl Drop for Put {
        #[inline]
        fn drop(&mut self) {
            THREAD.with(|thread| thread.scope.set(self.0));
        }
    }
    let _put = Put(THREAD.with(|thread| thread.scope.replace(frame)));
    f()
}

/// The frame of the innermost cancel scope that is being polled on this thread, or null.
#[inline]
pub fn scope_frame() -> *const () {
    THREAD.with(|thread| thread.scope.get())
}

/// The request to cancel the running task, if it has one that it has not seen. It is the caller's to deliver.
#[inline]
pub fn take_running_request() -> Option<Request> {
    with_running(|task| {
        let task = task?;
        // SAFETY: whoever runs the step keeps a reference.
        let header = unsafe { task.as_ref() };
        if header.state.load() & CANCEL == 0 {
            return None;
        }
        header.take_request()
    })
}

/// The number of a new task.
#[inline]
pub(crate) fn next_id() -> u64 {
    THREAD.with(|thread| {
        let id = thread.next_id.get();
        if id == thread.ids_end.get() {
            return first_of_more_ids(thread);
        }
        thread.next_id.set(id + 1);
        id
    })
}

#[cold]
fn first_of_more_ids(thread: &Thread) -> u64 {
    /// A thread takes so many numbers at a time, lest threads that make tasks share a cache line.
    const BLOCK: u64 = 64;
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let id = NEXT.fetch_add(BLOCK, Ordering::Relaxed);
    thread.next_id.set(id + 1);
    thread.ids_end.set(id + BLOCK);
    id
}
