//! `Executor`: tasks that any thread may run.

use std::cell::UnsafeCell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, OnceLock};
use std::task::Waker;

use async_task::{Runnable, Task};
use futures_lite::future;

use crate::runner::{Runner, Ticker, step};
use crate::state::State;

/// An executor whose tasks run on whatever threads call [`run`](Executor::run), [`tick`](Executor::tick) or
/// [`try_tick`](Executor::try_tick).
///
/// Dropping a [`Task`] cancels it; dropping the executor drops every future that has not ended. The interface is
/// that of the crate async-executor, so that a program changes its `use` line and nothing else.
///
/// # Examples
///
/// ```
/// use asyncio_executor::{Executor, block_on};
///
/// let executor = Executor::new();
/// let task = executor.spawn(async { 1 + 2 });
/// assert_eq!(block_on(executor.run(task)), 3);
/// ```
pub struct Executor<'a> {
    state: OnceLock<Arc<State>>,
    /// Invariant in `'a`: a task may hold what lives that long, and give it out.
    _tasks: PhantomData<UnsafeCell<&'a ()>>,
}

#[expect(
    unsafe_code,
    reason = "the marker for the lifetime is neither, the executor is both"
)]
mod threads {
    use super::Executor;

    // SAFETY: it holds an `Arc` of a state that is Send and Sync, and tasks that are Send.
    unsafe impl Send for Executor<'_> {}
    // SAFETY: as above; all its methods work through the shared state.
    unsafe impl Sync for Executor<'_> {}
}

impl UnwindSafe for Executor<'_> {}
impl RefUnwindSafe for Executor<'_> {}

impl<'a> Executor<'a> {
    /// An executor without tasks. It allocates at its first use.
    pub const fn new() -> Executor<'a> {
        Executor {
            state: OnceLock::new(),
            _tasks: PhantomData,
        }
    }

    pub(crate) fn state(&self) -> &Arc<State> {
        self.state.get_or_init(|| Arc::new(State::new()))
    }

    /// Has every task ended?
    pub fn is_empty(&self) -> bool {
        self.state().active().len() == 0
    }

    /// Spawns a task.
    pub fn spawn<T: Send + 'a>(&self, future: impl Future<Output = T> + Send + 'a) -> Task<T> {
        // SAFETY: the future is Send and outlives the executor, whose drop ends it.
        #[expect(unsafe_code, reason = "the caller of the promise")]
        unsafe {
            self.spawn_unchecked(future)
        }
    }

    /// Spawns many tasks, taking the lock for all of them together.
    pub fn spawn_many<T: Send + 'a, F: Future<Output = T> + Send + 'a>(
        &self,
        futures: impl IntoIterator<Item = F>,
        handles: &mut impl Extend<Task<F::Output>>,
    ) {
        // SAFETY: the futures are Send and outlive the executor, whose drop ends them.
        #[expect(unsafe_code, reason = "the caller of the promise")]
        unsafe {
            self.spawn_many_unchecked(futures, handles);
        }
    }

    /// # Safety
    ///
    /// `F` may be run where this executor is, and outlives it.
    #[expect(
        unsafe_code,
        reason = "shared with the local executor, whose futures are not Send"
    )]
    pub(crate) unsafe fn spawn_unchecked<F: Future>(&self, future: F) -> Task<F::Output> {
        let state = self.state();
        // SAFETY: passed on to the caller.
        let (runnable, task) = unsafe { state.spawn(&mut state.active(), future) };
        runnable.schedule();
        task
    }

    /// # Safety
    ///
    /// As for `spawn_unchecked`.
    #[expect(
        unsafe_code,
        reason = "shared with the local executor, whose futures are not Send"
    )]
    pub(crate) unsafe fn spawn_many_unchecked<F: Future>(
        &self,
        futures: impl IntoIterator<Item = F>,
        handles: &mut impl Extend<Task<F::Output>>,
    ) {
        let state = self.state();
        let mut futures = futures.into_iter();
        loop {
            // The iterator is not called under the lock: it may spawn itself. Batches keep the lock short.
            let batch: Vec<F> = futures.by_ref().take(500).collect();
            if batch.is_empty() {
                return;
            }
            let spawned: Vec<(Runnable, Task<F::Output>)> = {
                let mut active = state.active();
                // SAFETY: passed on to the caller.
                batch
                    .into_iter()
                    .map(|future| unsafe { state.spawn(&mut active, future) })
                    .collect()
            };
            handles.extend(spawned.into_iter().map(|(runnable, task)| {
                runnable.schedule();
                task
            }));
        }
    }

    /// Runs one ready task, if there is one.
    pub fn try_tick(&self) -> bool {
        self.try_tick_n(1) == 1
    }

    /// Runs up to `budget` ready tasks; gives how many. Less than `budget` means that none is ready any more.
    pub fn try_tick_n(&self, budget: usize) -> usize {
        let state = self.state();
        for done in 0..budget {
            match state.pop() {
                Some(runnable) => step(runnable),
                None => return done,
            }
        }
        budget
    }

    /// Is a task ready?
    pub fn has_ready(&self) -> bool {
        self.state().has_ready()
    }

    /// Sets a waker that is called whenever a task becomes ready, on the thread that made it so: for a loop that
    /// ticks this executor and waits elsewhere in between.
    pub fn set_wake_hook(&self, hook: Option<Waker>) {
        self.state().set_hook(hook);
    }

    /// Waits for a ready task and runs it.
    ///
    /// # Cancel safety
    ///
    /// No task is lost.
    pub async fn tick(&self) {
        let state = self.state();
        let mut ticker = Ticker::new(state);
        let runnable = poll_fn(|cx| ticker.poll_next(cx, || state.pop())).await;
        drop(ticker);
        step(runnable);
    }

    /// Runs tasks until `future` is ready.
    ///
    /// # Cancel safety
    ///
    /// No task is lost: others run what this one had taken.
    pub async fn run<T>(&self, future: impl Future<Output = T>) -> T {
        let mut runner = Runner::new(self.state());
        let forever = async move {
            runner.run().await;
            std::future::pending().await
        };
        future::or(future, forever).await
    }
}

impl Drop for Executor<'_> {
    fn drop(&mut self) {
        if let Some(state) = self.state.get() {
            state.end_all();
        }
    }
}

impl Default for Executor<'_> {
    fn default() -> Self {
        Executor::new()
    }
}

impl fmt::Debug for Executor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug(self, "Executor", f)
    }
}

pub(crate) fn debug(executor: &Executor<'_>, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut debug = f.debug_struct(name);
    if let Some(state) = executor.state.get() {
        debug
            .field("active", &state.active().len())
            .field("injected", &state.injector.len())
            .field(
                "local",
                &state.locals().iter().map(|local| local.len()).collect::<Vec<_>>(),
            );
    }
    debug.finish_non_exhaustive()
}
