//! Turns: deadlines, notifications, interruptions, forks and limits.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]
#![expect(unsafe_code, reason = "signals and descriptors are handled by libc here")]

#[path = "kit/common.rs"]
mod common;

use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use asyncio_reactor::{Async, Backend, Reactor};
use common::{backends, reactor};

#[test]
fn a_turn_never_ends_before_its_deadline() {
    for backend in backends() {
        let mut reactor = reactor(backend);
        for micros in [1, 50, 300, 999, 1000, 1500, 4200] {
            let deadline = Instant::now() + Duration::from_micros(micros);
            assert_eq!(reactor.turn(Some(deadline)).unwrap(), 0);
            assert!(Instant::now() >= deadline, "{backend:?}, {micros} µs");
        }
    }
}

#[test]
fn an_older_and_earlier_timer_does_not_end_a_later_turn() {
    for backend in backends() {
        let mut reactor = reactor(backend);
        let early = Instant::now() + Duration::from_millis(3);
        reactor.handle().notify().unwrap();
        reactor.turn(Some(early)).unwrap();
        let late = Instant::now() + Duration::from_millis(12);
        reactor.turn(Some(late)).unwrap();
        assert!(Instant::now() >= late, "{backend:?}");
    }
}

#[test]
fn a_deadline_in_the_past_does_not_wait_and_a_far_one_does_not_overflow() {
    for backend in backends() {
        let mut reactor = reactor(backend);
        reactor.turn(Some(Instant::now())).unwrap();
        reactor.handle().notify().unwrap();
        let far = Instant::now() + Duration::from_secs(u32::MAX.into());
        assert_eq!(reactor.turn(Some(far)).unwrap(), 0);
    }
}

#[test]
fn a_notification_before_a_turn_keeps_it_from_waiting_and_several_are_one() {
    for backend in backends() {
        let mut reactor = reactor(backend);
        let handle = reactor.handle();
        for _ in 0..3 {
            handle.notify().unwrap();
            handle.waker().wake();
            handle.waker().wake_by_ref();
            assert_eq!(reactor.turn(None).unwrap(), 0);
            let deadline = Instant::now() + Duration::from_millis(2);
            reactor.turn(Some(deadline)).unwrap();
            assert!(
                Instant::now() >= deadline,
                "{backend:?}: one notification ended two turns"
            );
        }
    }
}

#[test]
fn a_wake_of_the_turn_itself_does_not_end_the_next_one() {
    for backend in backends() {
        let mut reactor = reactor(backend);
        let handle = reactor.handle();
        let (one, other) = UnixStream::pair().unwrap();
        let one = Async::new_with(&handle, one).unwrap();
        reactor.poll().unwrap();
        let waker = handle.waker();
        let mut cx = std::task::Context::from_waker(&waker);
        assert!(one.poll_readable(&mut cx).is_pending());
        io::Write::write_all(&mut &other, b"x").unwrap();
        assert_eq!(reactor.turn(None).unwrap(), 1);
        let deadline = Instant::now() + Duration::from_millis(2);
        assert_eq!(reactor.turn(Some(deadline)).unwrap(), 0);
        assert!(Instant::now() >= deadline, "{backend:?}");
        // And the next notification is heard.
        handle.notify().unwrap();
        reactor.turn(None).unwrap();
    }
}

#[test]
fn a_panicking_waker_leaves_notifications_working() {
    struct Panics;
    impl std::task::Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("a waker that panics");
        }
    }
    for backend in backends() {
        let mut reactor = reactor(backend);
        let handle = reactor.handle();
        let (one, other) = UnixStream::pair().unwrap();
        let one = Async::new_with(&handle, one).unwrap();
        reactor.poll().unwrap();
        let waker = Arc::new(Panics).into();
        assert!(
            one.poll_readable(&mut std::task::Context::from_waker(&waker))
                .is_pending()
        );
        io::Write::write_all(&mut &other, b"x").unwrap();
        let turn = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| reactor.turn(None)));
        assert!(turn.is_err());
        handle.notify().unwrap();
        reactor.turn(None).unwrap();
    }
}

#[test]
fn a_notification_during_a_turn_ends_it() {
    for backend in backends() {
        let mut reactor = reactor(backend);
        let handle = reactor.handle();
        let (go, wait) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            while wait.recv().is_ok() {
                handle.notify().unwrap();
            }
        });
        for _ in 0..500 {
            go.send(()).unwrap();
            reactor.turn(None).unwrap();
        }
        drop(go);
        thread.join().unwrap();
    }
}

#[test]
fn a_storm_of_interruptions_neither_ends_a_turn_nor_fails_it() {
    extern "C" fn nothing(_: libc::c_int) {}
    // SAFETY: all zeros is a valid sigaction, and the handler does nothing. SA_RESTART is off.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = nothing as extern "C" fn(libc::c_int) as *const () as libc::sighandler_t;
        assert_eq!(
            libc::sigaction(libc::SIGURG, &raw const action, std::ptr::null_mut()),
            0
        );
    }
    for backend in backends() {
        let mut reactor = reactor(backend);
        // SAFETY: no precondition.
        let target = unsafe { libc::pthread_self() } as usize;
        let stop = Arc::new(AtomicBool::new(false));
        let count = Arc::new(AtomicUsize::new(0));
        let (stopped, counted) = (stop.clone(), count.clone());
        let storm = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                // SAFETY: the turning thread joins this one before it ends.
                unsafe { libc::pthread_kill(target as libc::pthread_t, libc::SIGURG) };
                counted.fetch_add(1, Ordering::Relaxed);
                std::thread::yield_now();
            }
        });
        // On a busy machine the storm may be slow to begin.
        while count.load(Ordering::Relaxed) < 100 {
            let deadline = Instant::now() + Duration::from_millis(30);
            let result = reactor.turn(Some(deadline));
            let end = Instant::now();
            assert_eq!(result.unwrap(), 0);
            assert!(end >= deadline, "{backend:?}");
        }
        stop.store(true, Ordering::Relaxed);
        storm.join().unwrap();
    }
}

