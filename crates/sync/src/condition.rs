//! `Condition`: tasks that have a lock wait for news about what it protects.
//!
//! Who waits gets in line before the lock is released, so that no notification can come between. Who was notified
//! stands in line for the lock again; until it has it, the notification is not used up, and goes to the next if
//! the wait is dropped.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::pin::Pin;
use std::ptr;
use std::sync::Arc;
use std::task::{Context, Poll};

use asyncio_core::{WaitKind, WakeList, waits_for};
use pin_project_lite::pin_project;

use crate::lock::{Acquire, Lock, LockGuard};
use crate::monitor::{Monitor, Status, Waiter};
use crate::permits::Place;

const LINE: usize = 0;

/// A lock, and a line of tasks that wait until what it protects has changed.
///
/// Several conditions can share a lock ([`with_lock`](Condition::with_lock)), as "not empty" and "not full" of a
/// buffer do. A guard of one serves for the others.
///
/// # Fairness
///
/// Those who have waited longest are notified first.
///
/// # Python
///
/// `asyncio.Condition`. A guard is the proof that the lock is held: what raises `RuntimeError` there cannot be written
/// here, or is a panic. When a wait is cancelled, Python takes the lock again before it raises; here the guard is
/// left unlocked, and [`relock`](CondGuard::relock) takes the lock again if the cleanup wants it.
///
/// # Examples
///
/// ```
/// use asyncio_sync::Condition;
/// use futures_lite::future::zip;
///
/// let orders = Condition::new(Vec::new());
/// let cook = async {
///     let mut list = orders.acquire().await;
///     list.wait_for(|list| list.pop()).await
/// };
/// let waiter = async {
///     let mut list = orders.acquire().await;
///     list.push("soup");
///     list.notify(1);
/// };
/// let (dish, ()) = futures_lite::future::block_on(zip(cook, waiter));
/// assert_eq!(dish, "soup");
/// ```
#[doc(alias = "Condvar")]
pub struct Condition<T: ?Sized = ()> {
    line: Monitor<()>,
    lock: Arc<Lock<T>>,
}

impl<T> Condition<T> {
    /// A condition with a lock of its own around `value`.
    pub fn new(value: T) -> Condition<T> {
        Condition::with_lock(Arc::new(Lock::new(value)))
    }
}

impl<T: ?Sized> Condition<T> {
    /// A condition of that lock.
    pub fn with_lock(lock: Arc<Lock<T>>) -> Condition<T> {
        Condition {
            line: Monitor::new(()),
            lock,
        }
    }

