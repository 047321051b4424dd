//! `GroupTask`: the handle of a task of a group.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use asyncio_core::{Outcome, RawTask, Request, TaskRef};

use crate::JoinError;
use crate::scope::raise;
use crate::task::Join;

/// A task of a group; awaiting it gives its value.
///
/// If there is none, because the task failed or was cancelled, who awaits it is cancelled at that point: the group
/// has the error, and ends the body. [`outcome`](GroupTask::outcome) looks at it instead.
///
/// Dropping the handle is the ordinary case: the group joins the task and reports its failure.
///
/// # Panics
///
/// When it is polled again after it gave its value, and when it has none and is awaited outside of every task.
///
/// # Cancel safety
///
/// A request to cancel is passed on to the task, as by [`Task`](crate::Task).
pub struct GroupTask<T> {
    /// `None`: the group took no more tasks.
    raw: Option<RawTask<Option<T>>>,
    join: Join,
}

impl<T> GroupTask<T> {
    #[inline]
    pub(crate) fn new(raw: RawTask<Option<T>>) -> GroupTask<T> {
        GroupTask {
            raw: Some(raw),
            join: Join::default(),
        }
    }

    pub(crate) fn refused() -> GroupTask<T> {
        GroupTask {
            raw: None,
            join: Join::default(),
        }
    }

    /// The task, seen from outside; `None` if the group took no more tasks.
    pub fn task_ref(&self) -> Option<TaskRef> {
        self.raw.as_ref().map(|raw| raw.as_task_ref().clone())
    }

    /// Asks the task to stop. That it ends cancelled is no failure of the group. `false` if it has ended.
    pub fn cancel(&self) -> bool {
        self.raw.as_ref().is_some_and(|raw| raw.as_task_ref().cancel())
    }

    /// Has the task ended, in whatever way?
    pub fn done(&self) -> bool {
        self.raw
            .as_ref()
            .is_none_or(|raw| raw.as_task_ref().is_finished())
    }

    /// Awaits the task and looks at how it ended, without being cancelled by it.
    ///
    /// # Errors
    ///
    /// A [`JoinError`] that says whether it was cancelled, or failed and left its error with the group.
    ///
    /// # Cancel safety
    ///
    /// As for awaiting the task.
    pub async fn outcome(mut self) -> Result<T, JoinError> {
        std::future::poll_fn(move |cx| self.poll_outcome(cx)).await
    }

    #[inline]
    fn poll_outcome(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, JoinError>> {
        let Some(raw) = &mut self.raw else {
            return Poll::Ready(Err(JoinError::cancelled(None)));
        };
        self.join.poll(raw, cx).map(|outcome| match outcome {
            Outcome::Value(Some(value)) => Ok(value),
            Outcome::Value(None) => Err(JoinError::failed()),
            Outcome::Cancelled(request) => Err(JoinError::cancelled(request.as_ref())),
            Outcome::Panicked(panic) => Err(JoinError::panicked(panic)),
        })
    }
}

impl<T> Future for GroupTask<T> {
    type Output = T;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        match self.poll_outcome(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(value)) => Poll::Ready(value),
            Poll::Ready(Err(_)) => {
                // No value can come: the awaiter is cancelled at this very await.
                if let Some(raw) = &mut self.raw {
                    raw.mark();
                }
                raise(Request::new(Some("a task of the group has no value")), true);
                Poll::Pending
            }
        }
    }
}

impl<T> fmt::Debug for GroupTask<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.raw {
            Some(raw) => raw.fmt(f),
            None => f.write_str("GroupTask(refused)"),
        }
    }
}
