//! `LocalExecutor`: tasks that stay on one thread.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;
use std::task::Waker;

use async_task::Task;

use crate::Executor;
use crate::executor::debug;

/// An executor on one thread, whose futures need not be `Send`. Other threads can wake and cancel its tasks.
///
/// The interface is that of the crate async-executor.
///
/// # Examples
///
/// ```
/// use std::rc::Rc;
/// use asyncio_executor::{LocalExecutor, block_on};
///
/// let executor = LocalExecutor::new();
/// let shared = Rc::new(3);
/// let task = executor.spawn({
///     let shared = shared.clone();
///     async move { *shared + 1 }
/// });
/// assert_eq!(block_on(executor.run(task)), 4);
/// ```
pub struct LocalExecutor<'a> {
    inner: Executor<'a>,
    /// Neither Send nor Sync.
    _here: PhantomData<Rc<()>>,
}

impl UnwindSafe for LocalExecutor<'_> {}
impl RefUnwindSafe for LocalExecutor<'_> {}

impl<'a> LocalExecutor<'a> {
    /// An executor without tasks. It allocates at its first use.
    pub const fn new() -> LocalExecutor<'a> {
        LocalExecutor {
            inner: Executor::new(),
            _here: PhantomData,
        }
    }

    /// Has every task ended?
    pub fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }

    /// Spawns a task.
    pub fn spawn<T: 'a>(&self, future: impl Future<Output = T> + 'a) -> Task<T> {
        // SAFETY: the executor is not Send, so the future is polled and dropped on this thread; it outlives the
        // executor, whose drop ends it.
        #[expect(unsafe_code, reason = "the caller of the promise")]
        unsafe {
            self.inner.spawn_unchecked(future)
        }
    }

    /// Spawns many tasks, taking the lock for all of them together.
    pub fn spawn_many<T: 'a, F: Future<Output = T> + 'a>(
        &self,
        futures: impl IntoIterator<Item = F>,
        handles: &mut impl Extend<Task<F::Output>>,
    ) {
        // SAFETY: as in `spawn`.
        #[expect(unsafe_code, reason = "the caller of the promise")]
        unsafe {
            self.inner.spawn_many_unchecked(futures, handles);
        }
    }

    /// Runs one ready task, if there is one.
    pub fn try_tick(&self) -> bool {
        self.inner.try_tick()
    }

    /// Runs up to `budget` ready tasks; gives how many.
    pub fn try_tick_n(&self, budget: usize) -> usize {
        self.inner.try_tick_n(budget)
    }

    /// Is a task ready?
    pub fn has_ready(&self) -> bool {
        self.inner.has_ready()
    }

    /// Sets a waker that is called whenever a task becomes ready; see [`Executor::set_wake_hook`].
    pub fn set_wake_hook(&self, hook: Option<Waker>) {
        self.inner.set_wake_hook(hook);
    }

    /// Waits for a ready task and runs it.
    ///
    /// # Cancel safety
    ///
    /// No task is lost.
    pub async fn tick(&self) {
        self.inner.tick().await;
    }

    /// Runs tasks until `future` is ready.
    ///
    /// # Cancel safety
    ///
    /// No task is lost.
    pub async fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.inner.run(future).await
    }
}

impl Default for LocalExecutor<'_> {
    fn default() -> Self {
        LocalExecutor::new()
    }
}

impl fmt::Debug for LocalExecutor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug(&self.inner, "LocalExecutor", f)
    }
}
