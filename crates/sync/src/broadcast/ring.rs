//! `Ring`: the items that somebody has yet to see, and where the receivers stand.
//!
//! Items are numbered; a receiver's position is the number of its next item. Instead of a count of the receivers that
//! have yet to see it, an item has the count of those who stand at it: then a receiver that goes, or comes, changes
//! one count, however many items are before it.
//!
//! Invariants:
//! - Every receiver is counted in one place: at the item that is its next; at the first item, if it has missed its
//!   next; or among those who are done.
//! - Somebody stands at the first item. So nobody keeps an item that all have seen.

use std::collections::VecDeque;
use std::sync::Arc;

use super::TryRecvError;

pub(super) struct Ring<T> {
    items: VecDeque<Entry<T>>,
    /// The number of the first item; that of the next one to be sent if there is none.
    first: u64,
    capacity: usize,
    /// Receivers that have seen everything.
    done: usize,
    receivers: usize,
    pub(super) senders: usize,
}

struct Entry<T> {
    item: Arc<T>,
    /// Receivers that stand here.
    readers: usize,
}

impl<T> Ring<T> {
    /// With one sender and no receivers.
    pub(super) fn new(capacity: usize) -> Ring<T> {
        Ring {
            items: VecDeque::new(),
            first: 0,
            capacity,
            done: 0,
            receivers: 0,
            senders: 1,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    pub(super) fn receivers(&self) -> usize {
        self.receivers
    }

    /// The position of one that has seen everything.
    fn end(&self) -> u64 {
        self.first + self.items.len() as u64
    }

    /// How many items one at that position can get.
    pub(super) fn len_from(&self, position: u64) -> usize {
        (self.end() - position.max(self.first)) as usize
    }

    /// A receiver comes; its position.
    pub(super) fn join(&mut self) -> u64 {
        self.receivers += 1;
        self.done += 1;
        self.end()
    }

    /// A receiver goes. The items that nobody else has to see are to be dropped when the lock is free.
    #[must_use = "they are to be dropped when the lock is free"]
    pub(super) fn leave(&mut self, position: u64) -> Vec<Arc<T>> {
        self.receivers -= 1;
        let index = self.index(position.max(self.first));
        *self.readers_at(index) -= 1;
        let passed = self.items.iter().take_while(|entry| entry.readers == 0).count();
        self.first += passed as u64;
        self.items.drain(..passed).map(|entry| entry.item).collect()
    }

    /// Adds an item. Back comes the one that had to make room, to be dropped when the lock is free; or, if there is
    /// nobody to see it, the item itself.
    pub(super) fn push(&mut self, item: T) -> Result<Option<Arc<T>>, T> {
        if self.receivers == 0 {
            return Err(item);
        }
        let readers = std::mem::take(&mut self.done);
        let item = Arc::new(item);
        self.items.push_back(Entry { item, readers });
        if self.items.len() <= self.capacity {
            return Ok(None);
        }
        let Some(oldest) = self.items.pop_front() else {
            return Ok(None);
        };
        self.first += 1;
        // They will find out when they look.
        *self.readers_at(0) += oldest.readers;
        Ok(Some(oldest.item))
    }

    /// The next item of a receiver, which moves on. `Lagged` moves it to the first item.
    pub(super) fn take(&mut self, position: &mut u64) -> Result<Arc<T>, TryRecvError> {
        if *position < self.first {
            let missed = self.first - *position;
            *position = self.first;
            return Err(TryRecvError::Lagged(missed));
        }
        let index = self.index(*position);
        let Some(entry) = self.items.get_mut(index) else {
            return Err(match self.senders {
                0 => TryRecvError::Closed,
                _ => TryRecvError::Empty,
            });
        };
        entry.readers -= 1;
        let others = index > 0 || entry.readers > 0;
        let shared = others.then(|| entry.item.clone());
        *self.readers_at(index + 1) += 1;
        *position += 1;
        if let Some(item) = shared {
            return Ok(item);
        }
        // We were the last. Somebody stands at the one behind it, for we do.
        self.first += 1;
        let last = self.items.pop_front().map(|entry| entry.item);
        last.ok_or(TryRecvError::Empty)
    }

    fn index(&self, position: u64) -> usize {
        (position - self.first) as usize
    }

    /// The count of those who stand there; behind the last item are those who are done.
    fn readers_at(&mut self, index: usize) -> &mut usize {
        match self.items.get_mut(index) {
            Some(entry) => &mut entry.readers,
            None => &mut self.done,
        }
    }
}
