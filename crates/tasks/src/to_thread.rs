//! `to_thread`: blocking work, off the loop; and `BlockingCall`, its future, which can be had from any executor.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use async_task::{Builder, FallibleTask};
use asyncio_core::blocking::{self, RunBlocking};
use asyncio_core::{WaitKind, inherit_context, waits_for};

use crate::JoinError;

/// Runs `function` on a thread of the loop's blocking pool and gives what it returns.
///
/// # Errors
///
/// A [`JoinError`] when `function` panicked, or when the pool takes no more work because the loop is ending (the
/// outcome is then that of a cancelled task).
///
/// # Panics
///
/// When neither a loop nor a pool of workers runs on this thread.
///
/// # Cancel safety
///
/// Dropped while `function` still waits for a thread, this withdraws it; once it runs, it runs to its end and its
/// value is dropped. A request to cancel drops it, and does not wait for the thread.
///
/// # Python
///
/// `asyncio.to_thread`: the context is copied, so context variables are visible in `function`.
pub async fn to_thread<F, T>(function: F) -> Result<T, JoinError>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let call = blocking::with(|pool| match pool {
        Some(pool) => call_blocking(&**pool, function),
        None => panic!("no running event loop: to_thread needs the blocking pool of one"),
    });
    call.await
}

/// Hands `function` to `executor` now; the future gives what it returns. It runs in a copy of the current context.
///
/// A function that is refused counts as cancelled.
pub fn call_blocking<F, T>(executor: &dyn RunBlocking, function: F) -> BlockingCall<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    // A job is scheduled once, by hand, and never wakes itself: its schedule function is never called.
    let builder = Builder::new().propagate_panic(true);
    // Also where there is nothing to inherit: threads are used again, and what one function sets is not for the next.
    let context = inherit_context().unwrap_or_default();
    let call = move || context.enter(function);
    let (job, task) = builder.spawn(move |()| async move { call() }, drop::<async_task::Runnable>);
    // Dropping a job that is refused cancels it.
    let _ = executor.submit(job);
    BlockingCall {
        task: task.fallible(),
    }
}

/// What a function on another thread comes to.
///
/// Dropped while the function still waits for a thread, this withdraws it; once it runs, it runs to its end and its
/// value is dropped.
#[must_use = "dropping this withdraws a function that does not run yet"]
pub struct BlockingCall<T> {
    task: FallibleTask<T>,
}

impl<T> BlockingCall<T> {
    /// Lets the function run, and its value be dropped.
    pub fn detach(self) {
        self.task.detach();
    }

    /// Has the function ended, or was it refused?
    pub fn is_finished(&self) -> bool {
        self.task.is_finished()
    }
}

impl<T> Future for BlockingCall<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match catch_unwind(AssertUnwindSafe(|| Pin::new(&mut self.task).poll(cx))) {
            Ok(Poll::Pending) => {
                waits_for(WaitKind::Thread, 0);
                Poll::Pending
            }
            Ok(Poll::Ready(Some(value))) => Poll::Ready(Ok(value)),
            Ok(Poll::Ready(None)) => Poll::Ready(Err(JoinError::cancelled(None))),
            Err(payload) => Poll::Ready(Err(JoinError::panicked(payload))),
        }
    }
}

impl<T> fmt::Debug for BlockingCall<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingCall").finish_non_exhaustive()
    }
}
