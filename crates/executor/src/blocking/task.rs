//! `BlockingTask`: the handle of a job on the pool.
//!
//! It is an `async_task::Task` that detaches instead of cancelling when it is dropped: a thread cannot be stopped
//! half-way, and what was asked to be done is done, as in Python.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use async_task::FallibleTask;

use super::error::BlockingError;
use super::shared::Shared;

/// The job that [`BlockingPool::spawn`](super::BlockingPool::spawn) put on the pool, as a future of its result.
///
/// Dropping it leaves the job alone: it runs, now or when its turn comes, and its result is dropped.
///
/// # Panics
///
/// Awaiting it panics with the job's own payload when the job panicked, and with a message when the job was dropped
/// before it ran. [`outcome`](BlockingTask::outcome) gives both as errors.
///
/// # Cancel safety
///
/// Dropping it while it is awaited loses the result, not the work. Awaiting `&mut task` and dropping that loses nothing.
///
/// # Python
///
/// The future of `loop.run_in_executor`. There, too, cancelling the await leaves a running function alone; a function
/// that has not begun is dropped there, and here only by [`cancel`](BlockingTask::cancel).
#[must_use = "the job runs anyway: say `.detach()` to ignore its result and its panic"]
pub struct BlockingTask<T> {
    /// `None` after `detach`.
    task: Option<FallibleTask<T>>,
    number: u64,
    pool: Arc<Shared>,
}

impl<T> BlockingTask<T> {
    pub(super) fn new(task: FallibleTask<T>, number: u64, pool: Arc<Shared>) -> BlockingTask<T> {
        BlockingTask {
            task: Some(task),
            number,
            pool,
        }
    }

    /// Drops the job if it has not begun, and says whether that was so.
    ///
    /// A job that runs is left alone. After `true` the closure is gone and the outcome is
    /// [`BlockingError::Cancelled`].
    ///
    /// # Python
    ///
    /// `concurrent.futures.Future.cancel()`.
    ///
    /// # Examples
    ///
    /// ```
    /// use asyncio_executor::{BlockingPool, block_on};
    /// use std::sync::mpsc;
    ///
    /// let pool = BlockingPool::builder().max_threads(1).build()?;
    /// let (begun, wait_begun) = mpsc::channel();
    /// let (release, wait_release) = mpsc::channel::<()>();
    /// let first = pool.spawn(move || {
    ///     begun.send(()).unwrap();
    ///     wait_release.recv().unwrap();
    /// })?;
    /// wait_begun.recv()?;
    /// let mut second = pool.spawn(|| "never")?;
    ///
    /// assert!(second.cancel());
    /// assert!(block_on(second.outcome()).unwrap_err().is_cancelled());
    /// release.send(())?;
    /// block_on(first);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cancel(&mut self) -> bool {
        self.pool.cancel(self.number)
    }

    /// Whether the job has ended or was dropped.
    #[doc(alias = "done")]
    pub fn is_finished(&self) -> bool {
        self.task.as_ref().is_none_or(FallibleTask::is_finished)
    }

    /// Lets the job run on its own. Its result is dropped; a panic in it is still printed by the panic hook.
    pub fn detach(self) {}

    /// Waits for the result, with a panic and a dropped job as errors.
    ///
    /// # Errors
    ///
    /// [`BlockingError::Panicked`] when the job panicked, [`BlockingError::Cancelled`] when it was dropped before it ran.
    ///
    /// # Cancel safety
    ///
    /// The job goes on; its result is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// use asyncio_executor::{BlockingPool, block_on};
    ///
    /// let pool = BlockingPool::new();
    /// let task = pool.spawn(|| "four".parse::<u32>().unwrap())?;
    /// let error = block_on(task.outcome()).unwrap_err();
    /// assert!(error.to_string().starts_with("the blocking job panicked: called `Result::unwrap()`"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "try_join")]
    pub fn outcome(mut self) -> Outcome<T> {
        Outcome {
            task: self.task.take(),
        }
    }
}

impl<T> Future for BlockingTask<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let task = self
            .task
            .as_mut()
            .expect("the task is there until the handle is consumed");
        match ready!(Pin::new(task).poll(cx)) {
            Some(value) => Poll::Ready(value),
            None => panic!(
                "the blocking job was dropped before it ran: it was cancelled or its pool was shut down"
            ),
        }
    }
}

impl<T> Drop for BlockingTask<T> {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.detach();
        }
    }
}

impl<T> fmt::Debug for BlockingTask<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingTask")
            .field("number", &self.number)
            .field("finished", &self.is_finished())
            .finish_non_exhaustive()
    }
}

/// The future of [`BlockingTask::outcome`].
#[must_use = "futures do nothing unless awaited"]
pub struct Outcome<T> {
    task: Option<FallibleTask<T>>,
}

impl<T> Future for Outcome<T> {
    type Output = Result<T, BlockingError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(task) = self.task.as_mut() else {
            panic!("the outcome of a blocking job was awaited after it had been given");
        };
        // The task's own state is consistent after it has raised the job's panic: it is finished then.
        let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(task).poll(cx)));
        let outcome = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(Some(value))) => Ok(value),
            Ok(Poll::Ready(None)) => Err(BlockingError::Cancelled),
            Err(payload) => Err(BlockingError::Panicked(payload)),
        };
        self.task = None;
        Poll::Ready(outcome)
    }
}

impl<T> Drop for Outcome<T> {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.detach();
        }
    }
}

impl<T> fmt::Debug for Outcome<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcome").finish_non_exhaustive()
    }
}

/// The future of a job: calls the closure at its only poll.
pub(super) struct CallOnce<F>(pub(super) Option<F>);

// The closure is moved out of the future to be called, so it was never pinned.
impl<F> Unpin for CallOnce<F> {}

impl<T, F: FnOnce() -> T> Future for CallOnce<F> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<T> {
        match self.0.take() {
            Some(f) => Poll::Ready(f()),
            None => Poll::Pending,
        }
    }
}
