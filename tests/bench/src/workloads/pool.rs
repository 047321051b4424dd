//! Two workers that share tasks.

use std::hint::black_box;
use std::time::{Duration, Instant};

use super::{rate, yield_once};
use crate::peers::Pool;

const BATCH: usize = 1000;

/// Tasks spawned and joined per second in batches of 1000, by a task that is on the pool itself.
pub fn spawn_join<P: Pool>(total: usize) -> f64 {
    run_inside::<P, _>(move |peer| async move {
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

async fn batch<P: Pool>(peer: P, base: u64) {
    let mut handles = Vec::with_capacity(BATCH);
    for i in 0..BATCH as u64 {
        handles.push(peer.spawn(async move { black_box(base + i) }));
    }
    for handle in handles {
        black_box(handle.await);
    }
}

/// Yields per second of 1000 tasks.
pub fn yields<P: Pool>(each: usize) -> f64 {
    run_inside::<P, _>(move |peer| async move {
        let start = Instant::now();
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
        rate(each * BATCH, start.elapsed())
    })
}

/// Runs the measuring future as a task of the pool, as the thread that waits has other habits everywhere.
pub(super) fn run_inside<P: Pool, F: Future<Output = f64> + Send + 'static>(
    measure: impl FnOnce(P) -> F + Send + 'static,
) -> f64 {
    let (send, receive) = std::sync::mpsc::channel();
    P::run(|peer: P| async move {
        let job = measure(peer);
        peer.spawn(async move { send.send(job.await).unwrap() }).await;
    });
    receive.recv().unwrap()
}

/// A task that holds on to its worker for a tenth of a second at a time, and echo on other tasks of the pool.
pub async fn stuck_beside_echo<P: Pool>(peer: P, bound: impl FnOnce(u16) + Send + 'static) {
    let hog = peer.spawn(async move {
        loop {
            std::thread::sleep(Duration::from_millis(100));
            // Woken by a timer, so that the worker that saw the deadline is the one that gets stuck.
            peer.sleep(Duration::from_millis(5)).await;
        }
    });
    let echo = peer.spawn(peer.tcp_echo(1024, bound));
    echo.await;
    hog.await;
}
