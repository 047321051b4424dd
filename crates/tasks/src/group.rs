//! `TaskGroup`: tasks that end together.
//!
//! `shared` holds what the handles of a group, its tasks and the future that waits for them have in common; `child`
//! is the future of one task, `group_task` the handle of one, `run` the future that runs the body and joins all.

mod child;
mod group_task;
mod run;
mod shared;

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use crate::create::{start, start_local_or_panic};
use child::Child;
use shared::Shared;

pub use group_task::GroupTask;
pub use run::{RunGroup, RunInfallible, task_group, task_group_infallible};

/// Starts tasks that end before the group does. A cheap clone, which can be moved into the tasks.
///
/// Made by [`task_group`], or by [`TaskGroup::new`] where it is to be cancelled before it begins.
///
/// # Python
///
/// `asyncio.TaskGroup`.
pub struct TaskGroup<E> {
    shared: Arc<Shared<E>>,
}

impl<E> Clone for TaskGroup<E> {
    #[inline]
    fn clone(&self) -> TaskGroup<E> {
        TaskGroup {
            shared: self.shared.clone(),
        }
    }
}

/// A group takes no more tasks; the future comes back.
pub struct GroupClosed<F> {
    future: F,
}

impl<F> GroupClosed<F> {
    /// The future that was to become a task.
    pub fn into_inner(self) -> F {
        self.future
    }
}

impl<F> fmt::Display for GroupClosed<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TaskGroup is finished or shutting down: it takes no more tasks")
    }
}

impl<F> fmt::Debug for GroupClosed<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GroupClosed")
    }
}

impl<F> std::error::Error for GroupClosed<F> {}

impl<E: 'static> TaskGroup<E> {
    /// A group that is run later, by [`run`](TaskGroup::run).
    pub fn new() -> TaskGroup<E> {
        TaskGroup {
            shared: Shared::new(),
        }
    }

    /// Runs the body of a group that was made by [`new`](TaskGroup::new), as [`task_group`] does. If the group was
    /// cancelled before, the body ends at its first suspension.
    ///
    /// # Panics
    ///
    /// When the group was run before.
    ///
    /// # Cancel safety
    ///
    /// As [`task_group`].
    pub fn run<T, Fut>(&self, body: impl FnOnce(TaskGroup<E>) -> Fut) -> RunGroup<T, E, Fut>
    where
        Fut: Future<Output = Result<T, E>>,
    {
        assert!(self.shared.enter(), "TaskGroup has already been entered");
        RunGroup::new(self.clone(), body(self.clone()))
    }

    /// Starts a task of the group on this thread's loop. The first task that fails cancels the others and the body.
    ///
    /// If the group is shutting down or finished, the future is dropped, and the handle is that of a cancelled task.
    ///
    /// # Panics
    ///
    /// As [`create_task`](crate::create_task()): on a pool's worker, and where no loop runs.
    #[track_caller]
    pub fn create_task<T, F>(&self, future: F) -> GroupTask<T>
    where
        T: 'static,
        F: Future<Output = Result<T, E>> + 'static,
    {
        match self.local(future) {
            Ok(task) => task,
            Err(closed) => {
                drop(closed);
                GroupTask::refused()
            }
        }
    }

    /// Starts a task of the group on this thread's loop.
    ///
    /// # Errors
    ///
    /// Gives the future back when the group is shutting down or finished.
    ///
    /// # Panics
    ///
    /// As [`create_task`](TaskGroup::create_task).
    #[track_caller]
    pub fn try_create_task<T, F>(&self, future: F) -> Result<GroupTask<T>, GroupClosed<F>>
    where
        T: 'static,
        F: Future<Output = Result<T, E>> + 'static,
    {
        self.local(future)
    }

    /// Starts a task of the group that cannot fail, on this thread's loop.
    ///
    /// # Panics
    ///
    /// As [`create_task`](TaskGroup::create_task).
    #[track_caller]
    pub fn start<F>(&self, future: F) -> GroupTask<F::Output>
    where
        F: Future<Output: 'static> + 'static,
    {
        self.create_task(async move { Ok(future.await) })
    }

    /// Starts a task of the group on the pool of workers.
    ///
    /// # Panics
    ///
    /// As [`spawn`](crate::spawn()).
    #[track_caller]
    pub fn spawn<T, F>(&self, future: F) -> GroupTask<T>
    where
        T: Send + 'static,
        E: Send,
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        let Some(index) = self.shared.reserve() else {
            return GroupTask::refused();
        };
        let child = Child::new(self.clone(), index, future);
        match start(child, None, Location::caller()) {
            Ok(raw) => {
                self.shared.started(index, raw.as_task_ref());
                GroupTask::new(raw)
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Starts a task of the group that cannot fail, on the pool of workers.
    ///
    /// # Panics
    ///
    /// As [`spawn`](crate::spawn()).
    #[track_caller]
    pub fn start_spawn<F>(&self, future: F) -> GroupTask<F::Output>
    where
        E: Send,
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.spawn(async move { Ok(future.await) })
    }

    #[track_caller]
    fn local<T, F>(&self, future: F) -> Result<GroupTask<T>, GroupClosed<F>>
    where
        T: 'static,
        F: Future<Output = Result<T, E>> + 'static,
    {
        let Some(index) = self.shared.reserve() else {
            return Err(GroupClosed { future });
        };
        let group = self.clone();
        let wrap = move |future| Child::new(group, index, future);
        let raw = start_local_or_panic(future, wrap, Location::caller());
        self.shared.started(index, raw.as_task_ref());
        Ok(GroupTask::new(raw))
    }

    /// Cancels the tasks of the group and the body; the group ends without an error if none of them fails.
    ///
    /// A body that is dropped by this leaves no value: what the group returns then is told by
    /// [`RunGroup::or_default`] or [`RunGroup::or_value`]. Idempotent; on a group that has not begun it takes effect
    /// when it does.
    ///
    /// # Python
    ///
    /// `TaskGroup.cancel()`.
    pub fn cancel(&self) {
        self.shared.cancel_by_itself();
    }

    /// Was the group cancelled by [`cancel`](TaskGroup::cancel)?
    pub fn was_cancelled(&self) -> bool {
        self.shared.was_cancelled()
    }

    /// Is the group finished or shutting down, so that it takes no more tasks?
    pub fn is_closed(&self) -> bool {
        self.shared.is_closed()
    }

    /// How many tasks of the group have not ended.
    pub fn len(&self) -> usize {
        self.shared.live()
    }

    /// Has every task of the group ended?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<E: 'static> Default for TaskGroup<E> {
    fn default() -> TaskGroup<E> {
        TaskGroup::new()
    }
}

impl<E> fmt::Debug for TaskGroup<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskGroup")
            .field("tasks", &self.shared.live())
            .field("closed", &self.shared.is_closed())
            .finish_non_exhaustive()
    }
}
