//! `Signal`: one thread sleeps until another says so.
//!
//! The invariant: a notification that comes after the last `wait` returned is never lost, whatever else on this
//! thread calls `park` and whoever else unparks it. `std`'s park token alone does not promise that (any code that the
//! thread runs may take the token), hence the flag beside it; the token only ends the sleep.

use crate::sync::{AtomicBool, Ordering, Thread, thread};

/// The flag and the thread that sleeps on it.
#[derive(Debug)]
pub(crate) struct Signal {
    notified: AtomicBool,
    sleeper: Thread,
}

impl Signal {
    /// A signal for the calling thread, not yet notified.
    pub(crate) fn new() -> Signal {
        Signal {
            notified: AtomicBool::new(false),
            sleeper: thread::current(),
        }
    }

    /// Ends the current or the next [`wait`](Signal::wait) of the thread that made this signal.
    pub(crate) fn notify(&self) {
        // Only the first of several notifications pays for the system call.
        if !self.notified.swap(true, Ordering::Release) {
            self.sleeper.unpark();
        }
    }

    /// Sleeps until notified, and takes the notification. To be called on the thread that made the signal.
    pub(crate) fn wait(&self) {
        while !self.take() {
            thread::park();
        }
    }

    /// Takes a notification without sleeping.
    pub(crate) fn take(&self) -> bool {
        self.notified.swap(false, Ordering::Acquire)
    }
}

#[cfg(all(test, not(asyncio_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_notification_outlives_a_stolen_park_token() {
        let signal = Signal::new();
        signal.notify();
        // Someone else on this thread takes the token.
        thread::park();
        signal.wait();
        assert!(!signal.take());
    }

    #[test]
    fn a_stray_unpark_is_not_a_notification() {
        let signal = Signal::new();
        thread::current().unpark();
        assert!(!signal.take());
        signal.notify();
        signal.wait();
    }
}

#[cfg(all(test, asyncio_loom))]
mod loom_tests {
    use super::*;
    use loom::sync::Arc;
    use loom::sync::atomic::AtomicUsize;

    #[test]
    fn loom_every_notification_after_a_wait_ends_the_next_wait() {
        loom::model(|| {
            let signal = Arc::new(Signal::new());
            let written = Arc::new(AtomicUsize::new(0));
            // Not joined: loom's join and its park share their token. A model ends when every thread has.
            let (of_other, by_other) = (signal.clone(), written.clone());
            loom::thread::spawn(move || {
                for value in 1..=2 {
                    by_other.store(value, Ordering::Relaxed);
                    of_other.notify();
                }
            });
            // What was written before a notification is seen after the wait that it ended; the last one is not lost.
            while written.load(Ordering::Relaxed) < 2 {
                signal.wait();
            }
        });
    }

    #[test]
    fn loom_two_notifiers_end_one_wait() {
        loom::model(|| {
            let signal = Arc::new(Signal::new());
            for _ in 0..2 {
                let signal = signal.clone();
                // Not joined: loom's join and park share a token.
                loom::thread::spawn(move || signal.notify());
            }
            signal.wait();
        });
    }
}
