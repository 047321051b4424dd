//! `with_tokio`: a scope that no task of tokio outlives.

use std::future::IntoFuture;

use asyncio_tasks::finally;

use crate::background::Background;
use crate::compat::Compat;

/// Runs `future` with a tokio runtime of its own, which ends with it: what the future, and the libraries that it uses, have
/// given to `tokio::spawn` is dropped, and gone before this returns. For blocking work that has begun it waits five seconds
/// at most.
///
/// It costs a thread, from the first poll to the end. Where that is too much, or children are to go on, there is
/// [`compat`](crate::TokioCompat::compat).
///
/// # Panics
///
/// When a runtime cannot be started; and when `future` does: then the children are told to end, and nobody waits for them.
///
/// # Cancel safety
///
/// Cancelled, it cancels `future`, ends the children, waits until they are gone, and goes on being cancelled. Dropped
/// (aborted, say), it drops the future and tells the children to end, without waiting.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use asyncio_tokio::with_tokio;
///
/// let child = Arc::new(());
/// asyncio::run(with_tokio(async {
///     let held = child.clone();
///     tokio::spawn(async move {
///         tokio::time::sleep(Duration::from_secs(3600)).await;
///         drop(held);
///     });
/// }));
/// assert_eq!(Arc::strong_count(&child), 1);
/// ```
pub async fn with_tokio<F: IntoFuture>(future: F) -> F::Output {
    let runtime = match Background::start() {
        Ok(runtime) => runtime,
        Err(error) => panic!("a tokio runtime cannot be started: {error}"),
    };
    let body = Compat::on(runtime.handle().clone(), future.into_future());
    finally(body, runtime.end()).await
}