    /// Waits for the lock.
    ///
    /// # Cancel safety
    ///
    /// As [`Lock::acquire`]: nothing is lost.
    #[track_caller]
    pub fn acquire(&self) -> impl Future<Output = CondGuard<'_, T>> {
        let place = Location::caller();
        async move {
            CondGuard {
                condition: self,
                guard: Some(self.lock.acquire_at(place).await),
            }
        }
    }

    /// The lock, if it is free and nobody waits for it.
    #[track_caller]
    pub fn try_acquire(&self) -> Option<CondGuard<'_, T>> {
        let guard = self.lock.try_acquire()?;
        Some(CondGuard {
            condition: self,
            guard: Some(guard),
        })
    }

    /// Whether somebody holds the lock.
    pub fn locked(&self) -> bool {
        self.lock.locked()
    }

    /// The lock.
    pub fn lock(&self) -> &Arc<Lock<T>> {
        &self.lock
    }

    /// Releases the lock, waits until it is notified, and takes the lock again.
    ///
    /// What was waited for may have changed again meanwhile: look again, or use [`wait_for`](Condition::wait_for).
    ///
    /// # Panics
    ///
    /// When polled, if the guard does not hold this condition's lock.
    ///
    /// # Cancel safety
    ///
    /// Dropped half-way it leaves the guard unlocked; a notification that it was given goes to the next in line.
    #[track_caller]
    pub fn wait<'c, 'g, 'a>(&'c self, guard: &'g mut CondGuard<'a, T>) -> CondWait<'c, 'g, 'a, T> {
        CondWait {
            condition: self,
            guard,
            place: Location::caller(),
            waiter: Waiter::new(&self.line),
            acquire: None,
        }
    }

    /// Waits until `found` gives something, which is asked at once and after each notification, and gives that back.
    /// The lock is held whenever `found` is called, and at the end.
    ///
    /// # Panics
    ///
    /// If the guard does not hold this condition's lock.
    ///
    /// # Cancel safety
    ///
    /// As [`wait`](Condition::wait).
    pub async fn wait_for<R>(
        &self,
        guard: &mut CondGuard<'_, T>,
        mut found: impl FnMut(&mut T) -> Option<R>,
    ) -> R {
        self.check(guard);
        loop {
            if let Some(result) = found(guard) {
                return result;
            }
            self.wait(guard).await;
        }
    }

    /// Waits as long as `still` says true.
    ///
    /// # Panics
    ///
    /// If the guard does not hold this condition's lock.
    ///
    /// # Cancel safety
    ///
    /// As [`wait`](Condition::wait).
    pub async fn wait_while(&self, guard: &mut CondGuard<'_, T>, mut still: impl FnMut(&mut T) -> bool) {
        self.wait_for(guard, |value| (!still(value)).then_some(())).await;
    }

    /// Wakes up to `count` of those who wait; they go on when the lock is released.
    ///
    /// # Panics
    ///
    /// If the guard does not hold this condition's lock.
    pub fn notify(&self, guard: &CondGuard<'_, T>, count: usize) {
        self.check(guard);
        self.pass_on(count);
    }

    /// Wakes everybody who waits; they go on, one by one, when the lock is released.
    ///
    /// # Panics
    ///
    /// If the guard does not hold this condition's lock.
    pub fn notify_all(&self, guard: &CondGuard<'_, T>) {
        self.notify(guard, usize::MAX);
    }

    fn check(&self, guard: &CondGuard<'_, T>) {
        let held = guard.guard.as_ref();
        assert!(
            held.is_some_and(|held| ptr::addr_eq(LockGuard::lock(held), Arc::as_ptr(&self.lock))),
            "the guard must hold the lock of this condition"
        );
    }

    fn pass_on(&self, count: usize) {
        let mut wake = WakeList::new();
        let mut line = self.line.lock();
        for _ in 0..count {
            match line.notify_front(LINE, 0) {
                Some(waker) => wake.push(waker),
                None => break,
            }
        }
        drop(line);
        wake.wake_all();
    }
}

impl<T: Default> Default for Condition<T> {
    fn default() -> Condition<T> {
        Condition::new(T::default())
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Condition<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condition").field("lock", &self.lock).finish()
    }
}

/// The lock of a [`Condition`] is held, unless a wait was dropped half-way.
#[must_use = "the lock is released when the guard is dropped"]
pub struct CondGuard<'a, T: ?Sized = ()> {
    condition: &'a Condition<T>,
    guard: Option<LockGuard<'a, T>>,
}

