//! `as_completed`: tasks in the order in which they end.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use asyncio_core::waits_for;
use asyncio_timers::{Sleep, sleep};
use futures_lite::Stream;

use crate::ready_set::{ReadySet, of_several};
use crate::{Task, TimeoutError};

/// Gives the tasks in the order in which they end: by [`next`](AsCompleted::next), as a `Stream`, or as an iterator
/// of futures for "the next one".
///
/// Each task comes back itself, so that it can be told which one it is; awaiting it gives its result at once. The
/// iteration can be left and taken up again. It cancels nothing.
///
/// # Cancel safety
///
/// A `next` that is dropped loses no task. Dropped itself, it lets all tasks run on;
/// [`into_remaining`](AsCompleted::into_remaining) gives them back.
///
/// # Python
///
/// `asyncio.as_completed`.
pub fn as_completed<T>(tasks: impl IntoIterator<Item = Task<T>>) -> AsCompleted<T> {
    let ready = ReadySet::default();
    let mut tasks: Vec<Option<Task<T>>> = tasks.into_iter().map(Some).collect();
    for (index, task) in tasks.iter_mut().enumerate() {
        if let Some(task) = task {
            ready.watch(index, task);
        }
    }
    AsCompleted {
        left: tasks.len(),
        tasks,
        ready,
        sleep: None,
        is_late: false,
    }
}

/// Tasks in the order in which they end; from [`as_completed`].
pub struct AsCompleted<T> {
    tasks: Vec<Option<Task<T>>>,
    left: usize,
    ready: ReadySet,
    sleep: Option<Sleep>,
    /// The time was up, and that was said.
    is_late: bool,
}

impl<T> AsCompleted<T> {
    /// Waits no longer than this, counted from now, for all of them. When the time is up there is one
    /// [`TimeoutError`], and after it only tasks that have ended meanwhile. `None` is for ever.
    pub fn timeout(mut self, limit: impl Into<Option<Duration>>) -> AsCompleted<T> {
        self.sleep = limit.into().map(sleep);
        self
    }

    /// The next task that has ended; `None` when there are no more.
    ///
    /// # Errors
    ///
    /// [`TimeoutError`], once, when the time is up.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn next(&mut self) -> Option<Result<Task<T>, TimeoutError>> {
        std::future::poll_fn(|cx| self.poll_next_task(cx)).await
    }

    /// How many tasks have not been given out.
    pub fn len(&self) -> usize {
        self.left
    }

    /// Have all tasks been given out?
    pub fn is_empty(&self) -> bool {
        self.left == 0
    }

    /// The tasks that have not been given out.
    pub fn into_remaining(self) -> Vec<Task<T>> {
        self.tasks.into_iter().flatten().collect()
    }

    fn poll_next_task(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Task<T>, TimeoutError>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        if let Poll::Ready(index) = self.ready.poll_next(cx) {
            self.left -= 1;
            return Poll::Ready(self.tasks[index].take().map(Ok));
        }
        if self.is_late {
            return Poll::Ready(None);
        }
        if let Some(sleep) = &mut self.sleep {
            if Pin::new(sleep).poll(cx).is_ready() {
                self.is_late = true;
                return Poll::Ready(Some(Err(TimeoutError::default())));
            }
        }
        waits_for(of_several(self.left), self.ready.address());
        Poll::Pending
    }
}

impl<T> Stream for AsCompleted<T> {
    type Item = Result<Task<T>, TimeoutError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_next_task(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.left + 1))
    }
}

impl<T> IntoIterator for AsCompleted<T> {
    type Item = NextCompleted<T>;
    type IntoIter = AsCompletedIter<T>;

    fn into_iter(self) -> AsCompletedIter<T> {
        AsCompletedIter {
            left: self.left,
            shared: Arc::new(Mutex::new(self)),
        }
    }
}

/// Futures, each for the next task that ends; from an [`AsCompleted`].
pub struct AsCompletedIter<T> {
    left: usize,
    shared: Arc<Mutex<AsCompleted<T>>>,
}

impl<T> Iterator for AsCompletedIter<T> {
    type Item = NextCompleted<T>;

    fn next(&mut self) -> Option<NextCompleted<T>> {
        self.left = self.left.checked_sub(1)?;
        Some(NextCompleted {
            shared: self.shared.clone(),
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

/// The next task that ends, whichever it is. When the time is up, each that is left is an error.
#[must_use = "futures do nothing unless they are awaited"]
pub struct NextCompleted<T> {
    shared: Arc<Mutex<AsCompleted<T>>>,
}

impl<T> NextCompleted<T> {
    fn shared(&self) -> MutexGuard<'_, AsCompleted<T>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Future for NextCompleted<T> {
    type Output = Result<Task<T>, TimeoutError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let next = self.shared().poll_next_task(cx);
        next.map(|next| next.unwrap_or_else(|| Err(TimeoutError::default())))
    }
}

impl<T> fmt::Debug for AsCompleted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompleted")
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for AsCompletedIter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompletedIter")
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for NextCompleted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NextCompleted").finish_non_exhaustive()
    }
}
