//! `Event`: a flag that tasks wait for.

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use asyncio_core::{WaitKind, WakeList, waits_for};
use pin_project_lite::pin_project;

use crate::blocking::block_on;
use crate::monitor::{Monitor, Status, Waiter};
use crate::sync::const_fn;

const LINE: usize = 0;

/// A flag, false at first, that any number of tasks can wait for.
///
/// # Fairness
///
/// [`set`](Event::set) wakes everybody, in the order in which they came.
///
/// # Python
///
/// `asyncio.Event`.
///
/// # Examples
///
/// ```
/// use asyncio_sync::Event;
///
/// let ready = Event::new();
/// std::thread::scope(|threads| {
///     threads.spawn(|| ready.set());
///     futures_lite::future::block_on(ready.wait());
/// });
/// assert!(ready.is_set());
/// ```
pub struct Event {
    /// Written under the line's mutex.
    flag: AtomicBool,
    line: Monitor<()>,
}

impl Event {
    const_fn! {
        /// An event that is not set.
        pub const fn new() -> Event {
            Event {
                flag: AtomicBool::new(false),
                line: Monitor::new(()),
            }
        }
    }

    /// Waits until the flag is true; ready at once if it is.
    ///
    /// One who was woken by [`set`](Event::set) stays woken, even if [`clear`](Event::clear) comes before it runs.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it stops waiting, and nothing is lost.
    #[inline]
    pub fn wait(&self) -> EventWait<'_> {
        EventWait {
            event: self,
            waiter: Waiter::new(&self.line),
        }
    }

    /// As [`wait`](Event::wait), for a thread that runs no loop.
    ///
    /// # Panics
    ///
    /// In a step of a loop or of a pool's worker, which it would block. (Of other executors it cannot know.)
    pub fn wait_blocking(&self) {
        block_on("Event::wait_blocking", "wait().await", self.wait());
    }

    /// Sets the flag, and wakes everybody who waits for it.
    pub fn set(&self) {
        let mut wake = WakeList::new();
        let mut line = self.line.lock();
        self.flag.store(true, Ordering::Release);
        line.notify_all(LINE, 0, &mut wake);
        drop(line);
        wake.wake_all();
    }

    /// Clears the flag: who comes now waits for the next [`set`](Event::set).
    pub fn clear(&self) {
        let _line = self.line.lock();
        self.flag.store(false, Ordering::Release);
    }

    /// Whether the flag is true.
    #[inline]
    pub fn is_set(&self) -> bool {
        self.flag.load(Ordering::Acquire)
    }
}

impl Default for Event {
    fn default() -> Event {
        Event::new()
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("is_set", &self.is_set())
            .finish_non_exhaustive()
    }
}

pin_project! {
    /// The wait for an event; from [`Event::wait`].
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct EventWait<'a> {
        event: &'a Event,
        #[pin]
        waiter: Waiter<'a, ()>,
    }
}

impl Future for EventWait<'_> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        match this.waiter.status() {
            Status::Idle if this.event.is_set() => return Poll::Ready(()),
            Status::Notified(_) => {}
            Status::Idle | Status::Waiting => {
                let mut line = this.event.line.lock();
                let mut old = None;
                match this.waiter.status() {
                    Status::Idle if this.event.is_set() => return Poll::Ready(()),
                    Status::Idle => line.push_back(LINE, this.waiter.as_ref(), 0, cx.waker().clone()),
                    _ => old = line.renew(this.waiter.as_ref(), cx.waker()),
                }
                drop(line);
                drop(old);
            }
        }
        // It may have been notified between two looks.
        if let Status::Notified(_) = this.waiter.status() {
            this.waiter.reset();
            return Poll::Ready(());
        }
        waits_for(WaitKind::Signal, (&raw const **this.event).addr());
        Poll::Pending
    }
}

impl fmt::Debug for EventWait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventWait").finish_non_exhaustive()
    }
}
