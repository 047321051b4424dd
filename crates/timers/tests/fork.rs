//! A forked child has none of its parent's threads: its sleeps end nevertheless.

#![cfg(unix)]
#![expect(unsafe_code, reason = "std has no fork")]

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use asyncio_timers::{LocalTimers, Timers, sleep};
use futures_lite::future::block_on;

/// Exits with 0 when all is well. A child that hangs is ended by SIGALRM, which its parent sees.
fn in_child(run: impl FnOnce() -> bool) {
    // SAFETY: The child uses locks of std and the allocator, which glibc makes usable after a fork; the locks of this
    // crate are what is tested. It ends without running the parent's destructors.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "{}", std::io::Error::last_os_error());
    if child == 0 {
        // SAFETY: Plain system call; the default action of SIGALRM ends the child.
        unsafe { libc::alarm(20) };
        let well = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).unwrap_or(false);
        // SAFETY: Ends this process at once.
        unsafe { libc::_exit(i32::from(!well)) };
    }
    let mut status = 0;
    // SAFETY: `status` lives through the call, and the child is ours.
    let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
    assert_eq!(waited, child);
    assert_eq!(status, 0, "the child's wait status");
}

#[test]
fn sleeps_in_a_forked_child_end() {
    // The fallback thread runs in the parent, and a sleep is registered with it.
    block_on(sleep(Duration::from_millis(1)));
    let mut pending = sleep(Duration::from_millis(20));
    assert!(
        Pin::new(&mut pending)
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    let timers = Timers::new();
    let handle = timers.handle();
    let mut of_timers = handle.sleep(Duration::from_millis(20));
    assert!(
        Pin::new(&mut of_timers)
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );

    in_child(|| {
        let start = Instant::now();
        block_on(sleep(Duration::from_millis(10)));
        let fresh = start.elapsed() >= Duration::from_millis(10);
        let deadline = pending.deadline();
        block_on(&mut pending);
        let moved = Instant::now() >= deadline;
        // Entered, but not of this process: the fallback serves it.
        let _entered = handle.enter();
        block_on(sleep(Duration::from_millis(5)));
        block_on(&mut of_timers);
        fresh && moved && handle.is_closed()
    });

    in_child(|| {
        // A driver that the child makes for itself.
        let mut timers = LocalTimers::new();
        let _entered = timers.enter();
        let mut sleep = sleep(Duration::from_millis(5));
        let mut cx = Context::from_waker(Waker::noop());
        let pending = Pin::new(&mut sleep).poll(&mut cx).is_pending();
        std::thread::sleep(sleep.deadline().saturating_duration_since(Instant::now()));
        pending && timers.fire(Instant::now()) == 1 && Pin::new(&mut sleep).poll(&mut cx).is_ready()
    });

    // The parent goes on as before.
    assert!(!handle.is_closed());
    block_on(pending);
}
