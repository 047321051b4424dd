//! `QueueItem`: an item that says itself when it is done.

use std::fmt;
use std::ops::{Deref, DerefMut};

use super::Queue;
use crate::storage::QueueStorage;

/// An item that was got; from [`Queue::get_item`]. Dropped, it is reported as done.
#[must_use = "the item is reported as done when this is dropped"]
pub struct QueueItem<'a, T, S: QueueStorage<T>> {
    // Dropped before the report.
    item: T,
    report: Report<'a, T, S>,
}

struct Report<'a, T, S: QueueStorage<T>>(&'a Queue<T, S>);

impl<T, S: QueueStorage<T>> Drop for Report<'_, T, S> {
    fn drop(&mut self) {
        // Somebody may have reported it by hand.
        drop(self.0.task_done());
    }
}

impl<'a, T, S: QueueStorage<T>> QueueItem<'a, T, S> {
    pub(super) fn new(queue: &'a Queue<T, S>, item: T) -> QueueItem<'a, T, S> {
        let report = Report(queue);
        QueueItem { item, report }
    }

    /// Takes the item out, and reports it as done.
    pub fn into_inner(item: QueueItem<'a, T, S>) -> T {
        drop(item.report);
        item.item
    }
}

impl<T, S: QueueStorage<T>> Deref for QueueItem<'_, T, S> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.item
    }
}

impl<T, S: QueueStorage<T>> DerefMut for QueueItem<'_, T, S> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.item
    }
}

impl<T: fmt::Debug, S: QueueStorage<T>> fmt::Debug for QueueItem<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.item.fmt(f)
    }
}
