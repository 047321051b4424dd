//! `Home`: a value that belongs to the thread of one loop, in a place that many threads share.
//!
//! Invariant: it is put in, taken out and dropped on the thread that turns the loop, and nowhere else. Whoever ends a
//! connection takes it out, at the latest when the loop closes; one that is still in there when another thread drops the place
//! is leaked, for there is nothing else that may be done with it.

#![expect(unsafe_code, reason = "what is not Send lies in a transport, which is")]

use std::cell::Cell;
use std::mem;

use asyncio_core::{QueueId, current_loop};

pub(crate) struct Home<T> {
    /// A loop never leaves its thread, and while it is not closed nothing else has its name.
    queue: QueueId,
    /// The value is out, with `visit`.
    out: Cell<bool>,
    value: Cell<Option<T>>,
}

// SAFETY: other threads see `queue` alone: all else looks at `is_here` first, `Drop` too.
unsafe impl<T> Send for Home<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Home<T> {}

impl<T> Home<T> {
    /// An empty place on the loop that this thread turns, if it turns one.
    pub(crate) fn new() -> Option<Home<T>> {
        Some(Home {
            queue: current_loop()?,
            out: Cell::new(false),
            value: Cell::new(None),
        })
    }

    pub(crate) fn queue(&self) -> QueueId {
        self.queue
    }

    #[inline]
    pub(crate) fn is_here(&self) -> bool {
        current_loop() == Some(self.queue)
    }

    /// Whether the value could be visited now, if there is one.
    pub(crate) fn is_free(&self) -> bool {
        self.is_here() && !self.out.get()
    }

    /// Takes the value out for good, unless it is being visited; nothing elsewhere than at home.
    pub(crate) fn take(&self) -> Option<T> {
        if self.is_here() { self.value.take() } else { None }
    }

    /// Puts a value in, and gives back what was there. One that is being visited is dropped when that is over.
    ///
    /// # Errors
    ///
    /// Gives `value` back elsewhere than at home.
    pub(crate) fn replace(&self, value: T) -> Result<Option<T>, T> {
        if self.is_here() {
            Ok(self.value.replace(Some(value)))
        } else {
            Err(value)
        }
    }

    /// Calls `f` with the value, which is out of its place meanwhile. Nothing when it is not there, or this is not home.
    #[inline]
    pub(crate) fn visit<R>(&self, f: impl FnOnce(&mut T) -> R) -> Option<R> {
        if !self.is_free() {
            return None;
        }
        let mut visit = Visit {
            home: self,
            value: Some(self.value.take()?),
        };
        self.out.set(true);
        visit.value.as_mut().map(f)
    }
}

/// Puts a value back, unless there is a newer one. On the thread that took it out.
struct Visit<'a, T> {
    home: &'a Home<T>,
    value: Option<T>,
}

impl<T> Drop for Visit<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.home.out.set(false);
        if let Some(newer) = self.home.value.replace(self.value.take()) {
            self.value = self.home.value.replace(Some(newer));
        }
    }
}

impl<T> Drop for Home<T> {
    fn drop(&mut self) {
        if !self.is_here() {
            mem::forget(self.value.take());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn there_is_no_home_without_a_loop() {
        assert!(Home::<u32>::new().is_none());
    }

    #[test]
    fn another_thread_can_neither_take_nor_put_nor_drop() {
        static DROPPED: AtomicBool = AtomicBool::new(false);
        struct Tells;
        impl Drop for Tells {
            fn drop(&mut self) {
                DROPPED.store(true, Ordering::Relaxed);
            }
        }
        asyncio_loop::Runner::new()
            .run(async {
                let home = Home::new().unwrap();
                assert!(home.replace(Tells).is_ok());
                std::thread::scope(|scope| {
                    let home = &home;
                    scope.spawn(move || {
                        assert!(!home.is_here());
                        assert!(home.take().is_none());
                    });
                });
                assert!(home.is_here());
                let tells = home.take().unwrap();
                assert!(
                    home.replace(tells)
                        .unwrap_or_else(|_| panic!("this is home"))
                        .is_none()
                );
                std::thread::spawn(move || drop(home)).join().unwrap();
                assert!(!DROPPED.load(Ordering::Relaxed), "leaked, not dropped elsewhere");
            })
            .unwrap();
    }
}
