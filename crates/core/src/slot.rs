//! `Slot`: which driver (reactor, timers, blocking pool) serves this thread.
//!
//! A leaf crate keeps one thread-local slot for its kind of driver. A loop enters its drivers there for the time
//! that it runs on the thread; a resource looks at the slot at its first use. Entering nests: the guard puts back
//! what it found, so a loop that ends inside another one gives the outer one its thread back.
//!
//! What to do when the slot is empty is the leaf crate's business: it has a fallback driver on a thread of its own.

use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;
use std::thread::LocalKey;

/// The driver of one kind that serves the current thread.
///
/// # Examples
///
/// ```
/// use asyncio_core::{Entered, Slot};
///
/// thread_local! {
///     static CLOCK: Slot<&'static str> = const { Slot::empty() };
/// }
///
/// assert_eq!(Slot::current(&CLOCK), None);
/// {
///     let _entered: Entered<_> = Slot::enter(&CLOCK, "quartz");
///     assert_eq!(Slot::current(&CLOCK), Some("quartz"));
/// }
/// assert_eq!(Slot::current(&CLOCK), None);
/// ```
pub struct Slot<T> {
    current: RefCell<Option<T>>,
}

/// Puts back what a [`Slot`] held before; made by [`Slot::enter`].
///
/// It stays on the thread that made it.
#[must_use = "the driver leaves the thread when this guard is dropped"]
pub struct Entered<T: 'static> {
    slot: &'static LocalKey<Slot<T>>,
    previous: Option<T>,
    not_send: PhantomData<*const ()>,
}

impl<T> Slot<T> {
    /// A slot without a driver.
    pub const fn empty() -> Slot<T> {
        Slot {
            current: RefCell::new(None),
        }
    }
}

impl<T: 'static> Slot<T> {
    /// Makes `driver` the one of this thread until the guard is dropped.
    ///
    /// # Panics
    ///
    /// Inside the closure of [`Slot::with`] of the same slot, and while the thread's locals are being destroyed.
    pub fn enter(slot: &'static LocalKey<Slot<T>>, driver: T) -> Entered<T> {
        let previous = slot.with(|slot| slot.current.replace(Some(driver)));
        Entered {
            slot,
            previous,
            not_send: PhantomData,
        }
    }

    /// Calls `look` with the driver of this thread, if there is one.
    ///
    /// It sees `None` too while the thread's locals are being destroyed.
    pub fn with<R>(slot: &'static LocalKey<Slot<T>>, look: impl FnOnce(Option<&T>) -> R) -> R {
        let mut look = Some(look);
        let looked = slot.try_with(|slot| {
            let look = look.take().expect("the closure is called once");
            look(slot.current.borrow().as_ref())
        });
        match looked {
            Ok(result) => result,
            Err(_destroyed) => (look.take().expect("the slot was not reached"))(None),
        }
    }

    /// The driver of this thread, if there is one.
    pub fn current(slot: &'static LocalKey<Slot<T>>) -> Option<T>
    where
        T: Clone,
    {
        Slot::with(slot, |driver| driver.cloned())
    }
}

impl<T> Drop for Entered<T> {
    fn drop(&mut self) {
        let previous = self.previous.take();
        // The driver that leaves is dropped after the borrow has ended: its destructor may look at the slot.
        let left = self.slot.try_with(|slot| slot.current.replace(previous));
        drop(left);
    }
}

impl<T> fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Entered<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entered").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    thread_local! {
        static NUMBER: Slot<u32> = const { Slot::empty() };
    }

    #[test]
    fn nested_guards_put_back_what_they_found() {
        let outer = Slot::enter(&NUMBER, 1);
        let inner = Slot::enter(&NUMBER, 2);
        assert_eq!(Slot::current(&NUMBER), Some(2));
        drop(inner);
        assert_eq!(Slot::current(&NUMBER), Some(1));
        drop(outer);
        assert_eq!(Slot::current(&NUMBER), None);
    }

    #[test]
    fn each_thread_has_its_own() {
        let _here = Slot::enter(&NUMBER, 1);
        let there = std::thread::spawn(|| Slot::current(&NUMBER)).join().unwrap();
        assert_eq!(there, None);
    }
}
