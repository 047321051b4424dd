//! `to_thread`: blocking work, off the loop.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use async_task::Builder;
use asyncio_core::{WaitKind, blocking, inherit_context, waits_for};

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
    // A job is scheduled once, by hand, and never wakes itself: its schedule function is never called.
    let builder = Builder::new().propagate_panic(true);
    // Also where there is nothing to inherit: threads are used again, and what one function sets is not for the next.
    let context = inherit_context().unwrap_or_default();
    let call = move || context.enter(function);
    let (job, task) = builder.spawn(move |()| async move { call() }, drop::<async_task::Runnable>);
    let refused = blocking::with(|pool| match pool {
        Some(pool) => pool.submit(job).is_err(),
        None => panic!("no running event loop: to_thread needs the blocking pool of one"),
    });
    if refused {
        return Err(JoinError::cancelled(None));
    }
    let mut task = pin!(task.fallible());
    std::future::poll_fn(
        |cx| match catch_unwind(AssertUnwindSafe(|| task.as_mut().poll(cx))) {
            Ok(Poll::Pending) => {
                waits_for(WaitKind::Thread, 0);
                Poll::Pending
            }
            Ok(Poll::Ready(Some(value))) => Poll::Ready(Ok(value)),
            Ok(Poll::Ready(None)) => Poll::Ready(Err(JoinError::cancelled(None))),
            Err(payload) => Poll::Ready(Err(JoinError::panicked(payload))),
        },
    )
    .await
}
