//! `shield`: a task that goes on when who awaits it is cancelled.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};

use asyncio_core::{Outcome, WaitKind, waits_for};

use crate::{JoinError, Task, create_task, spawn};

/// Awaits a task; if the await is cancelled, the task is left alone. It is then detached, and a panic of it goes to the
/// exception handler.
///
/// If the task itself is cancelled, that is the error here. For a future rather than a task: [`shield_future`], or
/// [`shield_spawn`] on the pool.
///
/// # Errors
///
/// A [`JoinError`] when the task was cancelled or panicked.
///
/// # Cancel safety
///
/// Dropped or cancelled, it loses the task's value, not the task.
///
/// # Python
///
/// `asyncio.shield`. The loop holds the task, so no reference to it need be kept.
pub fn shield<T>(task: impl IntoFuture<IntoFuture = Task<T>>) -> Shield<T> {
    Shield {
        task: task.into_future(),
    }
}

/// Runs a future as a task of its own on this thread's loop, and awaits it as [`shield`] does.
///
/// # Panics
///
/// As [`create_task`].
///
/// # Cancel safety
///
/// As [`shield`].
#[track_caller]
pub fn shield_future<F: Future<Output: 'static> + 'static>(future: F) -> Shield<F::Output> {
    shield(create_task(future))
}

/// Runs a future as a task of its own on the pool, and awaits it as [`shield`] does.
///
/// # Panics
///
/// As [`spawn`].
///
/// # Cancel safety
///
/// As [`shield`].
#[track_caller]
pub fn shield_spawn<F>(future: F) -> Shield<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    shield(spawn(future))
}

/// The future of [`shield`]. It is no scope: a request finds nothing here, and drops it.
#[must_use = "futures do nothing unless they are awaited"]
pub struct Shield<T> {
    task: Task<T>,
}

impl<T> Future for Shield<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let outcome: Poll<Outcome<T>> = self.task.poll_outcome(cx);
        if outcome.is_pending() {
            waits_for(WaitKind::Task, self.task.address());
        }
        outcome.map(JoinError::result)
    }
}

impl<T> fmt::Debug for Shield<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Shield").field(&self.task).finish()
    }
}
