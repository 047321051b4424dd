//! Work handed to threads that may block.

use std::time::Instant;

use super::rate;
use crate::peers::Peer;

const BATCH: usize = 1000;

/// Empty calls per second, started 1000 at a time.
pub fn burst<P: Peer>(total: usize) -> f64 {
    P::run(|peer: P| async move {
        peer.blocking(|| ()).await;
        let start = Instant::now();
        for _ in 0..total / BATCH {
            let mut calls = Vec::with_capacity(BATCH);
            for _ in 0..BATCH {
                // A task each, as a call may do nothing before its first poll.
                calls.push(peer.spawn(peer.blocking(|| ())));
            }
            for call in calls {
                call.await;
            }
        }
        rate(total, start.elapsed())
    })
}

/// Empty calls per second, one after the other.
pub fn single<P: Peer>(total: usize) -> f64 {
    P::run(|peer: P| async move {
        peer.blocking(|| ()).await;
        let start = Instant::now();
        for _ in 0..total {
            peer.blocking(|| ()).await;
        }
        rate(total, start.elapsed())
    })
}
