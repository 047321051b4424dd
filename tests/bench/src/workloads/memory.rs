//! What a task costs in memory, counted exactly.

use crate::alloc;
use crate::measure::{Metrics, Params};
use crate::peers::Local;
use crate::workloads::tasks;

/// Bytes for a task that waits for ever, with its place in the runtime's lists, without the handle.
pub async fn parked<R: Local>(params: Params) -> Metrics {
    let count = params.batch(10_000);
    let mut handles = Vec::with_capacity(count as usize);
    alloc::start();
    // What the first tasks of a runtime allocate once is not theirs.
    tasks::spawn_and_join::<R>(1000).await;
    let before = alloc::counts();
    handles.extend((0..count).map(|_| R::spawn(std::future::pending::<()>())));
    R::yield_now().await;
    R::yield_now().await;
    let after = alloc::counts();
    // The tasks are still there; the process ends with them.
    std::mem::forget(handles);
    Metrics::one("bytes", (after.live - before.live) as f64 / count as f64)
}

/// Allocations for a task that is spawned and joined.
pub async fn spawn_allocations<R: Local>(params: Params) -> Metrics {
    let count = params.batch(100_000);
    tasks::spawn_and_join::<R>(10_000).await;
    alloc::start();
    let before = alloc::counts();
    tasks::spawn_and_join::<R>(count).await;
    let after = alloc::counts();
    // The list of handles is the program's own, not the runtime's.
    Metrics::one("allocations", (after.calls - before.calls - 1) as f64 / count as f64)
}

/// Allocations for a yield of one of two tasks.
pub async fn yield_allocations<R: Local>(params: Params) -> Metrics {
    let count = params.batch(100_000);
    let body = move |counted: bool| async move {
        for _ in 0..1000 {
            R::yield_now().await;
        }
        if counted {
            alloc::start();
        }
        let before = alloc::counts();
        for _ in 0..count {
            R::yield_now().await;
        }
        alloc::counts().calls - before.calls
    };
    let other = R::spawn(body(false));
    let calls = R::join(R::spawn(body(true))).await;
    R::join(other).await;
    Metrics::one("allocations", calls as f64 / count as f64)
}
