//! Queues: without waiting, back and forth, and as streams of items.
//!
//! The sums and counts of what came out are checked after the last task, so that an item that is lost, doubled or
//! changed fails the run. A panic of a task is seen by the same check.

use std::hint::black_box;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use super::pool::run_inside;
use super::{Random, rate};
use crate::peers::{Nowait, Peer, Pool, Receiver, Sender};

/// How a queue with a bound is made.
pub type Open<S, R> = fn(usize) -> (S, R);

const BOUND: usize = 64;
const SIDE: usize = 4;
const MILLION: usize = 1_000_000;

/// Items put and got per second by one task, one after the other.
pub fn uncontended<P: Peer, Q: Nowait>(total: usize) -> f64 {
    P::run(|peer: P| async move {
        let sum = Arc::new(AtomicU64::new(0));
        let start = Instant::now();
        let out = sum.clone();
        let task = peer.spawn(async move {
            let mut queue = Q::new();
            let mut sum = 0;
            for i in 0..total as u64 {
                queue.put_nowait(black_box(i));
                sum += queue.get_nowait();
            }
            out.store(sum, Relaxed);
        });
        task.await;
        let elapsed = start.elapsed();
        assert_eq!(sum.load(Relaxed), sum_below(total));
        rate(total, elapsed)
    })
}

/// Random numbers per second, a million of them put and then got in their order, over and over.
pub fn priority<P: Peer, Q: Nowait>(rounds: usize) -> f64 {
    P::run(|peer: P| async move {
        let mut random = Random::new();
        let numbers: Vec<u64> = (0..MILLION).map(|_| random.below(u64::MAX)).collect();
        let mut sorted = numbers.clone();
        sorted.sort_unstable();
        let got = Arc::new(AtomicU64::new(0));
        let start = Instant::now();
        let out = got.clone();
        let task = peer.spawn(async move {
            for _ in 0..rounds {
                let mut queue = Q::new();
                for number in &numbers {
                    queue.put_nowait(*number);
                }
                for expected in &sorted {
                    assert_eq!(queue.get_nowait(), *expected);
                }
            }
            out.store((rounds * MILLION) as u64, Relaxed);
        });
        task.await;
        let elapsed = start.elapsed();
        assert_eq!(got.load(Relaxed), (rounds * MILLION) as u64);
        rate(rounds * MILLION, elapsed)
    })
}

/// A task of a stream.
enum End<S, R> {
    /// Puts these numbers.
    In(S, Range<usize>),
    /// Gets that many, and adds them to the sum.
    Out(R, usize, Arc<AtomicU64>),
}

impl<S: Sender, R: Receiver> End<S, R> {
    async fn run(self) {
        match self {
            End::In(sender, items) => {
                for i in items {
                    sender.put(i as u64).await;
                }
            }
            End::Out(mut receiver, items, sum) => {
                let mut own = 0;
                for _ in 0..items {
                    own += receiver.get().await;
                }
                sum.fetch_add(own, Relaxed);
            }
        }
    }
}

/// What the numbers below `total` sum up to.
fn sum_below(total: usize) -> u64 {
    let total = total as u64;
    total * (total - 1) / 2
}

/// Round trips per second of a number through two queues with room for one; each side adds one to it.
pub fn ping_pong<P: Peer, S: Sender, R: Receiver>(open: Open<S, R>, rounds: usize) -> f64 {
    P::run(|peer: P| async move {
        let (there, mut arrived) = open(1);
        let (back, mut returned) = open(1);
        let last = Arc::new(AtomicU64::new(0));
        let out = last.clone();
        let start = Instant::now();
        let ping = peer.spawn(async move {
            let mut number = 0;
            for _ in 0..rounds {
                there.put(number).await;
                number = returned.get().await + 1;
            }
            out.store(number, Relaxed);
        });
        let pong = peer.spawn(async move {
            for _ in 0..rounds {
                let number = arrived.get().await;
                back.put(number + 1).await;
            }
        });
        ping.await;
        pong.await;
        let elapsed = start.elapsed();
        assert_eq!(last.load(Relaxed), 2 * rounds as u64);
        rate(rounds, elapsed)
    })
}

/// Items per second from that many producers to one consumer.
pub fn many_to_one<P: Peer, S: Sender, R: Receiver>(open: Open<S, R>, producers: usize, total: usize) -> f64 {
    let each = total / producers;
    P::run(|peer: P| async move {
        let (sender, receiver) = open(BOUND);
        let sum = Arc::new(AtomicU64::new(0));
        let start = Instant::now();
        let mut tasks = vec![peer.spawn(End::<S, R>::Out(receiver, total, sum.clone()).run())];
        for i in 0..producers {
            tasks.push(peer.spawn(End::In(sender.clone(), i * each..(i + 1) * each).run()));
        }
        for task in tasks {
            task.await;
        }
        let elapsed = start.elapsed();
        assert_eq!(sum.load(Relaxed), sum_below(total));
        rate(total, elapsed)
    })
}

/// The ends of a queue, four on each side.
fn four_by_four<S: Sender, R: Receiver + Clone>(
    open: Open<S, R>,
    total: usize,
    sum: Arc<AtomicU64>,
) -> impl Iterator<Item = End<S, R>> {
    let (sender, receiver) = open(BOUND);
    let each = total / SIDE;
    (0..SIDE).flat_map(move |i| {
        let items = i * each..(i + 1) * each;
        [
            End::In(sender.clone(), items),
            End::Out(receiver.clone(), each, sum.clone()),
        ]
    })
}

/// Items per second from four producers to four consumers.
pub fn many_to_many<P: Peer, S: Sender, R: Receiver + Clone>(open: Open<S, R>, total: usize) -> f64 {
    P::run(|peer: P| async move {
        let sum = Arc::new(AtomicU64::new(0));
        let start = Instant::now();
        let ends = four_by_four(open, total, sum.clone());
        let tasks: Vec<_> = ends.map(|end| peer.spawn(end.run())).collect();
        for task in tasks {
            task.await;
        }
        let elapsed = start.elapsed();
        assert_eq!(sum.load(Relaxed), sum_below(total));
        rate(total, elapsed)
    })
}

/// The same on two workers.
pub fn pool<P: Pool, S: Sender, R: Receiver + Clone>(open: Open<S, R>, total: usize) -> f64 {
    run_inside::<P, _>(move |peer| async move {
        let sum = Arc::new(AtomicU64::new(0));
        let start = Instant::now();
        let ends = four_by_four(open, total, sum.clone());
        let tasks: Vec<_> = ends.map(|end| peer.spawn(end.run())).collect();
        for task in tasks {
            task.await;
        }
        let elapsed = start.elapsed();
        assert_eq!(sum.load(Relaxed), sum_below(total));
        rate(total, elapsed)
    })
}
