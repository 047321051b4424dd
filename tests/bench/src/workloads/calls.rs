//! Callbacks on one thread: `call_soon`, and what the peers have in its place, a task that nobody joins.

use std::cell::Cell;
use std::hint::black_box;
use std::rc::Rc;
use std::time::Instant;

use super::{rate, yield_once};
use crate::alloc;
use crate::peers::Calls;

const BATCH: usize = 1000;

async fn batch<P: Calls>(peer: P, called: &Rc<Cell<usize>>) {
    let goal = called.get() + BATCH;
    for i in 0..BATCH {
        let called = called.clone();
        peer.call_soon(move || {
            black_box(i);
            called.set(called.get() + 1);
        });
    }
    while called.get() < goal {
        yield_once().await;
    }
}

/// Callbacks per second, in batches of 1000.
pub fn call_soon<P: Calls>(total: usize) -> f64 {
    P::run(|peer: P| async move {
        let called = Rc::default();
        for _ in 0..10 {
            batch(peer, &called).await;
        }
        let start = Instant::now();
        for _ in 0..total / BATCH {
            batch(peer, &called).await;
        }
        rate(total, start.elapsed())
    })
}

/// Allocations per callback, once the loop is warm.
pub fn allocs<P: Calls>() -> f64 {
    alloc::count();
    P::run(|peer: P| async move {
        let called = Rc::default();
        for _ in 0..10 {
            batch(peer, &called).await;
        }
        let before = alloc::allocations();
        for _ in 0..10 {
            batch(peer, &called).await;
        }
        (alloc::allocations() - before) as f64 / (10 * BATCH) as f64
    })
}