#[test]
fn the_builder_and_the_environment_choose() {
    for backend in backends() {
        assert_eq!(reactor(backend).backend(), backend);
    }
    assert!(reactor(Backend::Polling).as_raw_fd().is_some());
}

#[test]
fn source_count_follows_registrations() {
    for backend in backends() {
        let reactor = reactor(backend);
        assert!(reactor.is_idle());
        let (one, other) = UnixStream::pair().unwrap();
        let one = Async::new_with(&reactor.handle(), one).unwrap();
        let other = Async::new_with(&reactor.handle(), other).unwrap();
        assert_eq!(reactor.source_count(), 2);
        drop((one, other));
        assert!(reactor.is_idle());
    }
}

#[test]
fn registering_one_descriptor_twice_is_an_error_that_leaves_the_first_alone() {
    for backend in backends() {
        let mut reactor = reactor(backend);
        let (one, other) = UnixStream::pair().unwrap();
        let first = Async::new_with(&reactor.handle(), &one).unwrap();
        let error = Async::new_with(&reactor.handle(), &one).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(reactor.source_count(), 1);
        io::Write::write_all(&mut &other, b"x").unwrap();
        common::run(&mut reactor, first.readable()).unwrap();
    }
}

/// What a forked child does is reported by its exit status.
fn in_child(body: impl FnOnce() -> bool) -> bool {
    // SAFETY: the child calls `body` and leaves by `_exit`; the C library keeps malloc usable in it.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0);
    if pid == 0 {
        let good = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body)).unwrap_or(false);
        // SAFETY: no precondition. SIGALRM below ends a child that hangs.
        unsafe { libc::_exit(i32::from(!good)) };
    }
    let mut status = 0;
    // SAFETY: the child is ours and `status` is ours to write.
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
    status == 0
}

#[test]
fn a_forked_child_gets_an_error_from_the_old_reactor_and_a_working_background_one() {
    for backend in backends() {
        let mut reactor = reactor(backend);
        let handle = reactor.handle();
        let (one, other) = UnixStream::pair().unwrap();
        let mut one = Some(Async::new_with(&handle, one).unwrap());
        // The background thread runs in the parent, and not in the child.
        let (_a, _b) = Async::<UnixStream>::pair().unwrap();
        let good = in_child(|| {
            // SAFETY: no precondition.
            unsafe { libc::alarm(20) };
            let (late, mut peer) = UnixStream::pair().unwrap();
            let refused = Async::new_with(&handle, late.try_clone().unwrap())
                .is_err_and(|e| e.to_string().contains("fork"));
            let turn = reactor.turn(None).is_err();
            let waits = futures_lite::future::block_on(one.as_ref().unwrap().readable()).is_err();
            drop(one.take());
            let late = Async::new(late).unwrap();
            io::Write::write_all(&mut peer, b"x").unwrap();
            let reads = futures_lite::future::block_on(late.readable()).is_ok();
            refused && turn && waits && reads
        });
        assert!(good, "{backend:?}");
        // The child's drop has not taken the parent's registration away: the event still comes.
        let one = one.as_ref().unwrap();
        let mut waits = std::pin::pin!(one.readable());
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(waits.as_mut().poll(&mut cx).is_pending());
        io::Write::write_all(&mut &other, b"x").unwrap();
        common::run(&mut reactor, waits).unwrap();
    }
}

#[test]
fn running_out_of_descriptors_is_an_error_and_the_listener_works_on() {
    // In a child, as the limit is the process's.
    for backend in backends() {
        let good = in_child(|| {
            // SAFETY: no precondition.
            unsafe { libc::alarm(20) };
            let mut reactor = reactor(backend);
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            let listener = Async::new_with(&reactor.handle(), listener).unwrap();
            let _client = std::net::TcpStream::connect(address).unwrap();
            let mut old = libc::rlimit {
                rlim_cur: 0,
                rlim_max: 0,
            };
            // SAFETY: `old` is ours to write.
            unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut old) };
            let none = libc::rlimit { rlim_cur: 0, ..old };
            // SAFETY: a complete structure.
            unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const none) };
            let full = common::run(&mut reactor, listener.accept());
            let no_reactor = Reactor::builder().backend(backend).build();
            // SAFETY: a complete structure.
            unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const old) };
            full.is_err_and(|e| e.raw_os_error() == Some(libc::EMFILE))
                && no_reactor.is_err_and(|e| e.raw_os_error() == Some(libc::EMFILE))
                && common::run(&mut reactor, listener.accept()).is_ok()
        });
        assert!(good, "{backend:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn no_background_thread_starts_where_a_reactor_is_entered() {
    let good = in_child(|| {
        let threads = || std::fs::read_dir("/proc/self/task").unwrap().count();
        let mut reactor = Reactor::new().unwrap();
        common::run(&mut reactor, async {
            let (one, other) = Async::<UnixStream>::pair().unwrap();
            io::Write::write_all(&mut one.get_ref(), b"x").unwrap();
            other.readable().await.unwrap();
        });
        let entered = threads();
        let _alone = Async::<UnixStream>::pair().unwrap();
        entered == 1 && threads() == 2
    });
    assert!(good);
}
