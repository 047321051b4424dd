//! The rows of locks and queues: which primitive a peer's name stands for, and on which loop.
//!
//! A name of the crates or `tokio_on_ours` is that primitive on our loop, and with `_pool` on our pool: such a peer
//! differs from us by the primitive alone.

use super::shrink;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Mutex;

use asyncio_queue::{PriorityQueue, Queue};
use tokio::sync::mpsc;

use crate::peers::{
    Lock, Nowait, Ours, OursPool, Peer, Pool, Receiver, Semaphore, Sender, TokioCt, TokioMt, queues as peer,
};
use crate::workloads::queues::Open;
use crate::workloads::{locks, memory, queues};

fn lock<P: Peer, L: Lock, S: Semaphore>(row: &str, quick: bool) -> Option<f64> {
    let n = shrink(quick);
    Some(match row {
        "lock_uncontended" => locks::uncontended::<P, L>(80_000_000 / n),
        "lock_contended" => locks::contended::<P, L>(10_000_000 / n),
        "semaphore_uncontended" => locks::semaphore_uncontended::<P, S>(80_000_000 / n),
        "semaphore_contended" => locks::semaphore_contended::<P, S>(10_000_000 / n),
        "bytes_per_parked_lock" => memory::parked_lock::<P, L>(1 << 16),
        _ => return None,
    })
}

fn lock_pool<P: Pool, L: Lock>(row: &str, quick: bool) -> Option<f64> {
    (row == "lock_pool").then(|| locks::pool::<P, L>(12_000_000 / shrink(quick)))
}

/// What a queue with one consumer can do.
fn queue<P: Peer, Q: Nowait, S: Sender, R: Receiver>(
    open: Open<S, R>,
    row: &str,
    quick: bool,
) -> Option<f64> {
    let n = shrink(quick);
    Some(match row {
        "queue_uncontended" => queues::uncontended::<P, Q>(60_000_000 / n),
        "queue_ping_pong" => queues::ping_pong::<P, S, R>(open, 8_000_000 / n),
        "queue_1x1" => queues::many_to_one::<P, S, R>(open, 1, 28_000_000 / n),
        "queue_4x1" => queues::many_to_one::<P, S, R>(open, 4, 28_000_000 / n),
        _ => return None,
    })
}

/// And one with several.
fn shared_queue<P: Peer, Q: Nowait, S: Sender, R: Receiver + Clone>(
    open: Open<S, R>,
    row: &str,
    quick: bool,
) -> Option<f64> {
    match row {
        "queue_4x4" => Some(queues::many_to_many::<P, S, R>(open, 28_000_000 / shrink(quick))),
        _ => queue::<P, Q, S, R>(open, row, quick),
    }
}

fn queue_pool<S: Sender, R: Receiver + Clone>(open: Open<S, R>, row: &str, quick: bool) -> Option<f64> {
    (row == "queue_4x4_pool").then(|| queues::pool::<OursPool, S, R>(open, 24_000_000 / shrink(quick)))
}

fn priority<Q: Nowait>(row: &str, quick: bool) -> Option<f64> {
    (row == "priority_queue_1m").then(|| queues::priority::<Ours, Q>(5 / shrink(quick)))
}

fn measure_queue(row: &str, name: &str, quick: bool) -> Option<f64> {
    type Tokio = (mpsc::UnboundedSender<u64>, mpsc::UnboundedReceiver<u64>);
    type Channel = (async_channel::Sender<u64>, async_channel::Receiver<u64>);
    type Flume = (flume::Sender<u64>, flume::Receiver<u64>);
    match name {
        "ours" if row.starts_with("priority") => priority::<PriorityQueue<u64>>(row, quick),
        "heap" => priority::<Mutex<BinaryHeap<Reverse<u64>>>>(row, quick),
        "ours" => shared_queue::<Ours, Queue<u64>, _, _>(peer::ours, row, quick),
        "tokio" => queue::<TokioCt, Tokio, _, _>(mpsc::channel, row, quick),
        "tokio_on_ours" => queue::<Ours, Tokio, _, _>(mpsc::channel, row, quick),
        "async_channel" => shared_queue::<Ours, Channel, _, _>(async_channel::bounded, row, quick),
        "flume" => shared_queue::<Ours, Flume, _, _>(flume::bounded, row, quick),
        "ours_pool" => queue_pool(peer::ours, row, quick),
        "async_channel_pool" => queue_pool(async_channel::bounded, row, quick),
        "flume_pool" => queue_pool(flume::bounded, row, quick),
        _ => None,
    }
}

/// One measurement, or `None` when the row is of another kind or the peer has none.
pub fn measure(row: &str, peer: &str, quick: bool) -> Option<f64> {
    measure_lock(row, peer, quick).or_else(|| measure_queue(row, peer, quick))
}

fn measure_lock(row: &str, name: &str, quick: bool) -> Option<f64> {
    type OurLock = asyncio_sync::Lock<u64>;
    type TokioLock = tokio::sync::Mutex<u64>;
    type AsyncLock = async_lock::Mutex<u64>;
    match name {
        "ours" => lock::<Ours, OurLock, asyncio_sync::Semaphore>(row, quick),
        "tokio" => lock::<TokioCt, TokioLock, tokio::sync::Semaphore>(row, quick),
        "tokio_on_ours" => lock::<Ours, TokioLock, tokio::sync::Semaphore>(row, quick),
        "async_lock" => lock::<Ours, AsyncLock, async_lock::Semaphore>(row, quick),
        "ours_pool" => lock_pool::<OursPool, OurLock>(row, quick),
        "tokio_mt" => lock_pool::<TokioMt, TokioLock>(row, quick),
        "tokio_on_ours_pool" => lock_pool::<OursPool, TokioLock>(row, quick),
        "async_lock_pool" => lock_pool::<OursPool, AsyncLock>(row, quick),
        _ => None,
    }
}
