//! `WakeList`: wakers that were collected under a lock, to be woken outside of it.
//!
//! Invariant: a waker that was collected is woken, even when another one panics.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Waker;

/// Collected wakers, in the order of their events.
#[derive(Debug, Default)]
pub(crate) struct WakeList(Vec<Waker>);

impl WakeList {
    pub(crate) const fn new() -> WakeList {
        WakeList(Vec::new())
    }

    #[inline]
    pub(crate) fn push(&mut self, waker: Waker) {
        self.0.push(waker);
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn append(&mut self, wakers: &mut Vec<Waker>) {
        self.0.append(wakers);
    }

    /// Wakes all and is empty again. The caller holds no lock.
    pub(crate) fn wake_all(&mut self) {
        let mut panicked = None;
        for waker in self.0.drain(..) {
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
