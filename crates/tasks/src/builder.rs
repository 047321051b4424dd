//! `TaskBuilder`: a task with a name, a context of its own, or an eager start.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::Location;

use asyncio_core::{TaskName, TaskRef};

use crate::create::{start, start_local};
use crate::root::Root;
use crate::{Context, Task, TaskSpawnError};

/// Begins a task that is more than the usual.
///
/// # Python
///
/// The keyword arguments of `asyncio.create_task`.
///
/// # Examples
///
/// ```no_run
/// # async fn fetch() {}
/// let task = asyncio_tasks::task().name("fetch").create(fetch());
/// assert_eq!(&*task.get_name(), "fetch");
/// ```
pub fn task() -> TaskBuilder {
    TaskBuilder {
        dress: Dress::default(),
    }
}

/// A task to be; made by [`task()`].
#[derive(Default)]
#[must_use = "nothing starts before `create` or `spawn`"]
pub struct TaskBuilder {
    dress: Dress,
}

/// What a new task is given.
#[derive(Default)]
pub(crate) struct Dress {
    name: Option<TaskName>,
    /// `None`: a copy of the current one.
    context: Option<Context>,
    /// `None`: as the loop has it.
    eager: Option<bool>,
    /// For a task factory.
    extensions: Vec<Box<dyn Any>>,
}

impl Dress {
    #[inline]
    pub(crate) fn put_on(self, task: &TaskRef) {
        if let Some(name) = self.name {
            task.rename(name);
        }
        if let Some(context) = self.context {
            task.set_context(Some(context));
        }
    }

    /// Whether it was said when the task starts.
    pub(crate) fn eager(&self) -> Option<bool> {
        self.eager
    }
}

impl TaskBuilder {
    /// Names the task: a literal, which costs nothing, a `String`, or `format_args!`. Without this it is `Task-` and a
    /// number.
    pub fn name(mut self, name: impl Into<TaskName>) -> TaskBuilder {
        self.dress.name = Some(name.into());
        self
    }

    /// Lets the task run in exactly this context: what it sets there is seen by all who share it. Without this it
    /// gets a copy of the current one.
    pub fn context(mut self, context: Context) -> TaskBuilder {
        self.dress.context = Some(context);
        self
    }

    /// Decides whether the task takes its first step inside [`create`](TaskBuilder::create). A task that ends in that
    /// step never waits for the loop. Without this the loop decides.
    ///
    /// Only tasks of a loop of ours start eagerly; [`spawn`](TaskBuilder::spawn) and other executors ignore it.
    pub fn eager_start(mut self, eager: bool) -> TaskBuilder {
        self.dress.eager = Some(eager);
        self
    }

    /// Adds a value for a [task factory](crate::TaskFactory) to look at.
    ///
    /// # Python
    ///
    /// Keyword arguments of `create_task` that are not its own.
    pub fn extension<T: 'static>(mut self, value: T) -> TaskBuilder {
        self.dress.extensions.push(Box::new(value));
        self
    }

    /// The last value of this type that was [added](TaskBuilder::extension).
    pub fn get_extension<T: 'static>(&self) -> Option<&T> {
        self.dress
            .extensions
            .iter()
            .rev()
            .find_map(|value| value.downcast_ref())
    }

    /// The name that the task will have, if one was given.
    pub fn get_name(&self) -> Option<&str> {
        self.dress.name.as_ref().map(TaskName::as_str)
    }

    /// Was it said whether the task starts eagerly?
    pub fn says_when_to_start(&self) -> bool {
        self.dress.eager.is_some()
    }

    pub(crate) fn from_dress(dress: Dress) -> TaskBuilder {
        TaskBuilder { dress }
    }

    pub(crate) fn into_dress(self) -> Dress {
        self.dress
    }

    /// Starts the task on the loop that runs on this thread.
    ///
    /// # Panics
    ///
    /// As [`create_task`](crate::create_task).
    #[track_caller]
    pub fn create<F: Future<Output: 'static> + 'static>(self, future: F) -> Task<F::Output> {
        match self.try_create(future) {
            Ok(task) => task,
            Err(error) => panic!("{error}"),
        }
    }

    /// Starts the task on the loop that runs on this thread.
    ///
    /// # Errors
    ///
    /// As [`try_create_task`](crate::try_create_task).
    #[track_caller]
    pub fn try_create<F: Future<Output: 'static> + 'static>(
        self,
        future: F,
    ) -> Result<Task<F::Output>, TaskSpawnError<F>> {
        start_local(future, Root::new, Some(self.dress), Location::caller()).map(Task::new)
    }

    /// Starts the task on the pool of workers.
    ///
    /// # Panics
    ///
    /// As [`spawn`](crate::spawn).
    #[track_caller]
    pub fn spawn<F>(self, future: F) -> Task<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        match self.try_spawn(future) {
            Ok(task) => task,
            Err(error) => panic!("{error}"),
        }
    }

    /// Starts the task on the pool of workers.
    ///
    /// # Errors
    ///
    /// As [`try_spawn`](crate::try_spawn).
    #[track_caller]
    pub fn try_spawn<F>(self, future: F) -> Result<Task<F::Output>, TaskSpawnError<F>>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let raw = start(Root::new(future), Some(self.dress), Location::caller());
        raw.map(Task::new).map_err(|error| error.map(Root::into_inner))
    }
}

impl fmt::Debug for TaskBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskBuilder")
            .field("name", &self.dress.name)
            .field("eager", &self.dress.eager)
            .finish_non_exhaustive()
    }
}
