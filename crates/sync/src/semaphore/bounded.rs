//! `BoundedSemaphore`: a semaphore that cannot be released too often.
//!
//! Permits come back by themselves; what is released by hand must have been forgotten before. So the count of the
//! forgotten is all that is to be watched, and there are never more permits than at first.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{AcquirePermit, Lender, OwnedPermit, Permit};
use crate::blocking::block_on;
use crate::permits::{Permits, Place, Turn};
use crate::sync::const_fn;
use crate::value_error::ValueError;

/// A [`Semaphore`](crate::Semaphore) that never has more permits than at first.
///
/// # Fairness
///
/// As for `Semaphore`.
///
/// # Python
///
/// `asyncio.BoundedSemaphore`. There `release()` fails when all permits are there; here when none has been
/// forgotten, since a [`Permit`] gives itself back.
///
/// # Examples
///
/// ```
/// use asyncio_sync::BoundedSemaphore;
///
/// futures_lite::future::block_on(async {
///     let semaphore = BoundedSemaphore::new(1);
///     semaphore.acquire().await.forget();
///     assert!(semaphore.locked());
///     assert!(semaphore.release().is_ok());
///     let error = semaphore.release().unwrap_err();
///     assert_eq!(error.to_string(), "BoundedSemaphore released too many times: its bound is 1");
/// });
/// ```
pub struct BoundedSemaphore {
    permits: Permits,
    bound: usize,
    forgotten: AtomicUsize,
}

impl BoundedSemaphore {
    const_fn! {
        /// A semaphore with that many permits, now and at most.
        ///
        /// # Panics
        ///
        /// With more than [`Semaphore::MAX_PERMITS`](crate::Semaphore::MAX_PERMITS).
        pub const fn new(value: usize) -> BoundedSemaphore {
            BoundedSemaphore {
                permits: Permits::new(value),
                bound: value,
                forgotten: AtomicUsize::new(0),
            }
        }
    }

    /// Waits for a permit.
    ///
    /// # Panics
    ///
    /// When the bound is 0: it could never be had.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it gives up its place in line; a permit that it was given already goes to the next.
    #[track_caller]
    pub fn acquire(&self) -> AcquirePermit<'_> {
        self.acquire_many(1)
    }

    /// Waits for that many permits, which come all at once.
    ///
    /// # Panics
    ///
    /// With more than the bound: they could never be had.
    ///
    /// # Cancel safety
    ///
    /// As for [`acquire`](BoundedSemaphore::acquire): nothing is lost.
    #[track_caller]
    pub fn acquire_many(&self, count: usize) -> AcquirePermit<'_> {
        self.acquire_many_at(count, Location::caller())
    }

    fn acquire_many_at(&self, count: usize, place: Place) -> AcquirePermit<'_> {
        assert!(
            count <= self.bound,
            "{count} permits can never be had: the semaphore's bound is {}",
            self.bound
        );
        AcquirePermit {
            lender: Lender::Bounded(self),
            count,
            turn: Turn::new(&self.permits, place),
        }
    }

    /// A permit, if there is one and nobody waits.
    #[track_caller]
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        self.try_acquire_many(1)
    }

    /// That many permits, if there are as many and nobody waits.
    #[track_caller]
    pub fn try_acquire_many(&self, count: usize) -> Option<Permit<'_>> {
        self.permits
            .try_take(count, Location::caller())
            .then(|| Permit::new(Lender::Bounded(self), count))
    }

    /// As [`acquire`](BoundedSemaphore::acquire), with a permit that borrows nothing.
    ///
    /// # Panics
    ///
    /// As `acquire`.
    ///
    /// # Cancel safety
    ///
    /// As for `acquire`.
    #[track_caller]
    pub fn acquire_owned(self: Arc<Self>) -> impl Future<Output = OwnedPermit> {
        self.acquire_many_owned(1)
    }

    /// As [`acquire_many`](BoundedSemaphore::acquire_many), with permits that borrow nothing.
    ///
    /// # Panics
    ///
    /// As `acquire_many`.
    ///
    /// # Cancel safety
    ///
    /// As for `acquire`.
    #[track_caller]
    pub fn acquire_many_owned(self: Arc<Self>, count: usize) -> impl Future<Output = OwnedPermit> {
        let place = Location::caller();
        async move {
            self.acquire_many_at(count, place).await.into_raw();
            OwnedPermit::of_bounded(self, count)
        }
    }

    /// As [`try_acquire_many`](BoundedSemaphore::try_acquire_many), with permits that borrow nothing.
    #[track_caller]
    pub fn try_acquire_many_owned(self: &Arc<Self>, count: usize) -> Option<OwnedPermit> {
        self.permits
            .try_take(count, Location::caller())
            .then(|| OwnedPermit::of_bounded(self.clone(), count))
    }

    /// As [`acquire`](BoundedSemaphore::acquire), for a thread that runs no loop.
    ///
    /// # Panics
    ///
    /// In a step of a loop or of a pool's worker, which it would block. (Of other executors it cannot know.)
    #[track_caller]
    pub fn acquire_blocking(&self) -> Permit<'_> {
        block_on(
            "BoundedSemaphore::acquire_blocking",
            "acquire().await",
            self.acquire(),
        )
    }

    /// Gives back a permit that was forgotten ([`Permit::forget`]).
    ///
    /// # Errors
    ///
    /// When none is forgotten: there would be more permits than the bound.
    pub fn release(&self) -> Result<(), ValueError> {
        let less = |forgotten: usize| forgotten.checked_sub(1);
        match self
            .forgotten
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, less)
        {
            Ok(_) => {
                self.permits.give(1);
                Ok(())
            }
            Err(_) => Err(ValueError::new(format!(
                "BoundedSemaphore released too many times: its bound is {}",
                self.bound
            ))),
        }
    }

    /// Whether one who came now would have to wait for a permit.
    pub fn locked(&self) -> bool {
        self.permits.locked(1)
    }

    /// How many permits are there.
    pub fn available_permits(&self) -> usize {
        self.permits.available()
    }

    /// The number of the task that took a permit last; see [`Semaphore::holder`](crate::Semaphore::holder).
    pub fn holder(&self) -> Option<u64> {
        self.permits.holder()
    }

    pub(super) fn bound(&self) -> usize {
        self.bound
    }

    pub(super) fn permits(&self) -> &Permits {
        &self.permits
    }

    pub(super) fn forgot(&self, count: usize) {
        self.forgotten.fetch_add(count, Ordering::AcqRel);
    }
}

impl Default for BoundedSemaphore {
    /// With one permit, as in Python.
    fn default() -> BoundedSemaphore {
        BoundedSemaphore::new(1)
    }
}

impl fmt::Debug for BoundedSemaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundedSemaphore")
            .field("bound", &self.bound)
            .field("available_permits", &self.available_permits())
            .field("locked", &self.locked())
            .finish()
    }
}
