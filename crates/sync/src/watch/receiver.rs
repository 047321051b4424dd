//! `Receiver`: the side that sees the value.

use std::fmt;
use std::sync::Arc;

use asyncio_core::{WaitKind, WakeList};
use futures_core::Stream;
use futures_lite::{StreamExt, stream};

use super::wait::wait_until;
use super::{CHANGES, Closed, DEPARTURES, Ref, Shared};

/// Sees the value of a watch channel; from [`channel`](super::channel), [`subscribe`](super::Sender::subscribe), or
/// another receiver's `clone`.
///
/// It remembers which version of the value it has seen last; a clone has seen the same.
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    /// The version that was seen last.
    seen: u64,
}

impl<T> Receiver<T> {
    /// The caller has counted it.
    pub(super) fn new(shared: Arc<Shared<T>>, seen: u64) -> Receiver<T> {
        Receiver { shared, seen }
    }

    /// The value as it is now, which counts as seen no more than before. Let go of it soon: see [`Ref`].
    ///
    /// In a loop around [`changed`](Receiver::changed), take [`borrow_and_update`](Receiver::borrow_and_update), or a
    /// value that comes between the two is reported twice.
    pub fn borrow(&self) -> Ref<'_, T> {
        let value = self.shared.read();
        // Exact: the version cannot change under a read lock.
        let changed = self.shared.version() != self.seen;
        Ref::new(value, changed)
    }

    /// The value as it is now, which counts as seen from here on. Let go of it soon: see [`Ref`].
    pub fn borrow_and_update(&mut self) -> Ref<'_, T> {
        let value = self.shared.read();
        // Exact: the version cannot change under a read lock.
        let version = self.shared.version();
        let changed = version != self.seen;
        self.seen = version;
        Ref::new(value, changed)
    }

    /// Whether there is a value that this receiver has not seen.
    ///
    /// # Errors
    ///
    /// When all senders are gone, also if there is a value that was not seen; [`changed`](Receiver::changed) reports
    /// that one first.
    pub fn has_changed(&self) -> Result<bool, Closed> {
        if self.shared.is_closed() {
            return Err(Closed(()));
        }
        Ok(self.shared.version() != self.seen)
    }

    /// Waits for a value that this receiver has not seen, and counts it as seen. It returns at once if there is one.
    ///
    /// # Errors
    ///
    /// When all senders are gone, and the last value has been seen.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: only when it returns, the value is counted as seen.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let (sender, mut receiver) = asyncio_sync::watch::channel(1);
    /// sender.send(2).unwrap();
    /// sender.send(3).unwrap();
    /// drop(sender);
    /// assert!(receiver.changed().await.is_ok());
    /// assert_eq!(*receiver.borrow_and_update(), 3);
    /// assert!(receiver.changed().await.is_err());
    /// # });
    /// ```
    pub async fn changed(&mut self) -> Result<(), Closed> {
        news(&self.shared, self.seen).await?;
        self.mark_unchanged();
        Ok(())
    }

    /// Counts the value that is there as not seen: [`changed`](Receiver::changed) will report it.
    pub fn mark_changed(&mut self) {
        // Versions are shorter by a bit, so no version equals this one if it is less than 0.
        self.seen = self.shared.version().wrapping_sub(1);
    }

    /// Counts the value that is there as seen, as [`borrow_and_update`](Receiver::borrow_and_update) does.
    pub fn mark_unchanged(&mut self) {
        self.seen = self.shared.version();
    }

    /// Waits for a value that `predicate` accepts, which may be the one that is there, and borrows it.
    ///
    /// The values that were looked at count as seen. `predicate` runs while the value is locked: it must not use the
    /// same channel.
    ///
    /// # Errors
    ///
    /// When all senders are gone, and the last value is not accepted.
    ///
    /// # Panics
    ///
    /// When `predicate` does; the value does not count as seen then.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the values that count as seen were refused.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// #[derive(PartialEq)]
    /// enum State { Starting, Ready }
    /// let (state, mut seen) = asyncio_sync::watch::channel(State::Starting);
    /// std::thread::spawn(move || state.send(State::Ready));
    /// assert!(seen.wait_for(|state| *state == State::Ready).await.is_ok());
    /// # });
    /// ```
    pub async fn wait_for(&mut self, mut predicate: impl FnMut(&T) -> bool) -> Result<Ref<'_, T>, Closed> {
        let Receiver { shared, seen } = self;
        loop {
            {
                let value = shared.read();
                let version = shared.version();
                let new = version != *seen;
                let accepted = predicate(&value);
                *seen = version;
                if accepted {
                    return Ok(Ref::new(value, new));
                }
            }
            news(shared, *seen).await?;
        }
    }

    /// The values that this receiver has not seen, and those to come, as a stream; it ends when all senders are gone.
    ///
    /// The stream is to be pinned, as with [`pin!`](std::pin::pin), before it is used. A value is cloned while it is locked. To begin with the value that is there, call
    /// [`mark_changed`](Receiver::mark_changed) before.
    ///
    /// # Cancel safety
    ///
    /// A value that the stream has not given counts as not seen, and can be had from the receiver still.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::pin::pin;
    /// # use futures_lite::StreamExt;
    /// # futures_lite::future::block_on(async {
    /// let (sender, mut receiver) = asyncio_sync::watch::channel(1);
    /// receiver.mark_changed();
    /// let mut values = pin!(receiver.stream());
    /// assert_eq!(values.next().await, Some(1));
    /// sender.send(2).unwrap();
    /// drop(sender);
    /// assert_eq!(values.next().await, Some(2));
    /// assert_eq!(values.next().await, None);
    /// # });
    /// ```
    pub fn stream(&mut self) -> impl Stream<Item = T>
    where
        T: Clone,
    {
        stream::unfold(self, |receiver| async move {
            let value = receiver.next_value().await?;
            Some((value, receiver))
        })
        .fuse()
    }

    /// As [`stream`](Receiver::stream), with a stream that borrows nothing.
    pub fn into_stream(self) -> impl Stream<Item = T>
    where
        T: Clone,
    {
        stream::unfold(self, |mut receiver| async move {
            let value = receiver.next_value().await?;
            Some((value, receiver))
        })
        .fuse()
    }

    async fn next_value(&mut self) -> Option<T>
    where
        T: Clone,
    {
        self.changed().await.ok()?;
        Some(self.borrow_and_update().clone())
    }

    /// Whether both receive from the same channel.
    pub fn same_channel(&self, other: &Receiver<T>) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

/// Waits until there is another version than that.
async fn news<T>(shared: &Shared<T>, seen: u64) -> Result<(), Closed> {
    let look = || {
        // Closed first: if it was closed then, the version is the last one.
        let closed = shared.is_closed();
        if shared.version() != seen {
            return Some(Ok(()));
        }
        closed.then_some(Err(Closed(())))
    };
    // Without a lock, if it goes without.
    match look() {
        Some(result) => result,
        None => wait_until(&shared.monitor, CHANGES, WaitKind::Signal, |_| look()).await,
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Receiver<T> {
        self.shared.monitor.lock().receivers += 1;
        Receiver::new(self.shared.clone(), self.seen)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut wake = WakeList::new();
        let mut counts = self.shared.monitor.lock();
        counts.receivers -= 1;
        if counts.receivers == 0 {
            counts.notify_all(DEPARTURES, 0, &mut wake);
        }
        drop(counts);
        wake.wake_all();
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("seen", &self.seen)
            .field("version", &self.shared.version())
            .field("closed", &self.shared.is_closed())
            .finish_non_exhaustive()
    }
}
