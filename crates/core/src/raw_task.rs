//! `RawTask`: the handle of a task of a loop or of a pool.

use std::fmt;
use std::future::Future;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::task::{Context, Poll};

use async_task::{FallibleTask, Task};

use crate::meta::TaskMeta;
use crate::{cell, table, thread};

/// A handle to a task of a loop or of a pool.
///
/// Awaiting it gives the task's value, or `None` if the task was cancelled; a panic of the task goes on in who awaits
/// it. Dropping it cancels the task. The `Task` of asyncio-tasks, which detaches instead, is built on it.
#[must_use = "a dropped handle cancels the task"]
pub struct RawTask<T> {
    inner: FallibleTask<T, TaskMeta>,
    meta: TaskMeta,
    /// The task was seen to have ended.
    ended: bool,
}

impl<T> RawTask<T> {
    #[inline]
    pub(crate) fn new(task: Task<T, TaskMeta>) -> RawTask<T> {
        RawTask {
            meta: *task.metadata(),
            inner: task.fallible(),
            ended: false,
        }
    }

    /// Has the task ended?
    pub fn is_finished(&self) -> bool {
        self.inner.is_finished()
    }

    /// What the task's cell knows of its place.
    pub fn metadata(&self) -> TaskMeta {
        self.meta
    }

    /// Cancels the task and waits until its future is gone. Gives the value of a task that had ended before.
    ///
    /// # Cancel safety
    ///
    /// The task is cancelled when this is first polled or dropped.
    pub async fn cancel(self) -> Option<T> {
        self.inner.cancel().await
    }

    /// Lets the task run on without a handle. Its queue holds it until it ends, even if nothing can wake it.
    #[inline]
    pub fn detach(self) {
        if !self.ended && !self.inner.is_finished() {
            let meta = self.meta;
            if meta.on_pool() {
                if let Some(pool) = table::pool(meta.queue()) {
                    pool.hold(meta);
                }
            } else {
                let held = thread::with_loop(|state| {
                    let state = state.filter(|state| state.id() == meta.queue());
                    state.map(|state| state.hold(meta))
                });
                if held.is_none() {
                    return self.detach_on_loop();
                }
            }
        }
        self.inner.detach();
    }

    /// Detaches on the loop's thread: the registry of a loop is looked at there alone.
    #[cold]
    fn detach_on_loop(self) {
        let queue = self.metadata().queue();
        let handle = Handle(ManuallyDrop::new(self));
        cell::send_drop(queue, handle);
    }
}

/// A handle on its way to the loop's thread, which detaches it by dropping this.
struct Handle<T>(ManuallyDrop<RawTask<T>>);

#[expect(
    unsafe_code,
    reason = "the bound on T is known from where this runs, not from its type"
)]
// SAFETY: the handle was sent to another thread before, which needs `T: Send`, or was dropped on the loop's thread
// outside of a run, and then goes to that same thread.
unsafe impl<T> Send for Handle<T> {}

impl<T> Drop for Handle<T> {
    fn drop(&mut self) {
        #[expect(unsafe_code, reason = "taking a field out of a value that is being dropped")]
        // SAFETY: taken once, in the destructor.
        let task = unsafe { ManuallyDrop::take(&mut self.0) };
        let queue = task.metadata().queue();
        if thread::with_loop(|state| state.is_some_and(|state| state.id() == queue)) {
            task.detach();
        } else {
            // The loop has ended, and the task with it: there is nothing to hold.
            task.inner.detach();
        }
    }
}

impl<T> Future for RawTask<T> {
    type Output = Option<T>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let polled = Pin::new(&mut self.inner).poll(cx);
        if polled.is_ready() {
            self.ended = true;
        }
        polled
    }
}

impl<T> fmt::Debug for RawTask<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawTask")
            .field("finished", &self.is_finished())
            .finish_non_exhaustive()
    }
}
