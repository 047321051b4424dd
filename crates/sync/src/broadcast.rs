//! `broadcast`: a channel where every receiver gets every item, within a bound.
//!
//! A [`Monitor`] holds the `Ring` of the items that somebody has yet to see, and those who wait for the
//! next one. Sending never waits: a receiver that is too slow loses the oldest items, and is told how many.
//!
//! Invariants:
//! - An item is kept exactly as long as a receiver has it before itself, and it is one of the last `capacity` items.
//! - Items are cloned and dropped, and wakers woken, when the mutex is free: under it, an item is an `Arc`.

use std::sync::Arc;

use crate::monitor::Monitor;

mod error;
mod receiver;
mod ring;
mod sender;

pub use error::{Lagged, RecvError, SendError, TryRecvError};
pub use receiver::Receiver;
pub use sender::Sender;

/// The only list of the monitor: receivers that wait for an item.
const ITEMS: usize = 0;

struct Shared<T> {
    monitor: Monitor<ring::Ring<T>>,
}

/// A channel that keeps up to `capacity` items for receivers that have not seen them yet.
///
/// The memory for them is taken as it is needed. An item that goes to several receivers is cloned for all but the
/// last, by the receivers themselves; so it must be `Sync` for a channel between threads.
///
/// # Panics
///
/// With a capacity of 0.
///
/// # Python
///
/// No counterpart.
///
/// # Examples
///
/// ```
/// use asyncio_sync::broadcast::{self, RecvError};
///
/// futures_lite::future::block_on(async {
///     let (sender, mut first) = broadcast::channel(2);
///     let mut second = sender.subscribe();
///     sender.send("a").unwrap();
///     assert_eq!(first.recv().await, Ok("a"));
///
///     sender.send("b").unwrap();
///     sender.send("c").unwrap();
///     drop(sender);
///     assert_eq!(first.recv().await, Ok("b"));
///     // It was too slow for "a".
///     assert_eq!(second.recv().await, Err(RecvError::Lagged(1)));
///     assert_eq!(second.recv().await, Ok("b"));
///     assert_eq!(second.recv().await, Ok("c"));
///     assert_eq!(second.recv().await, Err(RecvError::Closed));
/// });
/// ```
#[track_caller]
pub fn channel<T: Clone>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    assert!(
        capacity > 0,
        "the capacity of a broadcast channel must be 1 or more, not {capacity}"
    );
    let mut ring = ring::Ring::new(capacity);
    let position = ring.join();
    let shared = Arc::new(Shared {
        monitor: Monitor::new(ring),
    });
    (Sender::new(shared.clone()), Receiver::new(shared, position))
}
