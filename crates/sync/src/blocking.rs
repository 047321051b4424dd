//! Waiting from a thread that runs no loop.

use std::future::Future;

use asyncio_core::in_step;

/// Waits for `future`, blocking the thread: what the blocking form of a primitive's wait is made of.
///
/// # Panics
///
/// In a step of a loop or of a pool's worker, which it would block: the message has the `name` of the function that was called, and
/// what to call `instead`.
pub fn block_on<F: Future>(name: &str, instead: &str, future: F) -> F::Output {
    assert!(
        !in_step(),
        "{name} would block the loop that runs here: use {instead}, or call it in to_thread"
    );
    futures_lite::future::block_on(future)
}
