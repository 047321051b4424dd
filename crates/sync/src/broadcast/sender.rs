//! `Sender`: the side that sends items.

use std::fmt;
use std::sync::Arc;

use asyncio_core::WakeList;

use super::{ITEMS, Receiver, SendError, Shared};

/// Sends items to all receivers of a broadcast channel; from [`channel`](super::channel).
///
/// The channel is closed when the last sender is dropped: the receivers get what they have not seen, and then
/// [`RecvError::Closed`](super::RecvError::Closed).
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Sender<T> {
    pub(super) fn new(shared: Arc<Shared<T>>) -> Sender<T> {
        Sender { shared }
    }

    /// Sends an item to the receivers that there are, and says how many these are. It never waits: if there is no
    /// room, the oldest item is lost for those who have not seen it.
    ///
    /// # Errors
    ///
    /// With the item itself when there are no receivers.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = asyncio_sync::broadcast::channel(16);
    /// let other = sender.subscribe();
    /// assert_eq!(sender.send("news"), Ok(2));
    /// drop((receiver, other));
    /// assert_eq!(sender.send("news").unwrap_err().0, "news");
    /// ```
    pub fn send(&self, item: T) -> Result<usize, SendError<T>> {
        let mut wake = WakeList::new();
        let mut ring = self.shared.monitor.lock();
        let lost = ring.push(item);
        let receivers = ring.receivers();
        if lost.is_ok() {
            ring.notify_all(ITEMS, 0, &mut wake);
        }
        drop(ring);
        wake.wake_all();
        match lost {
            Ok(_) => Ok(receivers),
            Err(item) => Err(SendError(item)),
        }
    }

    /// One more receiver, which gets the items that are sent from now on.
    pub fn subscribe(&self) -> Receiver<T> {
        let position = self.shared.monitor.lock().join();
        Receiver::new(self.shared.clone(), position)
    }

    /// How many receivers there are.
    pub fn receiver_count(&self) -> usize {
        self.shared.monitor.lock().receivers()
    }

    /// How many items are kept, because some receiver has not seen them.
    pub fn len(&self) -> usize {
        self.shared.monitor.lock().len()
    }

    /// Whether all receivers have seen all items.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many items can be kept.
    pub fn capacity(&self) -> usize {
        self.shared.monitor.lock().capacity()
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
        let mut wake = WakeList::new();
        let mut ring = self.shared.monitor.lock();
        ring.senders -= 1;
        if ring.senders == 0 {
            ring.notify_all(ITEMS, 0, &mut wake);
        }
        drop(ring);
        wake.wake_all();
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ring = self.shared.monitor.lock();
        let (len, capacity, receivers) = (ring.len(), ring.capacity(), ring.receivers());
        drop(ring);
        f.debug_struct("Sender")
            .field("len", &len)
            .field("capacity", &capacity)
            .field("receiver_count", &receivers)
            .finish_non_exhaustive()
    }
}
