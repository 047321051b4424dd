//! `run`: a loop of ours and a runtime of tokio's on one thread.

use std::future::Future;

use asyncio_loop::{EventLoop, RunError, Runner};

use crate::driver::TokioDriver;

/// Runs `main` as `asyncio::run` does, on a loop that waits in tokio: everything on this thread has tokio's context, and
/// libraries that need it work as they are, without a thread of their own; see [`TokioDriver`].
///
/// Tasks on the loop's pool, on the other hand, need [`compat`](crate::TokioCompat::compat).
///
/// # Errors
///
/// As for `asyncio::try_run`: when the loop or the runtime cannot be made, when a loop runs here already, on Ctrl-C.
///
/// # Panics
///
/// When `main` does; and inside of a runtime of tokio's, which has [`host`](crate::host()).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// let sum = asyncio_tokio::run(async {
///     let ours = asyncio::create_task(async {
///         tokio::time::sleep(Duration::from_millis(1)).await;
///         40
///     });
///     let theirs = tokio::spawn(async { 2 });
///     ours.await.unwrap() + theirs.await.unwrap()
/// })?;
/// assert_eq!(sum, 42);
/// # Ok::<(), asyncio::RunError>(())
/// ```
#[track_caller]
pub fn run<F: Future>(main: F) -> Result<F::Output, RunError> {
    let driver = TokioDriver::new()?;
    let handle = driver.handle().clone();
    let _entered = handle.enter();
    let mut runner = Runner::new().loop_factory(move || {
        let mut event_loop = EventLoop::new()?;
        event_loop.set_driver(Box::new(driver));
        Ok(event_loop)
    });
    runner.run(main)
}
