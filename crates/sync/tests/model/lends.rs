//! What lends permits: `Semaphore`, `BoundedSemaphore`, and `Lock`, which has one.

use std::future::Future;

use asyncio_sync::{Acquire, AcquirePermit, BoundedSemaphore, Lock, LockGuard, Permit, Semaphore};

pub(crate) trait Lends: Sync {
    /// Dropped, it comes back.
    type Grant<'a>
    where
        Self: 'a;
    type Wait<'a>: Future<Output = Self::Grant<'a>>
    where
        Self: 'a;

    /// Whether one can be added that nobody had, and taken away from those that are there.
    const GROWS: bool = false;

    fn with(count: usize) -> Self;
    fn wait(&self, want: usize) -> Self::Wait<'_>;
    fn try_take(&self, want: usize) -> Option<Self::Grant<'_>>;
    fn locked(&self) -> bool;
    /// `None`: it does not say.
    fn available(&self) -> Option<usize>;
    /// It does not come back by itself.
    fn forget(grant: Self::Grant<'_>);
    /// Adds one that was forgotten, or is new. False: that cannot be.
    fn add_one(&self) -> bool;
    /// Takes away up to so many. `None`: it cannot do that.
    fn take_up_to(&self, count: usize) -> Option<usize>;
}

impl Lends for Lock {
    type Grant<'a> = LockGuard<'a, ()>;
    type Wait<'a> = Acquire<'a, ()>;

    fn with(count: usize) -> Lock {
        assert_eq!(count, 1);
        Lock::new(())
    }

    fn wait(&self, _: usize) -> Acquire<'_, ()> {
        self.acquire()
    }

    fn try_take(&self, _: usize) -> Option<LockGuard<'_, ()>> {
        self.try_acquire()
    }

    fn locked(&self) -> bool {
        Lock::locked(self)
    }

    fn available(&self) -> Option<usize> {
        None
    }

    fn forget(grant: LockGuard<'_, ()>) {
        LockGuard::leak(grant);
    }

    fn add_one(&self) -> bool {
        self.release().is_ok()
    }

    fn take_up_to(&self, _: usize) -> Option<usize> {
        None
    }
}

macro_rules! lends {
    ($semaphore:ty, $grows:literal, $add_one:expr, $take_up_to:expr) => {
        impl Lends for $semaphore {
            type Grant<'a> = Permit<'a>;
            type Wait<'a> = AcquirePermit<'a>;

            const GROWS: bool = $grows;

            fn with(count: usize) -> $semaphore {
                <$semaphore>::new(count)
            }

            fn wait(&self, want: usize) -> AcquirePermit<'_> {
                self.acquire_many(want)
            }

            fn try_take(&self, want: usize) -> Option<Permit<'_>> {
                self.try_acquire_many(want)
            }

            fn locked(&self) -> bool {
                self.locked()
            }

            fn available(&self) -> Option<usize> {
                Some(self.available_permits())
            }

            fn forget(grant: Permit<'_>) {
                grant.forget();
            }

            fn add_one(&self) -> bool {
                $add_one(self)
            }

            fn take_up_to(&self, count: usize) -> Option<usize> {
                $take_up_to(self, count)
            }
        }
    };
}

lends!(
    Semaphore,
    true,
    |semaphore: &Semaphore| {
        semaphore.release();
        true
    },
    |semaphore: &Semaphore, count| Some(semaphore.forget_permits(count))
);
lends!(
    BoundedSemaphore,
    false,
    |semaphore: &BoundedSemaphore| semaphore.release().is_ok(),
    |_, _| None
);
