//! `wait_for`: a task, for so long.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use asyncio_core::TaskRef;
use asyncio_timers::now;
use pin_project_lite::pin_project;

use crate::{JoinError, Task, Timeout, TimeoutError, timeout, timeout_at};

/// Awaits a task for so long; `None` is for ever. When the time is up the task is asked to stop, and awaited until it
/// has ended, however long its cleanup takes.
///
/// A result that is there before the time is up is never lost, and a task that turns the request down gives its value.
/// With a duration of zero a task that has not ended is asked to stop at once; one that has not begun never does.
///
/// # Errors
///
/// [`TimeoutError`] when the time was up; inside, the [`JoinError`] of the task.
///
/// # Cancel safety
///
/// A request from outside is passed on to the task. Dropped, it lets the task run on.
///
/// # Python
///
/// `asyncio.wait_for`, of a task. For other futures there is [`timeout()`].
pub fn wait_for<T>(task: Task<T>, limit: impl Into<Option<Duration>>) -> WaitFor<T> {
    let seen = task.task_ref();
    let timeout = match limit.into() {
        // At once, before the task can begin.
        Some(Duration::ZERO) => timeout_at(now(), task),
        limit => timeout(limit, task),
    };
    WaitFor { task: seen, timeout }
}

pin_project! {
    /// The future of [`wait_for`].
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct WaitFor<T> {
        task: TaskRef,
        #[pin]
        timeout: Timeout<Task<T>>,
    }
}

impl<T> Future for WaitFor<T> {
    type Output = Result<Result<T, JoinError>, TimeoutError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if this.task.is_finished() {
            this.timeout.as_mut().disarm();
        }
        this.timeout.poll(cx)
    }
}

impl<T> fmt::Debug for WaitFor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WaitFor").field(&self.task).finish()
    }
}
