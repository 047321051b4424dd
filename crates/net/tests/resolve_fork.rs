//! A forked child has none of its parent's threads: it looks names up on its own, and what the parent began fails.

#![cfg(unix)]
#![expect(unsafe_code, reason = "std has no fork")]

use std::net::SocketAddr;
use std::sync::mpsc::channel;
use std::sync::{Mutex, PoisonError};

use asyncio_net::{BlockingResolver, Resolver, getaddrinfo};
use futures_lite::future::{block_on, poll_once};

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
fn a_forked_child_looks_names_up_and_does_not_wait_for_its_parents_threads() {
    // The threads of the parent are there, and one of them is busy.
    block_on(async { getaddrinfo("localhost", 1).await }).unwrap();
    let (begun, has_begun) = channel();
    let (release, released) = channel::<()>();
    let released = Mutex::new(released);
    let resolver = BlockingResolver::new(move |host, port, _family| {
        if host == "slow" {
            begun.send(()).unwrap();
            // The error is the signal.
            let _ = released.lock().unwrap_or_else(PoisonError::into_inner).recv();
        }
        Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))])
    });
    let mut slow = resolver.resolve("slow", 1, None);
    assert!(block_on(poll_once(&mut slow)).is_none());
    has_begun.recv().unwrap();

    let mut slow = Some(slow);
    in_child(|| {
        let failed = block_on(slow.take().unwrap()).is_err_and(|error| error.to_string().contains("fork"));
        let own = block_on(resolver.resolve("quick", 2, None)).is_ok();
        let system = block_on(async { getaddrinfo("localhost", 1).await }).is_ok();
        failed && own && system
    });

    // The parent goes on as before.
    drop(release);
    let found = block_on(slow.take().unwrap()).unwrap();
    assert_eq!(found[0].port(), 1);
}
