//! Runs the same on executors that are not ours, and on ours.

use std::future::Future;

/// Runs the future that `make` makes on each of several executors.
pub(crate) fn everywhere<F: Future<Output = ()> + Send + 'static>(make: impl Fn() -> F) {
    futures_lite::future::block_on(make());
    asyncio_executor::block_on(make());
    smol::block_on(async { smol::spawn(make()).await });
    let tokio = tokio::runtime::Builder::new_current_thread().build();
    tokio.expect("tokio starts").block_on(make());
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build();
    let tokio = tokio.expect("tokio starts");
    tokio.block_on(async {
        tokio.spawn(make()).await.expect("no test panics in it");
    });
}
