//! What a task that waits for ever holds.

use std::future::pending;

use super::yield_once;
use crate::alloc;
use crate::peers::Peer;

/// Bytes of heap per task parked on nothing, its join handle not counted.
pub fn parked_task<P: Peer>(tasks: usize) -> f64 {
    alloc::count();
    P::run(|peer: P| async move {
        peer.spawn(async {}).await;
        let mut handles = Vec::with_capacity(tasks);
        let before = alloc::live_bytes();
        for _ in 0..tasks {
            handles.push(peer.spawn(pending::<()>()));
        }
        for _ in 0..100 {
            yield_once().await;
        }
        // The last one is first in no queue: when it ends, all the others were polled and are parked.
        peer.spawn(async {}).await;
        let bytes = alloc::live_bytes() - before;
        println!("{} bytes", bytes as f64 / tasks as f64);
        // Some handles cancel when dropped, and some runtimes wait: the number is out, so nobody need wait.
        std::process::exit(0)
    })
}
