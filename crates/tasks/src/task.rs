//! `Task`: the handle of a task that a loop or a pool runs.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use asyncio_core::RawTask;

use crate::JoinError;

/// A task that runs on its own; awaiting it gives its value.
///
/// Dropping the handle detaches the task: it runs on until it ends or its loop does. Made by
/// [`create_task`](crate::create_task) and [`spawn`](crate::spawn).
///
/// # Errors
///
/// Awaiting gives a [`JoinError`] when the task was cancelled or panicked.
///
/// # Panics
///
/// When it is polled again after it gave its result.
///
/// # Cancel safety
///
/// Dropping the handle while it is awaited loses the task's value, not the task.
///
/// # Python
///
/// `asyncio.Task`. Python's task is collected when nobody holds it; here the loop holds it while anything can still
/// wake it.
#[must_use = "a dropped handle detaches the task; say `drop(task)` if that is meant"]
pub struct Task<T> {
    /// Empty once the result was given.
    raw: Option<RawTask<T>>,
}

impl<T> Task<T> {
    #[inline]
    pub(crate) fn new(raw: RawTask<T>) -> Task<T> {
        Task { raw: Some(raw) }
    }

    /// Has the task ended?
    #[doc(alias = "done")]
    pub fn is_finished(&self) -> bool {
        self.raw.as_ref().is_none_or(RawTask::is_finished)
    }

    /// Cancels the task by dropping its future at the task's next turn, and waits until that was done.
    ///
    /// # Errors
    ///
    /// The usual outcome is the error of a cancelled task; a task that had ended before gives its value or its
    /// panic.
    ///
    /// # Cancel safety
    ///
    /// The cancellation is under way once this was polled; dropping it then loses only the outcome. Dropped before,
    /// it cancels the task too.
    pub async fn cancel(mut self) -> Result<T, JoinError> {
        let Some(raw) = self.raw.take() else {
            return Err(JoinError::cancelled());
        };
        let mut cancelling = std::pin::pin!(raw.cancel());
        std::future::poll_fn(|cx| outcome(|| cancelling.as_mut().poll(cx))).await
    }
}

/// Turns what async-task reports (a value, nothing for a cancelled task, a propagated panic) into a result.
#[inline]
pub(crate) fn outcome<T>(poll: impl FnOnce() -> Poll<Option<T>>) -> Poll<Result<T, JoinError>> {
    match catch_unwind(AssertUnwindSafe(poll)) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(Some(value))) => Poll::Ready(Ok(value)),
        Ok(Poll::Ready(None)) => Poll::Ready(Err(JoinError::cancelled())),
        Err(payload) => Poll::Ready(Err(JoinError::panicked(payload))),
    }
}

impl<T> Future for Task<T> {
    type Output = Result<T, JoinError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let raw = self
            .raw
            .as_mut()
            .expect("a task was polled after it gave its result");
        let polled = outcome(|| Pin::new(raw).poll(cx));
        if polled.is_ready() {
            if let Some(raw) = self.raw.take() {
                raw.detach();
            }
        }
        polled
    }
}

impl<T> Drop for Task<T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(raw) = self.raw.take() {
            raw.detach();
        }
    }
}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("finished", &self.is_finished())
            .finish_non_exhaustive()
    }
}
