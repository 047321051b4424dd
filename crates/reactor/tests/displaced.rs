//! Several tasks that poll one source in one direction, where each displaces the one before.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

#[path = "kit/common.rs"]
mod common;

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::task::{Context, Waker};

use asyncio_reactor::{Async, Direction};
use common::{backends, reactor};

#[test]
fn tasks_that_displace_each_other_are_all_woken() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    struct Count(AtomicUsize);
    impl std::task::Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    for backend in backends() {
        let mut reactor = reactor(backend);
        let handle = reactor.handle();
        let (mut one, other) = UnixStream::pair().unwrap();
        let other = Async::new_with(&handle, other).unwrap();
        // The event of the registration is spent first.
        reactor.poll().unwrap();
        let counts: Vec<_> = (0..40).map(|_| Arc::new(Count(AtomicUsize::new(0)))).collect();
        for count in &counts {
            let waker = Waker::from(count.clone());
            let mut cx = Context::from_waker(&waker);
            assert!(other.poll_readable(&mut cx).is_pending());
        }
        one.write_all(b"x").unwrap();
        let limit = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while counts.iter().any(|count| count.0.load(Ordering::SeqCst) == 0) {
            reactor.turn(Some(limit)).unwrap();
            assert!(std::time::Instant::now() < limit, "a task was not woken");
        }
    }
}

/// The number of a task that was woken.
struct Number(usize, std::sync::mpsc::Sender<usize>);

impl std::task::Wake for Number {
    fn wake(self: Arc<Self>) {
        let _ = self.1.send(self.0);
    }
}

#[test]
fn sixty_four_tasks_that_poll_one_source_get_a_byte_each_and_do_not_spin() {
    const TASKS: usize = 64;
    for backend in backends() {
        let mut reactor = reactor(backend);
        let handle = reactor.handle();
        let (mut one, other) = UnixStream::pair().unwrap();
        let other = Async::new_with(&handle, other).unwrap();
        reactor.poll().unwrap();
        let (wake, woken) = std::sync::mpsc::channel();
        let wakers: Vec<_> = (0..TASKS)
            .map(|number| Waker::from(Arc::new(Number(number, wake.clone()))))
            .collect();
        let mut done = [false; TASKS];
        let mut polls = 0;
        // A task that has its byte ends.
        let mut poll = |number: usize, done: &mut [bool]| {
            if done[number] {
                return;
            }
            polls += 1;
            assert!(polls <= 4 * TASKS * TASKS, "the tasks wake each other for ever");
            let mut cx = Context::from_waker(&wakers[number]);
            let read = other.poll_io(Direction::Read, &mut cx, |mut stream| stream.read(&mut [0]));
            done[number] = read.is_ready();
        };
        (0..TASKS).for_each(|number| poll(number, &mut done));
        let limit = std::time::Instant::now() + std::time::Duration::from_secs(20);
        for byte in 1..=TASKS {
            woken.try_iter().for_each(|number| poll(number, &mut done));
            one.write_all(b"x").unwrap();
            // The source has a byte for one of them, and the rest come to rest again.
            while done.iter().filter(|done| **done).count() < byte {
                reactor.turn(Some(limit)).unwrap();
                woken.try_iter().for_each(|number| poll(number, &mut done));
                assert!(std::time::Instant::now() < limit, "a task was not woken");
            }
        }
    }
}
