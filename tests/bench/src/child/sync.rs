//! The rows of locks and queues: which primitive a peer's name stands for, and on which loop.
//!
//! A name of the crates or `tokio_on_ours` is that primitive on our loop, and with `_pool` on our pool: such a peer
//! differs from us by the primitive alone.

use super::shrink;
use crate::peers::{Lock, Ours, OursPool, Peer, Pool, Semaphore, TokioCt, TokioMt};
use crate::workloads::{locks, memory};

fn lock<P: Peer, L: Lock, S: Semaphore>(row: &str, quick: bool) -> Option<f64> {
    let n = shrink(quick);
    Some(match row {
        "lock_uncontended" => locks::uncontended::<P, L>(50_000_000 / n),
        "lock_contended" => locks::contended::<P, L>(10_000_000 / n),
        "semaphore_uncontended" => locks::semaphore_uncontended::<P, S>(50_000_000 / n),
        "semaphore_contended" => locks::semaphore_contended::<P, S>(10_000_000 / n),
        "bytes_per_parked_lock" => memory::parked_lock::<P, L>(1 << 16),
        _ => return None,
    })
}

fn lock_pool<P: Pool, L: Lock>(row: &str, quick: bool) -> Option<f64> {
    (row == "lock_pool").then(|| locks::pool::<P, L>(12_000_000 / shrink(quick)))
}

/// One measurement, or `None` when the row is of another kind or the peer has none.
pub fn measure(row: &str, peer: &str, quick: bool) -> Option<f64> {
    type OurLock = asyncio_sync::Lock<u64>;
    type TokioLock = tokio::sync::Mutex<u64>;
    type AsyncLock = async_lock::Mutex<u64>;
    match peer {
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
