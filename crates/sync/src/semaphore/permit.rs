//! Permits that were taken: they go back when they are dropped.

use std::fmt;
use std::mem;
use std::sync::Arc;

use super::{BoundedSemaphore, Lender, Semaphore};

/// Permits of a semaphore. Dropped, they are given back, and go to who waits first.
///
/// Dropping them panics when the semaphore would have more than [`Semaphore::MAX_PERMITS`] then, which takes a
/// `release` of as many.
#[must_use = "the permit is given back when it is dropped"]
pub struct Permit<'a> {
    lender: Lender<'a>,
    count: usize,
}

impl<'a> Permit<'a> {
    /// The caller has taken that many.
    #[inline]
    pub(super) fn new(lender: Lender<'a>, count: usize) -> Permit<'a> {
        Permit { lender, count }
    }

    /// How many they are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Keeps them from being given back: they are gone until somebody calls `release`.
    pub fn forget(self) {
        self.lender.forget(self.count);
        self.into_raw();
    }

    /// Takes `count` of them out, as permits of their own. `None`: they are not as many.
    pub fn split(&mut self, count: usize) -> Option<Permit<'a>> {
        self.count = self.count.checked_sub(count)?;
        Some(Permit::new(self.lender, count))
    }

    /// Adds others to these.
    ///
    /// # Panics
    ///
    /// When they are of another semaphore, or would be more than [`Semaphore::MAX_PERMITS`].
    pub fn merge(&mut self, other: Permit<'a>) {
        assert_eq!(
            self.lender.address(),
            other.lender.address(),
            "permits of two semaphores cannot be merged"
        );
        self.count = sum(self.count, other.count);
        other.into_raw();
    }

    /// Whoever has the number now must give them back.
    pub(super) fn into_raw(self) {
        mem::forget(self);
    }
}

impl Drop for Permit<'_> {
    #[inline]
    fn drop(&mut self) {
        self.lender.give(self.count);
    }
}

impl fmt::Debug for Permit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("count", &self.count).finish()
    }
}

fn sum(one: usize, other: usize) -> usize {
    match one.checked_add(other) {
        Some(sum) if sum <= Semaphore::MAX_PERMITS => sum,
        _ => panic!(
            "{one} and {other} permits are too many: the most is {}",
            Semaphore::MAX_PERMITS
        ),
    }
}

/// Permits that borrow nothing. Dropped, they are given back, and go to who waits first.
#[must_use = "the permit is given back when it is dropped"]
pub struct OwnedPermit {
    lender: Owner,
    count: usize,
}

#[derive(Clone)]
enum Owner {
    Semaphore(Arc<Semaphore>),
    Bounded(Arc<BoundedSemaphore>),
}

impl OwnedPermit {
    /// The caller has taken that many.
    pub(super) fn of_semaphore(semaphore: Arc<Semaphore>, count: usize) -> OwnedPermit {
        OwnedPermit {
            lender: Owner::Semaphore(semaphore),
            count,
        }
    }

    /// The caller has taken that many.
    pub(super) fn of_bounded(semaphore: Arc<BoundedSemaphore>, count: usize) -> OwnedPermit {
        OwnedPermit {
            lender: Owner::Bounded(semaphore),
            count,
        }
    }

    /// How many they are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Keeps them from being given back: they are gone until somebody calls `release`.
    pub fn forget(mut self) {
        self.lender().forget(self.count);
        self.count = 0;
    }

    /// Takes `count` of them out, as permits of their own. `None`: they are not as many.
    pub fn split(&mut self, count: usize) -> Option<OwnedPermit> {
        self.count = self.count.checked_sub(count)?;
        let lender = self.lender.clone();
        Some(OwnedPermit { lender, count })
    }

    /// Adds others to these.
    ///
    /// # Panics
    ///
    /// When they are of another semaphore, or would be more than [`Semaphore::MAX_PERMITS`].
    pub fn merge(&mut self, mut other: OwnedPermit) {
        assert_eq!(
            self.lender().address(),
            other.lender().address(),
            "permits of two semaphores cannot be merged"
        );
        self.count = sum(self.count, other.count);
        other.count = 0;
    }

    fn lender(&self) -> Lender<'_> {
        match &self.lender {
            Owner::Semaphore(semaphore) => Lender::Semaphore(semaphore),
            Owner::Bounded(semaphore) => Lender::Bounded(semaphore),
        }
    }
}

impl Drop for OwnedPermit {
    fn drop(&mut self) {
        if self.count > 0 {
            self.lender().give(self.count);
        }
    }
}

impl fmt::Debug for OwnedPermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedPermit")
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}
