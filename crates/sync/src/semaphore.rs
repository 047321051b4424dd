//! `Semaphore`: a count of permits, first come, first served.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use asyncio_core::{WaitKind, waits_for};
use pin_project_lite::pin_project;

use crate::blocking::block_on;
use crate::permits::{OfSemaphore, Permits, Place, Turn};
use crate::sync::const_fn;

mod bounded;
mod permit;

pub use bounded::BoundedSemaphore;
pub use permit::{OwnedPermit, Permit};

/// Lets a number of tasks through, and the rest wait.
///
/// # Fairness
///
/// First come, first served: while somebody waits, a newcomer waits too, even if there are permits enough for it. One
/// that wants many permits holds up those behind it until it has got them, and so is not starved by them.
///
/// # Python
///
/// `asyncio.Semaphore`. A permit is given back when it is dropped; [`release`](Semaphore::release) adds one, also
/// beyond the number that there was at first.
///
/// # Examples
///
/// ```
/// use asyncio_sync::Semaphore;
///
/// futures_lite::future::block_on(async {
///     let semaphore = Semaphore::new(3);
///     let one = semaphore.acquire().await;
///     let two = semaphore.acquire_many(2).await;
///     assert!(semaphore.locked() && semaphore.try_acquire().is_none());
///     drop((one, two));
///     assert_eq!(semaphore.available_permits(), 3);
/// });
/// ```
pub struct Semaphore {
    permits: Permits,
    /// It was made with one permit, so that it is like a lock.
    is_single: bool,
}

impl Semaphore {
    /// The most permits that a semaphore can have.
    pub const MAX_PERMITS: usize = crate::permits::MAX;

    const_fn! {
        /// A semaphore with that many permits.
        ///
        /// # Panics
        ///
        /// With more than [`MAX_PERMITS`](Semaphore::MAX_PERMITS).
        pub const fn new(value: usize) -> Semaphore {
            Semaphore { permits: Permits::new(value), is_single: value == 1 }
        }
    }

    /// Waits for a permit.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it gives up its place in line; a permit that it was given already goes to the next.
    #[inline]
    #[track_caller]
    pub fn acquire(&self) -> AcquirePermit<'_> {
        self.acquire_many(1)
    }

    /// Waits for that many permits, which come all at once.
    ///
    /// # Panics
    ///
    /// When polled, if it is more than [`MAX_PERMITS`](Semaphore::MAX_PERMITS) and so can never be had.
    ///
    /// # Cancel safety
    ///
    /// As for [`acquire`](Semaphore::acquire): nothing is lost.
    #[inline]
    #[track_caller]
    pub fn acquire_many(&self, count: usize) -> AcquirePermit<'_> {
        self.acquire_many_at(count, Location::caller())
    }

    #[inline]
    fn acquire_many_at(&self, count: usize, place: Place) -> AcquirePermit<'_> {
        AcquirePermit {
            lender: Lender::Semaphore(self),
            count,
            turn: Turn::new(&self.permits, place),
        }
    }

    /// A permit, if there is one and nobody waits.
    #[inline]
    #[track_caller]
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        self.try_acquire_many(1)
    }

    /// That many permits, if there are as many and nobody waits.
    #[inline]
    #[track_caller]
    pub fn try_acquire_many(&self, count: usize) -> Option<Permit<'_>> {
        self.permits
            .try_take(count, Location::caller())
            .then(|| Permit::new(Lender::Semaphore(self), count))
    }

    /// As [`acquire`](Semaphore::acquire), with a permit that borrows nothing.
    ///
    /// # Cancel safety
    ///
    /// As for `acquire`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # futures_lite::future::block_on(async {
    /// let connections = Arc::new(asyncio_sync::Semaphore::new(100));
    /// let permit = connections.clone().acquire_owned().await;
    /// // To be moved into the task that serves the connection.
    /// std::thread::spawn(move || drop(permit)).join().unwrap();
    /// # assert_eq!(connections.available_permits(), 100);
    /// # });
    /// ```
    #[track_caller]
    pub fn acquire_owned(self: Arc<Self>) -> impl Future<Output = OwnedPermit> {
        self.acquire_many_owned(1)
    }

    /// As [`acquire_many`](Semaphore::acquire_many), with permits that borrow nothing.
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
            OwnedPermit::of_semaphore(self, count)
        }
    }

    /// As [`try_acquire_many`](Semaphore::try_acquire_many), with permits that borrow nothing.
    #[track_caller]
    pub fn try_acquire_many_owned(self: &Arc<Self>, count: usize) -> Option<OwnedPermit> {
        self.permits
            .try_take(count, Location::caller())
            .then(|| OwnedPermit::of_semaphore(self.clone(), count))
    }

    /// As [`acquire`](Semaphore::acquire), for a thread that runs no loop.
    ///
    /// # Panics
    ///
    /// In a step of a loop or of a pool's worker, which it would block. (Of other executors it cannot know.)
    #[track_caller]
    pub fn acquire_blocking(&self) -> Permit<'_> {
        block_on("Semaphore::acquire_blocking", "acquire().await", self.acquire())
    }

    /// Adds a permit, which goes to who waits first.
    ///
    /// # Panics
    ///
    /// When there would be more than [`MAX_PERMITS`](Semaphore::MAX_PERMITS).
    pub fn release(&self) {
        self.permits.give(1);
    }

    /// Adds that many permits.
    ///
    /// # Panics
    ///
    /// As [`release`](Semaphore::release).
    #[doc(alias = "add_permits")]
    pub fn release_many(&self, count: usize) {
        self.permits.give(count);
    }

    /// Takes away up to that many of the permits that are there, for good; how many it were.
    pub fn forget_permits(&self, count: usize) -> usize {
        self.permits.take_up_to(count)
    }

    /// Whether one who came now would have to wait for a permit.
    pub fn locked(&self) -> bool {
        self.permits.locked(1)
    }

    /// How many permits are there. While one waits for many, there may be some that nobody else gets.
    pub fn available_permits(&self) -> usize {
        self.permits.available()
    }

    /// The number of the task that took a permit last ([`TaskRef::id`](asyncio_core::TaskRef::id)); `None` if none
    /// did, or not a task of ours. It is for those who look at a program from outside.
    pub fn holder(&self) -> Option<u64> {
        self.permits.holder()
    }
}

