//! `Ref`: a value that is lent out.

use std::fmt;
use std::ops::Deref;
use std::sync::RwLockReadGuard;

/// The value of a watch channel, borrowed.
///
/// Senders are blocked, with their threads, until it is dropped: let go of it soon, and before the next `await`. A
/// thread that has one and sends into the same channel waits for ever, and so may one that borrows once more while a
/// sender waits on another thread.
pub struct Ref<'a, T> {
    value: RwLockReadGuard<'a, T>,
    changed: bool,
}

impl<'a, T> Ref<'a, T> {
    pub(super) fn new(value: RwLockReadGuard<'a, T>, changed: bool) -> Ref<'a, T> {
        Ref { value, changed }
    }

    /// Whether it was new to the receiver when it was borrowed; false for what a sender borrows.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, mut receiver) = asyncio_sync::watch::channel(1);
    /// assert!(!receiver.borrow().has_changed());
    /// sender.send(2).unwrap();
    /// assert!(receiver.borrow_and_update().has_changed());
    /// assert!(!receiver.borrow().has_changed());
    /// ```
    pub fn has_changed(&self) -> bool {
        self.changed
    }
}

impl<T> Deref for Ref<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Ref<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ref")
            .field("value", &**self)
            .field("has_changed", &self.changed)
            .finish()
    }
}

impl<T: fmt::Display> fmt::Display for Ref<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
