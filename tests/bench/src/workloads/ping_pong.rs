//! Two tasks that wake each other by raw wakers: what a wake and a switch cost, with nothing of a channel in it.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Poll, Waker};
use std::time::Instant;

use super::rate;
use crate::peers::{Peer, Pool};

#[derive(Default)]
struct Local {
    turn: Cell<usize>,
    wakers: [RefCell<Option<Waker>>; 2],
}

async fn local_side(table: Rc<Local>, side: usize, rounds: usize) {
    for _ in 0..rounds {
        poll_fn(|cx| {
            if table.turn.get() != side {
                *table.wakers[side].borrow_mut() = Some(cx.waker().clone());
                return Poll::Pending;
            }
            table.turn.set(1 - side);
            let other = table.wakers[1 - side].take();
            if let Some(waker) = other {
                waker.wake();
            }
            Poll::Ready(())
        })
        .await;
    }
}

/// Round trips per second on one thread.
pub fn local<P: Peer>(rounds: usize) -> f64 {
    P::run(|peer: P| async move {
        let table = Rc::new(Local::default());
        let start = Instant::now();
        let ping = peer.spawn(local_side(table.clone(), 0, rounds));
        let pong = peer.spawn(local_side(table, 1, rounds));
        ping.await;
        pong.await;
        rate(rounds, start.elapsed())
    })
}

#[derive(Default)]
struct Shared {
    turn: AtomicUsize,
    wakers: [Mutex<Option<Waker>>; 2],
}

async fn shared_side(table: Arc<Shared>, side: usize, rounds: usize) {
    for _ in 0..rounds {
        poll_fn(|cx| {
            if table.turn.load(Ordering::SeqCst) != side {
                *table.wakers[side].lock().unwrap() = Some(cx.waker().clone());
                // The other side may have passed the turn before it could see this waker.
                if table.turn.load(Ordering::SeqCst) != side {
                    return Poll::Pending;
                }
            }
            table.turn.store(1 - side, Ordering::SeqCst);
            let other = table.wakers[1 - side].lock().unwrap().take();
            if let Some(waker) = other {
                waker.wake();
            }
            Poll::Ready(())
        })
        .await;
    }
}

/// Round trips per second on two workers.
pub fn pool<P: Pool>(rounds: usize) -> f64 {
    P::run(|peer: P| async move {
        let table = Arc::new(Shared::default());
        let start = Instant::now();
        let ping = peer.spawn(shared_side(table.clone(), 0, rounds));
        let pong = peer.spawn(shared_side(table, 1, rounds));
        ping.await;
        pong.await;
        rate(rounds, start.elapsed())
    })
}
