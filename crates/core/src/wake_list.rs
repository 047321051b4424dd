//! `WakeList`: wakers that were collected under a lock, to be woken outside of it.
//!
//! Invariant: a waker that was collected is woken, even when another one panics.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Waker;

/// Collected wakers, in the order of their events. The first takes no memory from the heap.
#[derive(Debug, Default)]
pub struct WakeList {
    first: Option<Waker>,
    rest: Vec<Waker>,
}

impl WakeList {
    /// An empty list.
    #[inline]
    pub const fn new() -> WakeList {
        WakeList {
            first: None,
            rest: Vec::new(),
        }
    }

    /// Adds a waker.
    #[inline]
    pub fn push(&mut self, waker: Waker) {
        if self.first.is_none() {
            self.first = Some(waker);
        } else {
            self.rest.push(waker);
        }
    }

    /// Whether there is nothing to wake.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Adds many, and leaves `wakers` empty.
    pub fn append(&mut self, wakers: &mut Vec<Waker>) {
        if self.first.is_none() {
            for waker in wakers.drain(..) {
                self.push(waker);
            }
        } else {
            self.rest.append(wakers);
        }
    }

    /// Wakes all, in order, and is empty again. The caller holds no lock.
    ///
    /// # Panics
    ///
    /// With the panic of the first waker that panicked, after all were woken.
    #[inline]
    pub fn wake_all(&mut self) {
        if let Some(first) = self.first.take() {
            if self.rest.is_empty() {
                first.wake();
            } else {
                self.wake_many(first);
            }
        }
    }

    /// As [`wake_all`](WakeList::wake_all), for one who has something in hand that a panic must not take along: what
    /// a waker panicked with has been told to the panic hook, and goes no further.
    pub fn wake_all_and_go_on(&mut self) {
        if !self.is_empty() {
            drop(catch_unwind(AssertUnwindSafe(|| self.wake_all())));
        }
    }

    #[cold]
    fn wake_many(&mut self, first: Waker) {
        let mut panicked = None;
        for waker in std::iter::once(first).chain(self.rest.drain(..)) {
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
                panicked.get_or_insert(payload);
            }
        }
        if let Some(payload) = panicked {
            resume_unwind(payload);
        }
    }
}

#[cfg(all(test, not(asyncio_loom)))]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("a waker that panics");
        }
    }

    struct Counts(AtomicUsize);
    impl Wake for Counts {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_panicking_waker_does_not_keep_the_others_from_being_woken() {
        let counts = Arc::new(Counts(AtomicUsize::new(0)));
        let mut list = WakeList::new();
        list.push(counts.clone().into());
        list.push(Arc::new(Panics).into());
        list.push(counts.clone().into());
        let result = catch_unwind(AssertUnwindSafe(|| list.wake_all()));
        assert!(result.is_err());
        assert_eq!(counts.0.load(Ordering::Relaxed), 2);
    }
}
