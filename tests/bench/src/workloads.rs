//! The programs, each written once over [`crate::peers`].
//!
//! A workload runs in a child process of its own and returns one number: operations per second, nanoseconds, bytes or
//! a count, as its row says. Everything that it needs is made before the clock starts.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

pub mod calls;
pub mod children;
pub mod locks;
pub mod memory;
pub mod net;
pub mod ping_pong;
pub mod pool;
pub mod process;
pub mod queues;
pub mod streams;
pub mod structured;
pub mod tasks;
pub mod threads;
pub mod timers;
pub mod tls;

/// Wakes itself once: the same yield for every peer, whatever its own `yield_now` does beside it.
pub struct Yield(bool);

pub fn yield_once() -> Yield {
    Yield(false)
}

impl Future for Yield {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// A small generator of pseudo-random numbers (xorshift64*, Vigna 2016), seeded alike for every peer.
pub struct Random(u64);

impl Random {
    pub fn new() -> Random {
        Random(0x9e37_79b9_7f4a_7c15)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) % bound
    }
}

/// Operations per second.
pub fn rate(operations: usize, elapsed: std::time::Duration) -> f64 {
    operations as f64 / elapsed.as_secs_f64()
}
