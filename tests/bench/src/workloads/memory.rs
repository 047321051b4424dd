//! What a task that waits for ever holds.

use std::future::{Future, pending};
use std::sync::Arc;

use crate::alloc;
use crate::peers::{Lock, Peer};

const BATCH: usize = 512;

/// Bytes of heap per task parked on nothing, its join handle not counted.
pub fn parked_task<P: Peer>(tasks: usize) -> f64 {
    parked::<P, _>(tasks, pending::<()>, || true)
}

/// The same per task that waits for a lock, which it shares with all the others.
pub fn parked_lock<P: Peer, L: Lock>(tasks: usize) -> f64 {
    let lock = Arc::new(L::new());
    // Nobody ever gives it back.
    std::mem::forget(smol::block_on(lock.acquire()));
    let shared = lock.clone();
    let wait = move || {
        let lock = shared.clone();
        async move { *lock.acquire().await += 1 }
    };
    // `lock`, `shared`, and one of each task that has not ended.
    parked::<P, _>(tasks, wait, move || Arc::strong_count(&lock) == tasks + 2)
}

fn parked<P: Peer, F: Future + 'static>(
    tasks: usize,
    wait: impl Fn() -> F,
    all_wait: impl FnOnce() -> bool,
) -> f64 {
    alloc::count();
    P::run(|peer: P| async move {
        peer.spawn(async {}).await;
        let mut handles = Vec::with_capacity(tasks);
        let before = alloc::live_bytes();
        for _ in 0..tasks / BATCH {
            for _ in 0..BATCH {
                handles.push(peer.spawn(wait()));
            }
            // The last in the queue: when it ends, all before it were polled and are parked. In small batches, so
            // that the queue of the ready ones stays small.
            peer.spawn(async {}).await;
        }
        let bytes = alloc::live_bytes() - before;
        assert!(all_wait(), "a task ended that was to wait");
        println!("{} bytes", bytes as f64 / tasks as f64);
        // Some handles cancel when dropped, and some runtimes wait: the number is out, so nobody need wait.
        std::process::exit(0)
    })
}
