//! `host`: a loop of ours inside of a program of tokio's, on one of its threads.
//!
//! tokio waits for the loop's descriptor and its next deadline together with everything else that it has, and lets the loop
//! take a turn when there is something to do.

use std::future::Future;
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use asyncio_loop::{EventLoop, RunError, Turned, WaitFor};
use asyncio_tasks::Task;
use tokio::io::unix::AsyncFd;
use tokio::runtime::Handle;

use crate::current;
use crate::watched::watched;

/// Runs `main` as a task of `event_loop`, inside of a task of tokio's: the loop takes its turns when tokio polls this, and
/// waits in tokio's reactor. Tasks of the loop have tokio's context; those of its pool, by
/// [`compat`](crate::TokioCompat::compat).
///
/// A loop stays on its thread. So this belongs into the `block_on` of a runtime, or into a `LocalSet`; it is no future for
/// `tokio::spawn`.
///
/// The loop goes on after `main` only if it is run again: [`shutdown`](EventLoop::shutdown) ends its tasks in order.
///
/// # Errors
///
/// [`RunError::Stopped`] when the loop was told to stop first, [`RunError::Cancelled`] when somebody cancelled the task of
/// `main`, and those of [`run_once`](EventLoop::run_once).
///
/// # Panics
///
/// When `main` does, and outside of a runtime with I/O and timers.
///
/// # Cancel safety
///
/// Dropped, it cancels `main`; the request is delivered in the loop's next turn, which may be that of its shutdown.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use asyncio::EventLoop;
///
/// #[tokio::main(flavor = "current_thread")]
/// async fn main() -> Result<(), asyncio::RunError> {
///     let mut event_loop = EventLoop::new()?;
///     let sum = asyncio_tokio::host(&mut event_loop, async {
///         asyncio::sleep(Duration::from_millis(1)).await;
///         tokio::spawn(async { 42 }).await.unwrap()
///     });
///     assert_eq!(sum.await?, 42);
///     event_loop.shutdown(None);
///     Ok(())
/// }
/// ```
pub async fn host<F>(event_loop: &mut EventLoop, main: F) -> Result<F::Output, RunError>
where
    F: Future<Output: 'static> + 'static,
{
    if event_loop.is_closed() {
        return Err(RunError::Closed);
    }
    event_loop.enter(|| current::serve(&Handle::current()));
    let events = watched(event_loop.try_clone_fd()?)?;
    let main = event_loop.create_task(main);
    let given_up = CancelOnDrop(&main);
    while !main.is_finished() {
        // From here on, what makes something ready makes the descriptor readable.
        match event_loop.prepare_wait() {
            WaitFor::Nothing => tokio::task::yield_now().await,
            WaitFor::Event => clear(&events).await?,
            WaitFor::Until(due) => {
                let _ = tokio::time::timeout_at(due.into(), clear(&events)).await;
            }
        }
        if event_loop.run_once(Some(Duration::ZERO))? == Turned::Stopped && !main.is_finished() {
            return Err(RunError::Stopped);
        }
    }
    drop(given_up);
    match main.await {
        Ok(value) => Ok(value),
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_cancelled) => Err(RunError::Cancelled),
    }
}

/// Nobody wants the task any more; one that has ended does not mind.
struct CancelOnDrop<'a, T>(&'a Task<T>);

impl<T> Drop for CancelOnDrop<'_, T> {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

async fn clear(events: &AsyncFd<OwnedFd>) -> io::Result<()> {
    events.readable().await?.clear_ready();
    Ok(())
}
