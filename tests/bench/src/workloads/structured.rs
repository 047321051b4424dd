//! Timeouts, groups, and tasks with a name and a context.

use std::hint::black_box;
use std::time::Instant;

use super::{rate, yield_once};
use crate::peers::Structured;

const BATCH: u64 = 1000;

/// What is done over and over.
#[derive(Clone, Copy)]
pub enum Work {
    /// A timeout around a future that is ready.
    TimeoutReady,
    /// A timeout around a future that yields once.
    TimeoutYield,
    /// The yields of one future, with one timeout around all of them: what each pending poll costs.
    TimeoutPending,
    /// The same without the timeout, to be subtracted.
    Pending,
    /// The children of groups of 1000, ready at once.
    GroupReady,
    /// The same, each with a yield.
    GroupYield,
    /// Tasks spawned and joined, 1000 at a time, without anything else.
    Spawn,
    /// The same from a context with one variable.
    SpawnContext,
    /// The same, each with a name too.
    SpawnNameContext,
}

/// The work of a row of the report or of `instructions`.
pub fn work(name: &str) -> Option<Work> {
    Some(match name {
        "timeout_ready" => Work::TimeoutReady,
        "timeout_yield" => Work::TimeoutYield,
        "timeout_pending" => Work::TimeoutPending,
        "pending" => Work::Pending,
        "group_ready" => Work::GroupReady,
        "group_yield" => Work::GroupYield,
        "spawn" => Work::Spawn,
        "spawn_context" => Work::SpawnContext,
        "spawn_name_context" => Work::SpawnNameContext,
        _ => return None,
    })
}

/// Operations per second.
pub fn run<P: Structured>(work: Work, total: u64) -> f64 {
    P::run(|peer: P| async move {
        repeat(peer, work, 10 * BATCH).await;
        let start = Instant::now();
        repeat(peer, work, total).await;
        rate(total as usize, start.elapsed())
    })
}

async fn yields(count: u64) {
    for _ in 0..count {
        yield_once().await;
    }
}

async fn repeat<P: Structured>(peer: P, work: Work, total: u64) {
    match work {
        Work::TimeoutReady => {
            let task = peer.start(async move {
                for i in 0..total {
                    black_box(peer.timeout(std::future::ready(black_box(i))).await);
                }
            });
            task.await;
        }
        Work::TimeoutYield => {
            let task = peer.start(async move {
                for _ in 0..total {
                    black_box(peer.timeout(yield_once()).await);
                }
            });
            task.await;
        }
        Work::TimeoutPending => {
            let task = peer.start(async move {
                black_box(peer.timeout(yields(total)).await);
            });
            task.await;
        }
        Work::Pending => {
            peer.start(yields(total)).await;
        }
        Work::GroupReady => {
            for _ in 0..total / BATCH {
                peer.group(BATCH, |i| std::future::ready(black_box(i))).await;
            }
        }
        Work::GroupYield => {
            for _ in 0..total / BATCH {
                let child = |i| async move {
                    yield_once().await;
                    black_box(i)
                };
                peer.group(BATCH, child).await;
            }
        }
        Work::Spawn => {
            batches(total, |i| peer.start(async move { black_box(i) })).await;
        }
        Work::SpawnContext => {
            peer.set_variable();
            batches(total, |i| peer.start_dressed(false, async move { black_box(i) })).await;
        }
        Work::SpawnNameContext => {
            peer.set_variable();
            batches(total, |i| peer.start_dressed(true, async move { black_box(i) })).await;
        }
    }
}

async fn batches<F: Future>(total: u64, start: impl Fn(u64) -> F) {
    for _ in 0..total / BATCH {
        let mut handles = Vec::with_capacity(BATCH as usize);
        for i in 0..BATCH {
            handles.push(start(i));
        }
        for handle in handles {
            black_box(handle.await);
        }
    }
}
