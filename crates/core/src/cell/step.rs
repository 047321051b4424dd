//! One step of a task: on its loop, on a worker of its pool, or inside the future that runs it elsewhere.

#![expect(unsafe_code, reason = "a cell is polled through a pointer")]

use std::mem;
use std::panic::Location;
use std::ptr::NonNull;
use std::task::{Context, Poll, Waker};

use crate::call::{Call, CallRef};
use crate::cell::finish::{close_local, close_shared, finish_local, finish_shared};
use crate::cell::header::{ASKED_ITSELF, ENDED, Header, READY, release};
use crate::cell::state::{RUNNING, SCHEDULED};
use crate::cell::wake::{borrowed_waker, push_to_pool, schedule};
use crate::place::Kind;
use crate::{TaskRef, thread};

/// A task in a queue, or on its way to one: a reference that says "let it take a step". Or, in the queues of a loop, a
/// callback that is to be called: then the address has the bit `CALL`.
pub(crate) struct Queued(NonNull<Header>);

const CALL: usize = 1;

// SAFETY: a pointer to a cell with a reference; what may be touched by which thread is the cell's business.
unsafe impl Send for Queued {}

impl Queued {
    /// # Safety
    ///
    /// The caller's reference goes into it.
    #[inline]
    pub(crate) unsafe fn from_raw(cell: NonNull<Header>) -> Queued {
        Queued(cell)
    }

    /// A callback.
    #[inline]
    pub(crate) fn from_call(call: CallRef) -> Queued {
        let call = call.into_raw().cast::<Header>();
        Queued(call.map_addr(|address| address | CALL))
    }

    /// The callback's cell, if it is one.
    #[inline]
    fn as_call(&self) -> Option<NonNull<Call>> {
        if self.0.addr().get() & CALL == 0 {
            return None;
        }
        NonNull::new(self.0.as_ptr().map_addr(|address| address & !CALL).cast())
    }

    /// The callback, if it is one; otherwise the task.
    #[inline]
    pub(crate) fn into_call(self) -> Result<CallRef, Queued> {
        match self.as_call() {
            Some(call) => {
                mem::forget(self);
                // SAFETY: the reference was this one's.
                Ok(unsafe { CallRef::from_raw(call) })
            }
            None => Err(self),
        }
    }

    /// The callback, if it is one.
    pub(crate) fn as_call_ref(&self) -> Option<CallRef> {
        let call = self.as_call()?;
        // SAFETY: the reference is kept by `self`; what is cloned from it has its own.
        let kept = mem::ManuallyDrop::new(unsafe { CallRef::from_raw(call) });
        Some(CallRef::clone(&kept))
    }

    /// Where a callback was given to the loop; `None` for a task.
    #[inline]
    pub(crate) fn location_of_call(&self) -> Option<&'static Location<'static>> {
        let call = self.as_call()?;
        // SAFETY: there is a reference.
        Some(unsafe { call.as_ref() }.location)
    }

    /// The task, which it is.
    pub(crate) fn task(&self) -> TaskRef {
        debug_assert!(self.as_call().is_none());
        // SAFETY: there is a reference.
        unsafe { TaskRef::borrow(self.0) }
    }

    /// The header of the task, which it is.
    #[inline]
    pub(crate) fn header(&self) -> &Header {
        debug_assert!(self.as_call().is_none());
        // SAFETY: there is a reference.
        unsafe { self.0.as_ref() }
    }

    #[inline]
    fn into_raw(self) -> NonNull<Header> {
        let cell = self.0;
        mem::forget(self);
        cell
    }

    /// Notes that the task is about to go to the ready queue of this thread's loop.
    #[inline]
    pub(crate) fn mark_ready(&self) {
        self.header().set_flag(READY);
    }

    /// Notes that a new task is about to go to its pool.
    pub(crate) fn mark_scheduled(&self) {
        self.header().state.set(SCHEDULED);
    }

    /// Takes the step, on the thread of the task's loop, inside of `thread::begin_steps`, or on a worker of its pool.
    #[inline]
    pub(crate) fn run(self) {
        if self.as_call().is_some() {
            if let Ok(call) = self.into_call() {
                call.run();
            }
        } else if self.header().place.kind() == Kind::Loop {
            self.run_on_loop();
        } else {
            self.run_on_pool();
        }
    }

    #[inline]
    fn run_on_loop(self) {
        let header = self.header();
        if header.has_flag(ENDED) {
            return;
        }
        header.clear_flag(READY);
        if poll_next(self.0) {
            finish_local(self.into_raw(), 1);
        } else {
            let header = self.header();
            if header.has_flag(ASKED_ITSELF) {
                return wake_after_step(header);
            }
            header.refs.set(header.refs.get() - 1);
            mem::forget(self);
        }
    }

