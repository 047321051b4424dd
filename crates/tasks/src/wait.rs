//! `wait`: some of many tasks, without cancelling any.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use asyncio_core::{Outcome, WaitKind, waits_for};
use asyncio_timers::{Sleep, sleep};

use crate::Task;
use crate::ready_set::{ReadySet, of_several};

/// Waits until the tasks have ended, or [some of them](Wait::return_when), or [for so long](Wait::timeout). Gives the
/// ones that have ended, in the order of the list, and leaves the others in it.
///
/// It cancels nothing, and it never fails. An empty list gives an empty one at once.
///
/// # Cancel safety
///
/// Dropped or cancelled, it leaves all tasks in the list, running.
///
/// # Python
///
/// `asyncio.wait`, which refuses an empty set.
///
/// # Examples
///
/// ```no_run
/// # use asyncio_tasks::{ReturnWhen, Task, wait};
/// # async fn f(mut tasks: Vec<Task<u32>>) {
/// let done = wait(&mut tasks).return_when(ReturnWhen::FirstCompleted).await;
/// println!("{} ended, {} go on", done.len(), tasks.len());
/// # }
/// ```
pub fn wait<T>(tasks: &mut Vec<Task<T>>) -> Wait<'_, T> {
    Wait {
        tasks,
        ready: None,
        left: 0,
        when: ReturnWhen::AllCompleted,
        is_exception: |_| false,
        limit: None,
        sleep: None,
    }
}

/// What [`wait`] waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReturnWhen {
    /// Any task has ended, in whatever way.
    FirstCompleted,
    /// A task has panicked, or, after [`errors_count`](Wait::errors_count), returned an error; otherwise all have
    /// ended. A task that was cancelled does not count.
    FirstException,
    /// All tasks have ended.
    #[default]
    AllCompleted,
}

/// The future of [`wait`].
#[must_use = "futures do nothing unless they are awaited"]
pub struct Wait<'a, T> {
    tasks: &'a mut Vec<Task<T>>,
    /// Made in the first poll.
    ready: Option<ReadySet>,
    /// How many tasks are not known to have ended.
    left: usize,
    when: ReturnWhen,
    is_exception: fn(&T) -> bool,
    limit: Option<Duration>,
    sleep: Option<Sleep>,
}

impl<T> Wait<'_, T> {
    /// Decides what is waited for.
    pub fn return_when(mut self, when: ReturnWhen) -> Self {
        self.when = when;
        self
    }

    /// Waits no longer than this; `None` is for ever. What has ended by then comes back, without an error.
    pub fn timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.limit = limit.into();
        self
    }

    fn is_enough(&mut self, index: usize) -> bool {
        self.left -= 1;
        match self.when {
            ReturnWhen::FirstCompleted => true,
            ReturnWhen::AllCompleted => false,
            ReturnWhen::FirstException => match self.tasks[index].peek() {
                Some(Outcome::Panicked(_)) => true,
                Some(Outcome::Value(value)) => (self.is_exception)(value),
                Some(Outcome::Cancelled(_)) | None => false,
            },
        }
    }
}

impl<T, E> Wait<'_, Result<T, E>> {
    /// For [`ReturnWhen::FirstException`]: a task that returns an error counts as well as one that panics.
    pub fn errors_count(mut self) -> Self {
        self.is_exception = Result::is_err;
        self
    }
}

impl<T> Future for Wait<'_, T> {
    type Output = Vec<Task<T>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Vec<Task<T>>> {
        let this = &mut *self;
        let ready = this.ready.get_or_insert_with(|| {
            let ready = ReadySet::default();
            for (index, task) in this.tasks.iter_mut().enumerate() {
                ready.watch(index, task);
            }
            this.left = this.tasks.len();
            this.sleep = this.limit.map(sleep);
            ready
        });
        let ready = ready.clone();
        let mut enough = false;
        while !enough && this.left > 0 {
            match ready.poll_next(cx) {
                Poll::Ready(index) => enough = this.is_enough(index),
                Poll::Pending => break,
            }
        }
        let late = this
            .sleep
            .as_mut()
            .is_some_and(|sleep| Pin::new(sleep).poll(cx).is_ready());
        if !enough && !late && this.left > 0 {
            let kind = match this.when {
                ReturnWhen::AllCompleted => WaitKind::Group,
                ReturnWhen::FirstCompleted | ReturnWhen::FirstException => of_several(this.left),
            };
            waits_for(kind, ready.address());
            return Poll::Pending;
        }
        let (done, left) = std::mem::take(this.tasks)
            .into_iter()
            .partition(|task| task.done());
        *this.tasks = left;
        Poll::Ready(done)
    }
}

impl<T> fmt::Debug for Wait<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait")
            .field("tasks", &self.tasks.len())
            .field("when", &self.when)
            .finish_non_exhaustive()
    }
}
