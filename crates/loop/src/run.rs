//! `run`: the way into a loop for scripts.

use std::future::Future;

use crate::{RunError, Runner, sigint};

/// Runs `main` on a new loop, and ends the loop.
///
/// After Ctrl-C the main future is cancelled, the loop ended, and then the process ends by SIGINT, as it would have
/// without a loop.
///
/// # Panics
///
/// When a loop runs on this thread already, when the loop's drivers cannot be made, or when `main` panics;
/// [`try_run`] gives the first two as errors.
///
/// # Python
///
/// `asyncio.run`.
///
/// # Examples
///
/// ```
/// assert_eq!(asyncio_loop::run(async { 6 * 7 }), 42);
/// ```
#[track_caller]
pub fn run<F: Future>(main: F) -> F::Output {
    match try_run(main) {
        Ok(value) => value,
        Err(RunError::KeyboardInterrupt) => sigint::die(),
        Err(error) => panic!("{error}"),
    }
}

/// Runs `main` on a new loop, and ends the loop.
///
/// # Errors
///
/// See [`RunError`].
///
/// # Panics
///
/// When `main` panics.
#[track_caller]
pub fn try_run<F: Future>(main: F) -> Result<F::Output, RunError> {
    // Ends the loop before the caller sees the result, also when `main` panics.
    let mut runner = Runner::new();
    runner.run(main)
}

/// Ends the process as an unhandled Ctrl-C would: by SIGINT, where there are signals.
///
/// For programs that use [`Runner::run`] and want the end of [`run`] for [`RunError::KeyboardInterrupt`].
pub fn exit_by_sigint() -> ! {
    sigint::die()
}
