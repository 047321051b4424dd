//! Spawn and join, yield, and two tasks that wake each other, on a pool of two workers.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use crate::measure::{Batches, Metrics, Params};
use crate::peers::Pool;

pub async fn spawn<R: Pool>(params: Params) -> Metrics {
    let count = params.batch(50_000);
    let mut batches = Batches::new(params);
    while batches.again() {
        let mut handles = Vec::with_capacity(1000);
        for _ in 0..count / 1000 {
            handles.extend((0..1000).map(|number: u64| R::spawn(async move { number })));
            let mut sum = 0;
            for handle in handles.drain(..) {
                sum += R::join(handle).await;
            }
            assert_eq!(sum, 499_500, "every task gave its number");
        }
        batches.record(count);
    }
    batches.metrics()
}

pub async fn yields<R: Pool>(params: Params) -> Metrics {
    let count = params.batch(1_000_000);
    let each = (count / 1000).max(1);
    let mut batches = Batches::new(params);
    while batches.again() {
        let handles: Vec<_> = (0..1000)
            .map(|_| {
                R::spawn(async move {
                    for _ in 0..each {
                        R::yield_now().await;
                    }
                })
            })
            .collect();
        for handle in handles {
            R::join(handle).await;
        }
        batches.record(count);
    }
    batches.metrics()
}

/// Whose turn it is, and who waits for it.
struct Table {
    turn: usize,
    waiting: [Option<Waker>; 2],
}

fn lock(table: &Mutex<Table>) -> MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn player(table: Arc<Mutex<Table>>, me: usize, rounds: u64) {
    for _ in 0..rounds {
        poll_fn(|cx| {
            let mut at = lock(&table);
            if at.turn != me {
                at.waiting[me] = Some(cx.waker().clone());
                return Poll::Pending;
            }
            at.turn = 1 - me;
            let other = at.waiting[1 - me].take();
            drop(at);
            if let Some(waker) = other {
                waker.wake();
            }
            Poll::Ready(())
        })
        .await;
    }
}

pub async fn wake<R: Pool>(params: Params) -> Metrics {
    let count = params.batch(100_000);
    let mut batches = Batches::new(params);
    while batches.again() {
        let table = Arc::new(Mutex::new(Table {
            turn: 0,
            waiting: [None, None],
        }));
        let first = R::spawn(player(table.clone(), 0, count / 2));
        let second = R::spawn(player(table, 1, count / 2));
        R::join(first).await;
        R::join(second).await;
        batches.record(count);
    }
    batches.metrics()
}
