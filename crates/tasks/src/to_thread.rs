//! `to_thread`: blocking work, off the loop.

use std::future::Future;
use std::pin::pin;

use async_task::Builder;
use asyncio_core::blocking;

use crate::JoinError;
use crate::task::outcome;

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
/// value is dropped.
///
/// # Python
///
/// `asyncio.to_thread`.
pub async fn to_thread<F, T>(function: F) -> Result<T, JoinError>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    // A job is scheduled once, by hand, and never wakes itself: its schedule function is never called.
    let builder = Builder::new().propagate_panic(true);
    let (job, task) = builder.spawn(move |()| async move { function() }, drop::<async_task::Runnable>);
    let refused = blocking::with(|pool| match pool {
        Some(pool) => pool.submit(job).is_err(),
        None => panic!("no running event loop: to_thread needs the blocking pool of one"),
    });
    if refused {
        return Err(JoinError::cancelled());
    }
    let mut task = pin!(task.fallible());
    std::future::poll_fn(|cx| outcome(|| task.as_mut().poll(cx))).await
}