    /// Ends the task instead: its future is dropped, unpolled.
    ///
    /// # Safety
    ///
    /// On a loop: the task is not being polled, and is one of the loop that this thread turns. On a pool: this is a
    /// thread of it, or the one that closes it.
    pub(crate) unsafe fn discard(self) {
        let task = match self.into_call() {
            Ok(call) => {
                call.cancel();
                return;
            }
            Err(task) => task,
        };
        let header = task.header();
        if header.is_done() {
            return;
        }
        if header.place.kind() == Kind::Loop {
            // SAFETY: passed on to the caller.
            unsafe { close_local(task.into_raw(), 1) };
        } else {
            header.state.start();
            // SAFETY: `RUNNING` is this thread's.
            unsafe { close_shared(task.into_raw(), 2) };
        }
    }

    fn run_on_pool(self) {
        let header = self.header();
        if header.is_done() {
            return;
        }
        header.state.start();
        // SAFETY: `self` has a reference; `RUNNING` keeps other threads from the stage.
        let done = unsafe {
            let waker = borrowed_waker(self.0);
            poll_in_frame(self.0, &mut Context::from_waker(&waker))
        };
        if done {
            // The queue's reference and the registry's.
            finish_shared(self.into_raw(), 2);
        } else if header.state.clear(RUNNING) & SCHEDULED != 0 {
            push_to_pool(self);
        }
    }
}

impl Drop for Queued {
    #[inline]
    fn drop(&mut self) {
        match self.as_call() {
            // SAFETY: the reference is this one's.
            Some(call) => drop(unsafe { CallRef::from_raw(call) }),
            // SAFETY: the reference is this one's.
            None => unsafe { release(self.0) },
        }
    }
}

/// Polls a task of the loop that this thread turns, in a row of steps.
#[inline]
fn poll_next(cell: NonNull<Header>) -> bool {
    // SAFETY: as in `poll_here`.
    unsafe {
        let waker = borrowed_waker(cell);
        let _span = cell.as_ref().span.enter();
        let _frame = thread::begin_next_step(cell);
        (cell.as_ref().vtable.poll)(cell, &mut Context::from_waker(&waker))
    }
}

/// Polls a task of the loop that this thread turns.
#[inline]
fn poll_here(cell: NonNull<Header>) -> bool {
    // SAFETY: the caller has a reference and is on the loop's thread, which polls a task from the ready queue only
    // outside of every other (see `LoopQueue`), and a new one as its first step.
    unsafe {
        let waker = borrowed_waker(cell);
        poll_in_frame(cell, &mut Context::from_waker(&waker))
    }
}

/// # Safety
///
/// The caller has a reference, and the right to touch the stage.
#[inline]
unsafe fn poll_in_frame(cell: NonNull<Header>, cx: &mut Context<'_>) -> bool {
    // SAFETY: by the caller's promise.
    let _span = unsafe { cell.as_ref() }.span.enter();
    let _frame = thread::begin_step(cell);
    // SAFETY: passed on to the caller.
    unsafe { (cell.as_ref().vtable.poll)(cell, cx) }
}

/// Takes the first step of a task of this thread's loop, inside the step of whoever made it.
///
/// # Safety
///
/// The task was made just now and was never queued. One of its references is given back.
pub(crate) unsafe fn run_first(cell: NonNull<Header>) {
    if poll_here(cell) {
        finish_local(cell, 1);
    } else {
        // SAFETY: the caller's reference, which is given back afterwards.
        let header = unsafe { cell.as_ref() };
        if header.has_flag(ASKED_ITSELF) {
            wake_after_step(header);
        }
        // SAFETY: one reference is the caller's to give back.
        unsafe { release(cell) };
    }
}

/// The step is over in which a task asked itself to stop: it sees the request in its turn, behind what it made ready.
#[cold]
fn wake_after_step(header: &Header) {
    header.clear_flag(ASKED_ITSELF);
    // SAFETY: the caller has a reference.
    unsafe { schedule(NonNull::from(header)) };
}

/// A step of a task inside the future that runs it on an executor which is not ours.
///
/// # Safety
///
/// The task's kind is `Foreign`, and the one future that runs it calls this, with a reference of its own.
pub(crate) unsafe fn run_foreign(cell: NonNull<Header>, cx: &mut Context<'_>) -> Poll<()> {
    // SAFETY: by the caller's promise.
    let header = unsafe { cell.as_ref() };
    remember_runner(header, cx.waker());
    // SAFETY: by the caller's promise.
    if !unsafe { poll_in_frame(cell, cx) } {
        return Poll::Pending;
    }
    header.rare().runner = None;
    header.retain();
    finish_shared(cell, 1);
    Poll::Ready(())
}

fn remember_runner(header: &Header, waker: &Waker) {
    let mut rare = header.rare();
    let known = rare.runner.as_ref().is_some_and(|known| known.will_wake(waker));
    if !known {
        let old = rare.runner.replace(waker.clone());
        drop(rare);
        drop(old);
    }
}
