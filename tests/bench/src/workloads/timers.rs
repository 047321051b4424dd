//! Timers: made and dropped, fired in bulk, and how late a lonely one is.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::{Random, rate, yield_once};
use crate::peers::Peer;

/// Polls of timers between two yields: within the budgets that runtimes give a task, so that no poll is refused.
const STRETCH: usize = 64;

fn arm(timer: Pin<&mut impl Future>, cx: &mut Context<'_>) {
    assert!(
        timer.poll(cx).is_pending(),
        "a timer of ten seconds was over at once"
    );
}

/// Timers made, armed and dropped per second, while `live - 1` others are pending; all deadlines are seconds away.
pub fn create_cancel<P: Peer>(live: usize, total: usize) -> f64 {
    P::run(|peer: P| async move {
        let job = async move {
            let mut random = Random::new();
            let far = Instant::now() + Duration::from_secs(10);
            let mut deadline = || far + Duration::from_micros(random.below(10_000_000));
            let mut timers: Vec<_> = (0..live)
                .map(|_| Box::pin(peer.sleep_until(deadline())))
                .collect();
            let mut armed = 0;
            while armed < live {
                let end = live.min(armed + STRETCH);
                let now = &mut timers[armed..end];
                poll_fn(|cx| {
                    for timer in now.iter_mut() {
                        arm(timer.as_mut(), cx);
                    }
                    Poll::Ready(())
                })
                .await;
                yield_once().await;
                armed = end;
            }
            let mut next = 0;
            let start = Instant::now();
            for _ in 0..total / STRETCH {
                poll_fn(|cx| {
                    for _ in 0..STRETCH {
                        // A stride coprime to both sizes, so that the one that goes is not the one just made.
                        next = (next + 617) % live;
                        timers[next].set(peer.sleep_until(deadline()));
                        arm(timers[next].as_mut(), cx);
                    }
                    Poll::Ready(())
                })
                .await;
                yield_once().await;
            }
            RATE.set(rate(total / STRETCH * STRETCH, start.elapsed()));
        };
        peer.spawn(job).await;
        RATE.get()
    })
}

thread_local! {
    // Join handles differ in what they wrap a result in, so that the task leaves its result here.
    static RATE: Cell<f64> = const { Cell::new(0.0) };
}

/// Tasks with one timer each, set and fired per second. The idle stretch before the first deadline is not counted.
pub fn fire<P: Peer>(total: usize) -> f64 {
    P::run(|peer: P| async move {
        let mut random = Random::new();
        let armed = Rc::new(Cell::new((0, Instant::now())));
        let start = Instant::now();
        let first = start + Duration::from_millis(250);
        let mut handles = Vec::with_capacity(total);
        for _ in 0..total {
            let deadline = first + Duration::from_micros(random.below(2000));
            let armed = armed.clone();
            handles.push(peer.spawn(async move {
                let mut timer = pin!(peer.sleep_until(deadline));
                let mut fresh = true;
                poll_fn(|cx| {
                    let polled = timer.as_mut().poll(cx);
                    if std::mem::take(&mut fresh) {
                        let count = armed.get().0 + 1;
                        let last = if count == total { Instant::now() } else { start };
                        armed.set((count, last));
                    }
                    polled.map(drop)
                })
                .await;
            }));
        }
        for handle in handles {
            handle.await;
        }
        let end = Instant::now();
        let idle = first.saturating_duration_since(armed.get().1);
        rate(total, end - start - idle)
    })
}

/// How late a lonely timer is, in nanoseconds, at that percentile of `count` timers one after the other.
pub fn lateness<P: Peer>(count: usize, percentile: usize) -> f64 {
    P::run(|peer: P| async move {
        let mut random = Random::new();
        let mut late = Vec::with_capacity(count);
        for _ in 0..count {
            let deadline = Instant::now() + Duration::from_micros(500 + random.below(1500));
            peer.sleep_until(deadline).await;
            late.push(deadline.elapsed().as_nanos() as f64);
        }
        crate::stats::percentile(&mut late, percentile)
    })
}
