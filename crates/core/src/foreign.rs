//! Tasks on executors that are not ours: a future that runs a task, for somebody else to poll.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::cell;
use crate::place::Place;
use crate::{Outcome, RawTask, TaskRef};

/// Runs a task as long as it is polled. Dropped before the task has ended, it cancels it.
///
/// It is `Send` if the task's future is.
#[must_use = "the task runs only while this is polled"]
pub struct RunTask<F> {
    task: ManuallyDrop<TaskRef>,
    future: PhantomData<F>,
}

impl<F> Unpin for RunTask<F> {}

#[expect(
    unsafe_code,
    reason = "the task's future lies behind a pointer without a type"
)]
// SAFETY: it polls and drops the future on its own thread, and the handle may be on another one.
unsafe impl<F: Future<Output: Send> + Send> Send for RunTask<F> {}
#[expect(
    unsafe_code,
    reason = "the task's future lies behind a pointer without a type"
)]
// SAFETY: a shared one reaches nothing.
unsafe impl<F: Future<Output: Send> + Send> Sync for RunTask<F> {}

/// Makes a task for another executor: its handle, and the future that runs it.
#[expect(unsafe_code, reason = "the two references of a new cell")]
pub fn foreign_task<F, T>(
    future: F,
    location: &'static Location<'static>,
    dress: impl FnOnce(&TaskRef),
) -> (RawTask<T>, RunTask<F>)
where
    F: Future<Output = Outcome<T>>,
{
    // SAFETY: the future is polled and dropped through `RunTask` alone, which has its bounds and its lifetime.
    let cell = unsafe { cell::make(Place::foreign(), 2, location, future) };
    // SAFETY: one reference for each; this is the one handle.
    let (handle, task) = unsafe { (RawTask::from_cell(cell), TaskRef::from_raw(cell)) };
    dress(&task);
    task.header().span.open(task.header());
    let run = RunTask {
        task: ManuallyDrop::new(task),
        future: PhantomData,
    };
    (handle, run)
}

impl<F> Future for RunTask<F> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.task.is_finished() {
            return Poll::Ready(());
        }
        #[expect(
            unsafe_code,
            reason = "the task's future lies behind a pointer without a type"
        )]
        // SAFETY: this is the one future that runs the task.
        unsafe {
            cell::run_foreign(self.task.cell(), cx)
        }
    }
}

impl<F> Drop for RunTask<F> {
    #[expect(
        unsafe_code,
        reason = "the task's future lies behind a pointer without a type"
    )]
    fn drop(&mut self) {
        let cell = self.task.cell();
        if self.task.is_finished() {
            // SAFETY: the reference is this one's.
            unsafe { cell::release(cell) };
        } else {
            // SAFETY: this is the one future that runs the task, and its reference goes.
            unsafe { cell::close_shared(cell, 1) };
        }
    }
}

impl<F> fmt::Debug for RunTask<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RunTask").field(&*self.task).finish()
    }
}
