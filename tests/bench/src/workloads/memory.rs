//! What a task that waits for ever holds.

use std::future::pending;

use crate::alloc;
use crate::peers::Peer;

const BATCH: usize = 512;

/// Bytes of heap per task parked on nothing, its join handle not counted.
pub fn parked_task<P: Peer>(tasks: usize) -> f64 {
    alloc::count();
    P::run(|peer: P| async move {
        peer.spawn(async {}).await;
        let mut handles = Vec::with_capacity(tasks);
        let before = alloc::live_bytes();
        for _ in 0..tasks / BATCH {
            for _ in 0..BATCH {
                handles.push(peer.spawn(pending::<()>()));
            }
            // The last in the queue: when it ends, all before it were polled and are parked. In small batches, so
            // that the queue of the ready ones stays small.
            peer.spawn(async {}).await;
        }
        let bytes = alloc::live_bytes() - before;
        println!("{} bytes", bytes as f64 / tasks as f64);
        // Some handles cancel when dropped, and some runtimes wait: the number is out, so nobody need wait.
        std::process::exit(0)
    })
}
