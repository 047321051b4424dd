//! `watch`: a channel for the latest value of something, such as a configuration or a state.
//!
//! The value lies in an `RwLock`, from which it is lent out; a [`Monitor`] holds the counts of both sides and those
//! who wait. A word tells the version of the value, so that a receiver finds out without a lock whether there is
//! something new.
//!
//! Invariants:
//! - The version changes only under both the write lock and the monitor's mutex. So who has a read lock knows the
//!   version of what it sees, and who has the mutex cannot fall asleep over a new one.
//! - The write lock is taken before the mutex, never after it.
//! - Values are dropped, and wakers woken, when both are free.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use asyncio_core::WakeList;

use crate::monitor::Monitor;

mod borrow;
mod error;
mod receiver;
mod sender;
pub(crate) mod wait;

pub use borrow::Ref;
pub use error::{Closed, SendError};
pub use receiver::Receiver;
pub use sender::Sender;

/// The list of receivers that wait for a new value.
const CHANGES: usize = 0;
/// The list of senders that wait for the receivers to go.
const DEPARTURES: usize = 1;

/// In the word: all senders are gone.
const CLOSED: u64 = 1;
/// In the word: the next version.
const VERSION: u64 = 2;

struct Shared<T> {
    /// The version of the value, and the bit `CLOSED`.
    word: AtomicU64,
    monitor: Monitor<Counts, 2>,
    value: RwLock<T>,
}

struct Counts {
    senders: usize,
    receivers: usize,
}

impl<T> Shared<T> {
    /// Whatever became of an earlier writer: a value that it left half-changed is its own affair.
    fn read(&self) -> RwLockReadGuard<'_, T> {
        self.value.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, T> {
        self.value.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn version(&self) -> u64 {
        self.word.load(Ordering::Acquire) / VERSION
    }

    fn is_closed(&self) -> bool {
        self.word.load(Ordering::Acquire) & CLOSED != 0
    }

    /// The value is another one. The caller has the write lock, and wakes when it has let go of it.
    fn publish(&self) -> WakeList {
        self.tell_receivers(|word| {
            word.fetch_add(VERSION, Ordering::Release);
        })
    }

    /// The last sender is gone.
    fn close(&self) -> WakeList {
        self.tell_receivers(|word| {
            word.fetch_or(CLOSED, Ordering::Release);
        })
    }

    fn tell_receivers(&self, change: impl FnOnce(&AtomicU64)) -> WakeList {
        let mut wake = WakeList::new();
        let mut locked = self.monitor.lock();
        change(&self.word);
        locked.notify_all(CHANGES, 0, &mut wake);
        wake
    }
}

/// A channel that holds `initial`: one value, the latest.
///
/// Senders replace or change the value, and receivers look at it whenever they like, or wait until there is another
/// one. A receiver that is slow misses the values between, never the last. The first receiver counts `initial` as
/// seen.
///
/// # Python
///
/// No counterpart.
///
/// # Examples
///
/// ```
/// use asyncio_sync::watch;
///
/// futures_lite::future::block_on(async {
///     let (level, mut seen) = watch::channel("info");
///     let printer = async {
///         while seen.changed().await.is_ok() {
///             println!("from now on: {}", *seen.borrow_and_update());
///         }
///     };
///     let changer = async move {
///         level.send("debug").unwrap();
///         // Dropped here: the printer comes to its end.
///     };
///     futures_lite::future::zip(printer, changer).await;
/// });
/// ```
pub fn channel<T>(initial: T) -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared {
        word: AtomicU64::new(0),
        monitor: Monitor::new(Counts {
            senders: 1,
            receivers: 1,
        }),
        value: RwLock::new(initial),
    });
    (Sender::new(shared.clone()), Receiver::new(shared, 0))
}
