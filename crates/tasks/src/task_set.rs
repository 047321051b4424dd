//! `TaskSet`: tasks that come and go, owned by one.

use std::fmt;
use std::future::Future;
use std::task::{Context, Poll};
use std::time::Duration;

use asyncio_core::{ExceptionContext, Outcome, report_for, waits_for};

use crate::ready_set::{ReadySet, of_several};
use crate::{JoinError, Task, TaskBuilder, timeout};

/// Tasks that come and go: a failure of one harms no other, and each is taken out when it has ended.
///
/// A server has one for its connections. Where all must succeed together, use a [`task_group`](crate::task_group).
/// Dropping the set asks its tasks to stop, and does not wait for them; [`shutdown`](TaskSet::shutdown) does.
///
/// # Python
///
/// A `set()` of tasks with `task.add_done_callback(tasks.discard)`. What tokio's users know as `JoinSet`.
///
/// # Examples
///
/// ```no_run
/// # async fn serve(_: u32) -> u32 { 0 }
/// # async fn f() {
/// let mut tasks = asyncio_tasks::TaskSet::new();
/// for client in 0..3 {
///     tasks.create_task(serve(client));
/// }
/// while let Some(served) = tasks.join_next().await {
///     println!("{served:?}");
/// }
/// # }
/// ```
pub struct TaskSet<T> {
    slots: Vec<Slot<T>>,
    /// The first free slot.
    free: usize,
    len: usize,
    ready: ReadySet,
}

enum Slot<T> {
    Free(usize),
    Task(Task<T>),
}

const NONE: usize = usize::MAX;

impl<T: 'static> TaskSet<T> {
    /// An empty set.
    pub fn new() -> TaskSet<T> {
        TaskSet {
            slots: Vec::new(),
            free: NONE,
            len: 0,
            ready: ReadySet::default(),
        }
    }

    /// Starts a task of the set on this thread's loop.
    ///
    /// # Panics
    ///
    /// As [`create_task`](crate::create_task()).
    #[track_caller]
    pub fn create_task(&mut self, future: impl Future<Output = T> + 'static) -> asyncio_core::TaskRef {
        self.add(crate::create_task(future))
    }

    /// Starts a task of the set on the pool of workers.
    ///
    /// # Panics
    ///
    /// As [`spawn`](crate::spawn()).
    #[track_caller]
    pub fn spawn(&mut self, future: impl Future<Output = T> + Send + 'static) -> asyncio_core::TaskRef
    where
        T: Send,
    {
        self.add(crate::spawn(future))
    }

    /// Starts a task with a name or a context of its own, on this thread's loop.
    ///
    /// # Panics
    ///
    /// As [`create_task`](crate::create_task()).
    #[track_caller]
    pub fn create(
        &mut self,
        builder: TaskBuilder,
        future: impl Future<Output = T> + 'static,
    ) -> asyncio_core::TaskRef {
        self.add(builder.create(future))
    }

    /// Takes a task into the set.
    pub fn add(&mut self, mut task: Task<T>) -> asyncio_core::TaskRef {
        let seen = task.task_ref();
        let index = self.free;
        self.len += 1;
        if index == NONE {
            self.ready.watch(self.slots.len(), &mut task);
            self.slots.push(Slot::Task(task));
        } else {
            self.ready.watch(index, &mut task);
            if let Slot::Free(next) = std::mem::replace(&mut self.slots[index], Slot::Task(task)) {
                self.free = next;
            }
        }
        seen
    }

    fn remove(&mut self, index: usize) -> Option<Task<T>> {
        match std::mem::replace(&mut self.slots[index], Slot::Free(self.free)) {
            Slot::Task(task) => {
                self.free = index;
                self.len -= 1;
                Some(task)
            }
            Slot::Free(next) => {
                self.slots[index] = Slot::Free(next);
                None
            }
        }
    }

    fn outcome(&mut self, index: usize) -> Option<Result<T, JoinError>> {
        let outcome: Option<Outcome<T>> = self.remove(index)?.take_outcome();
        outcome.map(JoinError::result)
    }

    /// The result of the next task that has ended; `None` when the set is empty.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: a task whose result was not given out stays in the set.
    pub async fn join_next(&mut self) -> Option<Result<T, JoinError>> {
        std::future::poll_fn(|cx| self.poll_join_next(cx)).await
    }

    /// As [`join_next`](TaskSet::join_next), for those who poll.
    pub fn poll_join_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, JoinError>>> {
        while self.len > 0 {
            match self.ready.poll_next(cx) {
                Poll::Ready(index) => {
                    if let Some(result) = self.outcome(index) {
                        return Poll::Ready(Some(result));
                    }
                }
                Poll::Pending => {
                    waits_for(of_several(self.len), self.ready.address());
                    return Poll::Pending;
                }
            }
        }
        Poll::Ready(None)
    }

    /// The result of a task that has ended, if there is one now.
    pub fn try_join_next(&mut self) -> Option<Result<T, JoinError>> {
        while let Some(index) = self.ready.try_next() {
            if let Some(result) = self.outcome(index) {
                return Some(result);
            }
        }
        None
    }

    /// Asks every task to stop; they stay in the set until they are joined.
    pub fn cancel_all(&self) {
        for task in self.tasks() {
            task.cancel();
        }
    }

    /// Stops every task without leaving it time to clean up; they stay in the set until they are joined.
    pub fn abort_all(&self) {
        for task in self.tasks() {
            task.abort();
        }
    }

    /// Asks every task to stop and waits until all have ended, at most for `grace`; those that have not are dropped,
    /// and named in a report to the exception handler. The results are dropped.
    ///
    /// # Cancel safety
    ///
    /// Dropped or cancelled, it leaves the tasks that have not ended in the set, asked to stop.
    pub async fn shutdown(&mut self, grace: impl Into<Option<Duration>>) {
        self.cancel_all();
        let grace = grace.into();
        if timeout(grace, async { while self.join_next().await.is_some() {} })
            .await
            .is_ok()
        {
            return;
        }
        for task in self.tasks().filter(|task| !task.done()) {
            let grace = grace.unwrap_or_default();
            let message =
                format!("Task did not end within {grace:?} of the shutdown of its set, and is dropped");
            report_for(task, &ExceptionContext::new(message).with_task(task.task_ref()));
        }
        self.abort_all();
        while self.join_next().await.is_some() {}
    }

    /// How many tasks are in the set, whether they have ended or not.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Is there no task in the set?
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Empties the set, and lets its tasks run on.
    pub fn detach_all(&mut self) {
        self.slots.clear();
        self.free = NONE;
        self.len = 0;
        self.ready = ReadySet::default();
    }
}

impl<T> TaskSet<T> {
    /// The tasks in the set.
    fn tasks(&self) -> impl Iterator<Item = &Task<T>> {
        self.slots.iter().filter_map(|slot| match slot {
            Slot::Task(task) => Some(task),
            Slot::Free(_) => None,
        })
    }
}

impl<T: 'static> Default for TaskSet<T> {
    fn default() -> TaskSet<T> {
        TaskSet::new()
    }
}

impl<T> Drop for TaskSet<T> {
    fn drop(&mut self) {
        for task in self.tasks() {
            task.cancel();
        }
    }
}

impl<T> fmt::Debug for TaskSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskSet")
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}
