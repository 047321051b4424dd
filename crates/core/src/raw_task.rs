//! `RawTask`: the handle of a task, which alone may take its outcome.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::ptr::NonNull;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};

use crate::cell::{self, Header, Joined};
use crate::{Outcome, TaskRef};

/// The handle's mark in its cell: somebody looked at the outcome.
const SEEN: u8 = 1;
/// The handle's mark in its cell, of whoever awaits it.
const MARKED: u8 = 1 << 1;

/// The handle of a task: awaiting it gives the outcome. Dropping it lets the task run on.
///
/// The `Task` of asyncio-tasks is built on it.
pub struct RawTask<T> {
    /// Nothing else: a handle is moved about, and what it has to remember is in the cell.
    task: ManuallyDrop<TaskRef>,
    value: PhantomData<T>,
}

#[expect(unsafe_code, reason = "the cell is shared by pointers")]
// SAFETY: the handle gives out or drops a `T` on its own thread; all else is as for `TaskRef`.
unsafe impl<T: Send> Send for RawTask<T> {}
#[expect(unsafe_code, reason = "the cell is shared by pointers")]
// SAFETY: a shared handle gives out references to a `T`.
unsafe impl<T: Send + Sync> Sync for RawTask<T> {}

impl<T> Unpin for RawTask<T> {}

#[expect(unsafe_code, reason = "the cell is shared by pointers")]
impl<T> RawTask<T> {
    /// # Safety
    ///
    /// The caller's reference goes into it; the cell's outcome is of type `T`, and there is no other handle.
    #[inline]
    pub(crate) unsafe fn from_cell(cell: NonNull<Header>) -> RawTask<T> {
        RawTask {
            // SAFETY: passed on to the caller.
            task: ManuallyDrop::new(unsafe { TaskRef::from_raw(cell) }),
            value: PhantomData,
        }
    }

    /// The task, seen from outside.
    #[inline]
    pub fn as_task_ref(&self) -> &TaskRef {
        &self.task
    }

    /// Leaves a waker for the end of the task. True: it has ended.
    pub fn join_with(&mut self, waker: &Waker) -> bool {
        cell::poll_join(self.task.header(), waker) == Joined::Done
    }

    /// A mark that the caller may set on the handle, at the cost of no room: it is in the task's cell.
    #[inline]
    pub fn is_marked(&self) -> bool {
        self.task.header().handle.load(Ordering::Relaxed) & MARKED != 0
    }

    /// Sets the mark of [`is_marked`](RawTask::is_marked).
    pub fn mark(&mut self) {
        self.task.header().handle.fetch_or(MARKED, Ordering::Relaxed);
    }

    /// A look at the outcome, if the task has ended and nobody took it.
    ///
    /// Who looks is told of a panic, so it is not reported again when the handle is dropped.
    pub fn outcome(&self) -> Option<&Outcome<T>> {
        let outcome = self.peek()?;
        // Only this bit is set through a shared handle, and there is one handle: nothing is lost.
        let marks = &self.task.header().handle;
        marks.store(marks.load(Ordering::Relaxed) | SEEN, Ordering::Relaxed);
        Some(outcome)
    }

    /// A look at the outcome that does not count as one.
    pub fn peek(&self) -> Option<&Outcome<T>> {
        if !self.task.header().is_done() {
            return None;
        }
        // SAFETY: the task is done and its outcome is of type `T`; while the handle is borrowed nobody moves it.
        unsafe { cell::outcome(self.task.cell()).map(|outcome| outcome.as_ref()) }
    }

    /// The outcome, if the task has ended and nobody took it.
    #[inline]
    pub fn take(&mut self) -> Option<Outcome<T>> {
        if !self.task.header().is_done() {
            return None;
        }
        // SAFETY: this is the handle, and the task is done.
        unsafe { cell::take(self.task.cell()) }
    }
}

impl<T> Future for RawTask<T> {
    type Output = Outcome<T>;

    /// # Panics
    ///
    /// When the outcome was taken before.
    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome<T>> {
        match cell::poll_join(self.task.header(), cx.waker()) {
            Joined::Waiting => Poll::Pending,
            Joined::Done => Poll::Ready(self.take().expect("a task's outcome was taken before")),
        }
    }
}

impl<T> Drop for RawTask<T> {
    #[inline]
    fn drop(&mut self) {
        if self.task.header().handle.load(Ordering::Relaxed) & SEEN != 0 {
            // Whatever it is, it is known: drop it without a report.
            drop(self.take());
        }
        #[expect(unsafe_code, reason = "the cell is shared by pointers")]
        // SAFETY: this is the handle; `task` is not dropped.
        unsafe {
            cell::detach(self.task.cell());
        }
    }
}

impl<T> fmt::Debug for RawTask<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.task.fmt(f)
    }
}
