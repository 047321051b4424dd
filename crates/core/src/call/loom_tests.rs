//! A shared callback that is called and cancelled at the same time, and whose references go on several threads.

#![expect(unsafe_code, reason = "references of a shared cell go to other threads")]

use std::panic::Location;

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};

use super::{CallRef, shared};
use crate::place::QueueId;

struct Counts {
    called: AtomicUsize,
    dropped: AtomicUsize,
}

/// Counts its drop, which comes after the call if there is one.
struct Held(Arc<Counts>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

fn counted() -> (CallRef, CallRef, Arc<Counts>) {
    let counts = Arc::new(Counts {
        called: AtomicUsize::new(0),
        dropped: AtomicUsize::new(0),
    });
    let held = Held(counts.clone());
    let (call, handle) = shared(QueueId::new(0, 0), None, Location::caller(), move || {
        held.0.called.fetch_add(1, Ordering::Relaxed);
    });
    (call, handle, counts)
}

struct Sent(CallRef);

// SAFETY: it is a reference to a shared cell; see `ThreadSafeHandle`.
unsafe impl Send for Sent {}

#[test]
fn loom_a_callback_is_called_or_cancelled_and_dropped_once() {
    loom::model(|| {
        let (call, handle, counts) = counted();
        let handle = Sent(handle);
        let canceller = loom::thread::spawn(move || {
            let handle = handle;
            handle.0.cancel()
        });
        call.run();
        let cancelled = canceller.join().unwrap();
        let called = counts.called.load(Ordering::Relaxed);
        assert_eq!(called, usize::from(!cancelled));
        assert_eq!(counts.dropped.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn loom_a_callback_that_nobody_calls_is_freed_once_with_its_function() {
    loom::model(|| {
        let (call, handle, counts) = counted();
        let clone = Sent(handle.clone());
        let handle = Sent(handle);
        let one = loom::thread::spawn(move || drop(clone));
        let other = loom::thread::spawn(move || drop(handle));
        drop(call);
        one.join().unwrap();
        other.join().unwrap();
        assert_eq!(counts.dropped.load(Ordering::Relaxed), 1);
    });
}