impl Default for Semaphore {
    /// With one permit, as in Python.
    fn default() -> Semaphore {
        Semaphore::new(1)
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore")
            .field("available_permits", &self.available_permits())
            .field("locked", &self.locked())
            .finish()
    }
}

/// Whose permits they are.
#[derive(Clone, Copy)]
enum Lender<'a> {
    Semaphore(&'a Semaphore),
    Bounded(&'a BoundedSemaphore),
}

impl Lender<'_> {
    #[inline]
    fn give(self, count: usize) {
        match self {
            Lender::Semaphore(semaphore) => semaphore.permits.give(count),
            Lender::Bounded(semaphore) => semaphore.permits().give(count),
        }
    }

    /// They will not come back by themselves.
    fn forget(self, count: usize) {
        match self {
            Lender::Semaphore(_) => {}
            Lender::Bounded(semaphore) => semaphore.forgot(count),
        }
    }

    fn is_single(self) -> bool {
        match self {
            Lender::Semaphore(semaphore) => semaphore.is_single,
            Lender::Bounded(semaphore) => semaphore.bound() == 1,
        }
    }

    fn address(self) -> usize {
        match self {
            Lender::Semaphore(semaphore) => semaphore.permits.address(),
            Lender::Bounded(semaphore) => semaphore.permits().address(),
        }
    }
}

pin_project! {
    /// The wait for permits; from [`Semaphore::acquire`] and its like.
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct AcquirePermit<'a> {
        lender: Lender<'a>,
        count: usize,
        #[pin]
        turn: Turn<'a, OfSemaphore>,
    }
}

impl<'a> Future for AcquirePermit<'a> {
    type Output = Permit<'a>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Permit<'a>> {
        let this = self.project();
        let (lender, count) = (*this.lender, *this.count);
        if this.turn.poll(count, cx).is_ready() {
            return Poll::Ready(Permit::new(lender, count));
        }
        if lender.is_single() {
            // One has it, and nobody else can let this one go on.
            waits_for(WaitKind::OnlyPermit, lender.address());
        }
        Poll::Pending
    }
}

impl fmt::Debug for AcquirePermit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcquirePermit")
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}
