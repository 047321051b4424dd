//! Locks and semaphores, in one task, among many, and on two workers.
//!
//! What is counted under a lock is checked after the last task, so that a lock that lets two in fails the run. A
//! panic of a task is seen by the same check, as it leaves the count too low.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use super::pool::run_inside;
use super::{rate, yield_once};
use crate::peers::{Lock, Peer, Pool, Semaphore};

const TASKS: usize = 64;
const PERMITS: usize = 8;
const POOL_TASKS: usize = 16;

/// Acquired and released per second, by one task that is alone.
pub fn uncontended<P: Peer, L: Lock>(total: usize) -> f64 {
    P::run(|peer: P| async move {
        let lock = Arc::new(L::new());
        let start = Instant::now();
        let shared = lock.clone();
        let task = peer.spawn(async move {
            for _ in 0..total {
                *shared.acquire().await += 1;
            }
        });
        task.await;
        let elapsed = start.elapsed();
        assert_eq!(*lock.acquire().await, total as u64);
        rate(total, elapsed)
    })
}

/// The same by 64 tasks, each of which keeps the lock while it yields once.
pub fn contended<P: Peer, L: Lock>(total: usize) -> f64 {
    let each = total / TASKS;
    P::run(|peer: P| async move {
        let lock = Arc::new(L::new());
        let start = Instant::now();
        let mut tasks = Vec::with_capacity(TASKS);
        for _ in 0..TASKS {
            let lock = lock.clone();
            tasks.push(peer.spawn(async move {
                for _ in 0..each {
                    let mut count = lock.acquire().await;
                    let before = *count;
                    yield_once().await;
                    *count = before + 1;
                }
            }));
        }
        for task in tasks {
            task.await;
        }
        let elapsed = start.elapsed();
        assert_eq!(*lock.acquire().await, (each * TASKS) as u64);
        rate(each * TASKS, elapsed)
    })
}

/// The same by 16 tasks on two workers, each of which keeps the lock for an increment.
pub fn pool<P: Pool, L: Lock>(total: usize) -> f64 {
    let each = total / POOL_TASKS;
    run_inside::<P, _>(move |peer| async move {
        let lock = Arc::new(L::new());
        let start = Instant::now();
        let mut tasks = Vec::with_capacity(POOL_TASKS);
        for _ in 0..POOL_TASKS {
            let lock = lock.clone();
            tasks.push(peer.spawn(async move {
                for _ in 0..each {
                    *lock.acquire().await += 1;
                }
            }));
        }
        for task in tasks {
            task.await;
        }
        let elapsed = start.elapsed();
        assert_eq!(*lock.acquire().await, (each * POOL_TASKS) as u64);
        rate(each * POOL_TASKS, elapsed)
    })
}

/// Permits taken and given back per second, by one task that is alone.
pub fn semaphore_uncontended<P: Peer, S: Semaphore>(total: usize) -> f64 {
    P::run(|peer: P| async move {
        let taken = Rc::new(Cell::new(0));
        let start = Instant::now();
        let count = taken.clone();
        let task = peer.spawn(async move {
            let semaphore = S::new(1);
            for _ in 0..total {
                let permit = semaphore.acquire().await;
                count.set(count.get() + 1);
                drop(permit);
            }
        });
        task.await;
        let elapsed = start.elapsed();
        assert_eq!(taken.get(), total);
        rate(total, elapsed)
    })
}

/// The same by 64 tasks with 8 permits, each of which keeps its permit while it yields once.
pub fn semaphore_contended<P: Peer, S: Semaphore>(total: usize) -> f64 {
    #[derive(Default)]
    struct Seen {
        inside: Cell<usize>,
        most: Cell<usize>,
        count: Cell<usize>,
    }

    let each = total / TASKS;
    P::run(|peer: P| async move {
        let shared = Arc::new(S::new(PERMITS));
        let seen = Rc::new(Seen::default());
        let start = Instant::now();
        let mut tasks = Vec::with_capacity(TASKS);
        for _ in 0..TASKS {
            let (semaphore, seen) = (shared.clone(), seen.clone());
            tasks.push(peer.spawn(async move {
                for _ in 0..each {
                    let permit = semaphore.acquire().await;
                    seen.inside.set(seen.inside.get() + 1);
                    seen.most.set(seen.most.get().max(seen.inside.get()));
                    yield_once().await;
                    seen.inside.set(seen.inside.get() - 1);
                    seen.count.set(seen.count.get() + 1);
                    drop(permit);
                }
            }));
        }
        for task in tasks {
            task.await;
        }
        let elapsed = start.elapsed();
        assert_eq!((seen.most.get(), seen.count.get()), (PERMITS, each * TASKS));
        rate(each * TASKS, elapsed)
    })
}