impl<'a, T: ?Sized> CondGuard<'a, T> {
    /// [`Condition::wait`] of the condition that the guard is from.
    ///
    /// # Panics
    ///
    /// When polled, if the guard is not locked.
    ///
    /// # Cancel safety
    ///
    /// Dropped half-way it leaves the guard unlocked; a notification that it was given goes to the next in line.
    pub fn wait(&mut self) -> CondWait<'a, '_, 'a, T> {
        self.condition.wait(self)
    }

    /// [`Condition::wait_for`] of the condition that the guard is from.
    ///
    /// # Panics
    ///
    /// If the guard is not locked.
    ///
    /// # Cancel safety
    ///
    /// As [`wait`](CondGuard::wait).
    pub async fn wait_for<R>(&mut self, found: impl FnMut(&mut T) -> Option<R>) -> R {
        self.condition.wait_for(self, found).await
    }

    /// [`Condition::wait_while`] of the condition that the guard is from.
    ///
    /// # Panics
    ///
    /// If the guard is not locked.
    ///
    /// # Cancel safety
    ///
    /// As [`wait`](CondGuard::wait).
    pub async fn wait_while(&mut self, still: impl FnMut(&mut T) -> bool) {
        self.condition.wait_while(self, still).await;
    }

    /// [`Condition::notify`] of the condition that the guard is from.
    ///
    /// # Panics
    ///
    /// If the guard is not locked.
    pub fn notify(&self, count: usize) {
        self.condition.notify(self, count);
    }

    /// [`Condition::notify_all`] of the condition that the guard is from.
    ///
    /// # Panics
    ///
    /// If the guard is not locked.
    pub fn notify_all(&self) {
        self.condition.notify_all(self);
    }

    /// Whether the guard holds the lock: not after a wait that was dropped half-way.
    pub fn is_locked(&self) -> bool {
        self.guard.is_some()
    }

    /// Takes the lock again, if the guard does not hold it.
    ///
    /// # Cancel safety
    ///
    /// As [`Lock::acquire`]: nothing is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// # use asyncio_sync::Condition;
    /// # futures_lite::future::block_on(async {
    /// let condition = Condition::new(1);
    /// let mut guard = condition.acquire().await;
    /// // Some timeout: the wait is dropped.
    /// let waited = futures_lite::future::poll_once(guard.wait()).await;
    /// assert!(waited.is_none() && !guard.is_locked());
    /// guard.relock().await;
    /// assert_eq!(*guard, 1);
    /// # });
    /// ```
    #[track_caller]
    pub fn relock(&mut self) -> impl Future<Output = ()> {
        let place = Location::caller();
        async move {
            if self.guard.is_none() {
                self.guard = Some(self.condition.lock.acquire_at(place).await);
            }
        }
    }
}

const UNLOCKED: &str =
    "the guard does not hold the lock since its wait was dropped: call relock().await first";

impl<T: ?Sized> Deref for CondGuard<'_, T> {
    type Target = T;

    /// # Panics
    ///
    /// If the guard is not locked.
    fn deref(&self) -> &T {
        self.guard.as_deref().expect(UNLOCKED)
    }
}

impl<T: ?Sized> DerefMut for CondGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.guard.as_deref_mut().expect(UNLOCKED)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for CondGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CondGuard").field("guard", &self.guard).finish()
    }
}

pin_project! {
    /// The wait for a notification, and then for the lock; from [`Condition::wait`].
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct CondWait<'c, 'g, 'a, T: ?Sized> {
        condition: &'c Condition<T>,
        guard: &'g mut CondGuard<'a, T>,
        place: Place,
        // Notified until the lock is there: the notification is not used up before.
        #[pin]
        waiter: Waiter<'c, ()>,
        #[pin]
        acquire: Option<Acquire<'a, T>>,
    }

    impl<T: ?Sized> PinnedDrop for CondWait<'_, '_, '_, T> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.waiter.status() == Status::Waiting {
                let left = this.condition.line.lock().remove(this.waiter.as_ref());
                drop(left);
            }
            if let Status::Notified(_) = this.waiter.status() {
                this.waiter.as_mut().reset();
                this.condition.pass_on(1);
            }
        }
    }
}

impl<T: ?Sized> Future for CondWait<'_, '_, '_, T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        match this.waiter.status() {
            Status::Idle => {
                this.condition.check(this.guard);
                let mut line = this.condition.line.lock();
                line.push_back(LINE, this.waiter.as_ref(), 0, cx.waker().clone());
                drop(line);
                this.guard.guard = None;
            }
            Status::Waiting => {
                let mut line = this.condition.line.lock();
                let old = line.renew(this.waiter.as_ref(), cx.waker());
                drop(line);
                drop(old);
            }
            Status::Notified(_) => {}
        }
        if let Status::Notified(_) = this.waiter.status() {
            if this.acquire.is_none() {
                let lock = &this.guard.condition.lock;
                this.acquire.set(Some(lock.acquire_at(this.place)));
            }
            if let Some(acquire) = this.acquire.as_mut().as_pin_mut() {
                let Poll::Ready(guard) = acquire.poll(cx) else {
                    return Poll::Pending;
                };
                this.guard.guard = Some(guard);
            }
            this.acquire.set(None);
            this.waiter.reset();
            return Poll::Ready(());
        }
        waits_for(WaitKind::Signal, (&raw const **this.condition).addr());
        Poll::Pending
    }
}

impl<T: ?Sized> fmt::Debug for CondWait<'_, '_, '_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CondWait").finish_non_exhaustive()
    }
}
