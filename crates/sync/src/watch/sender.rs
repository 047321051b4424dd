//! `Sender`: the side that changes the value.

use std::fmt;
use std::mem;
use std::sync::Arc;

use asyncio_core::{WaitKind, WakeList};

use super::wait::wait_until;
use super::{DEPARTURES, Receiver, Ref, SendError, Shared};

/// Changes the value of a watch channel; from [`channel`](super::channel).
///
/// The channel is closed when the last sender is dropped: the receivers see the last value, and then
/// [`Closed`](super::Closed).
///
/// # Examples
///
/// ```
/// let (sender, receiver) = asyncio_sync::watch::channel(vec![1]);
/// sender.send_modify(|list| list.push(2));
/// assert_eq!(*receiver.borrow(), [1, 2]);
/// assert_eq!(sender.send_replace(Vec::new()), [1, 2]);
/// ```
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Sender<T> {
    pub(super) fn new(shared: Arc<Shared<T>>) -> Sender<T> {
        Sender { shared }
    }

    /// Replaces the value, and wakes the receivers that wait. The old one is dropped when no lock is held.
    ///
    /// It blocks the thread while somebody has the value [borrowed](Ref).
    ///
    /// # Errors
    ///
    /// With the value itself when there are no receivers; the channel keeps the old one. To set it all the same, use
    /// [`send_replace`](Sender::send_replace).
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = asyncio_sync::watch::channel("old");
    /// assert!(sender.send("new").is_ok());
    /// assert_eq!(*receiver.borrow(), "new");
    /// drop(receiver);
    /// assert_eq!(sender.send("too late").unwrap_err().0, "too late");
    /// assert_eq!(*sender.borrow(), "new");
    /// ```
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        if self.is_closed() {
            return Err(SendError(value));
        }
        drop(self.send_replace(value));
        Ok(())
    }

    /// Replaces the value, whether or not there are receivers, and gives back the old one.
    pub fn send_replace(&self, value: T) -> T {
        let mut place = self.shared.write();
        let old = mem::replace(&mut *place, value);
        let mut wake = self.shared.publish();
        drop(place);
        wake.wake_all();
        old
    }

    /// Changes the value in its place, and wakes the receivers that wait.
    ///
    /// `modify` runs while the value is locked: it must not use the same channel.
    ///
    /// # Panics
    ///
    /// When `modify` does. The channel can be used as before, and its value is what `modify` left behind, but it does
    /// not count as a new one: nobody is woken.
    ///
    /// # Examples
    ///
    /// ```
    /// let (count, mut seen) = asyncio_sync::watch::channel(0);
    /// count.send_modify(|count| *count += 1);
    /// assert_eq!(*seen.borrow_and_update(), 1);
    /// ```
    pub fn send_modify(&self, modify: impl FnOnce(&mut T)) {
        self.send_if_modified(|value| {
            modify(value);
            true
        });
    }

    /// Changes the value in its place, and wakes the receivers that wait if `modify` says so; gives back what it said.
    ///
    /// If it says `false`, a change that it made all the same is seen by those who borrow the value, and does not
    /// count as a new one.
    ///
    /// # Panics
    ///
    /// As [`send_modify`](Sender::send_modify).
    ///
    /// # Examples
    ///
    /// ```
    /// let (highest, seen) = asyncio_sync::watch::channel(5);
    /// let offer = |new: i32| {
    ///     highest.send_if_modified(|highest| {
    ///         let higher = new > *highest;
    ///         *highest = new.max(*highest);
    ///         higher
    ///     })
    /// };
    /// assert!(!offer(3) && !seen.has_changed().unwrap());
    /// assert!(offer(8) && seen.has_changed().unwrap());
    /// ```
    pub fn send_if_modified(&self, modify: impl FnOnce(&mut T) -> bool) -> bool {
        let mut wake = WakeList::new();
        let mut value = self.shared.write();
        let modified = modify(&mut value);
        if modified {
            wake = self.shared.publish();
        }
        drop(value);
        wake.wake_all();
        modified
    }

    /// The value as it is now. Let go of it soon: see [`Ref`].
    pub fn borrow(&self) -> Ref<'_, T> {
        Ref::new(self.shared.read(), false)
    }

    /// One more receiver, which counts the value that is there as seen.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = asyncio_sync::watch::channel(1);
    /// drop(receiver);
    /// assert!(sender.is_closed());
    /// let receiver = sender.subscribe();
    /// assert!(!sender.is_closed() && !receiver.has_changed().unwrap());
    /// ```
    pub fn subscribe(&self) -> Receiver<T> {
        let mut counts = self.shared.monitor.lock();
        counts.receivers += 1;
        let seen = self.shared.version();
        drop(counts);
        Receiver::new(self.shared.clone(), seen)
    }

    /// How many receivers there are.
    pub fn receiver_count(&self) -> usize {
        self.shared.monitor.lock().receivers
    }

    /// Whether there are no receivers. [`subscribe`](Sender::subscribe) makes one, also then.
    pub fn is_closed(&self) -> bool {
        self.receiver_count() == 0
    }

    /// Waits until there are no receivers.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let (sender, receiver) = asyncio_sync::watch::channel(());
    /// drop(receiver);
    /// sender.closed().await;
    /// # });
    /// ```
    pub async fn closed(&self) {
        let monitor = &self.shared.monitor;
        wait_until(monitor, DEPARTURES, WaitKind::Signal, |counts| {
            (counts.receivers == 0).then_some(())
        })
        .await;
    }

    /// Whether both send into the same channel.
    pub fn same_channel(&self, other: &Sender<T>) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Sender<T> {
        self.shared.monitor.lock().senders += 1;
        Sender::new(self.shared.clone())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut counts = self.shared.monitor.lock();
        counts.senders -= 1;
        let last = counts.senders == 0;
        drop(counts);
        if last {
            self.shared.close().wake_all();
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("version", &self.shared.version())
            .field("receiver_count", &self.receiver_count())
            .finish_non_exhaustive()
    }
}
