//! What one worker thread does: run steps, look after the drivers when nobody else does, rest.

use std::time::{Duration, Instant};

use asyncio_core::{Look, blocking};

use super::rest::Shared;
use crate::loop_handle::{self, LoopHandle};

/// So many steps are run before a busy worker looks at I/O and at the others.
const BUDGET: usize = 128;
/// A worker looks at the others at most so often. Between the second look and the first a stalled worker's queue
/// has waited this long: the price for leaving alone the queues that make progress.
pub(super) const LOOK_INTERVAL: Duration = Duration::from_micros(100);

/// Runs worker number `index` until the pool stops.
pub(super) fn work(shared: &Shared, index: usize, home: LoopHandle) {
    shared.started(index);
    let worker = shared.queue.worker(index);
    let _reactor = shared.reactor.enter();
    let _timers = shared.timers.enter();
    let _beside = home.beside().enter();
    let switches = home.clone();
    let _home = loop_handle::enter(home);
    let _blocking = blocking::enter(shared.blocking.clone());
    worker.enter(|| {
        let mut look = Look::default();
        let mut looked = Instant::now();
        while !shared.stopped() {
            let steps = match switches.switches().limit() {
                None => worker.tick(BUDGET),
                Some(limit) => worker.tick_watched(BUDGET, limit),
            };
            if steps < BUDGET {
                shared.rest(&worker, &mut look);
                continue;
            }
            // There is more to do. What would otherwise be seen to by a resting worker must not wait for that.
            shared.drive_if_free();
            if looked.elapsed() >= LOOK_INTERVAL {
                worker.look(&mut look);
                looked = Instant::now();
            }
        }
    });
}
