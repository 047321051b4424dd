//! Spawning, joining and yielding on one thread.

use std::hint::black_box;
use std::time::Instant;

use super::{rate, yield_once};
use crate::alloc;
use crate::peers::Peer;

const BATCH: usize = 1000;

async fn batch<P: Peer>(peer: P, base: u64) {
    let mut handles = Vec::with_capacity(BATCH);
    for i in 0..BATCH as u64 {
        handles.push(peer.spawn(async move { black_box(base + i) }));
    }
    for handle in handles {
        black_box(handle.await);
    }
}

/// Tasks spawned and joined per second, in batches of 1000.
pub fn spawn_join<P: Peer>(total: usize) -> f64 {
    P::run(|peer: P| async move {
        for i in 0..10 {
            batch(peer, i).await;
        }
        let start = Instant::now();
        for i in 0..total / BATCH {
            batch(peer, i as u64).await;
        }
        rate(total, start.elapsed())
    })
}

/// Yields per second of 1000 tasks.
pub fn yields<P: Peer>(each: usize) -> f64 {
    P::run(|peer: P| async move {
        yield_round(peer, 10).await;
        let start = Instant::now();
        yield_round(peer, each).await;
        rate(each * BATCH, start.elapsed())
    })
}

async fn yield_round<P: Peer>(peer: P, each: usize) {
    let mut handles = Vec::with_capacity(BATCH);
    for _ in 0..BATCH {
        handles.push(peer.spawn(async move {
            for _ in 0..each {
                yield_once().await;
            }
        }));
    }
    for handle in handles {
        handle.await;
    }
}

/// Allocations per task that is spawned and joined, once the loop is warm. The batch's own vector is not counted.
pub fn allocs_per_spawn<P: Peer>() -> f64 {
    alloc::count();
    P::run(|peer: P| async move {
        for i in 0..10 {
            batch(peer, i).await;
        }
        let before = alloc::allocations();
        for i in 0..10 {
            batch(peer, i).await;
        }
        (alloc::allocations() - before - 10) as f64 / (10 * BATCH) as f64
    })
}

/// Allocations per yield, of 1000 tasks, their own excluded by the difference between two lengths.
pub fn allocs_per_yield<P: Peer>() -> f64 {
    alloc::count();
    P::run(|peer: P| async move {
        yield_round(peer, 10).await;
        let start = alloc::allocations();
        yield_round(peer, 10).await;
        let short = alloc::allocations();
        yield_round(peer, 110).await;
        let long = alloc::allocations();
        ((long - short) - (short - start)) as f64 / (100 * BATCH) as f64
    })
}
