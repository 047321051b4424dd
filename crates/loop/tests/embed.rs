//! A loop inside of another: a host that waits for the descriptor, clocks and drivers of one's own.

#![cfg(unix)]

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use asyncio_core::current_loop;
use asyncio_loop::{
    Driver, EventLoop, RunError, Turned, WaitFor, get_running_loop, leave_loop, try_get_running_loop,
};
use asyncio_reactor::{Async, Backend, Reactor};
use asyncio_sync::Event;
use asyncio_tasks::create_task;
use asyncio_timers::{Clock, Sleep, TimeSource, now, sleep};
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Waits as a host does. True: the descriptor is readable.
fn wait(fd: &OwnedFd, timeout: Option<Duration>) -> bool {
    let timeout = timeout.map(|timeout| Timespec::try_from(timeout).expect("a short one"));
    let mut fds = [PollFd::new(fd, PollFlags::IN)];
    poll(&mut fds, timeout.as_ref()).expect("the descriptor is open") > 0
}

/// Takes turns until `done` says so.
fn drive(event_loop: &mut EventLoop, fd: &OwnedFd, mut done: impl FnMut() -> bool) {
    while !done() {
        match event_loop.prepare_wait() {
            WaitFor::Nothing => {}
            WaitFor::Until(due) => drop(wait(fd, Some(due.saturating_duration_since(Instant::now())))),
            WaitFor::Event => drop(wait(fd, None)),
        }
        let _ = event_loop.run_once(Some(Duration::ZERO)).expect("an open loop");
    }
}

fn each_backend(test: impl Fn(EventLoop, OwnedFd)) {
    for backend in [Backend::Auto, Backend::Polling] {
        let event_loop = EventLoop::builder()
            .reactor_backend(backend)
            .build()
            .expect("a loop");
        let fd = event_loop.try_clone_fd().expect("a descriptor");
        test(event_loop, fd);
    }
}

// EXT-02
#[test]
fn tasks_timers_and_io_run_in_the_turns_that_a_host_gives() {
    each_backend(|mut event_loop, fd| {
        let task = event_loop.create_task(async {
            let (mut one, mut other) = Async::<UnixStream>::pair().unwrap();
            let echo = create_task(async move {
                let mut byte = [0];
                other.read_exact(&mut byte).await.unwrap();
                sleep(Duration::from_millis(1)).await;
                other.write_all(&byte).await.unwrap();
            });
            one.write_all(b"x").await.unwrap();
            let mut byte = [0];
            one.read_exact(&mut byte).await.unwrap();
            echo.await.unwrap();
            byte[0]
        });
        drive(&mut event_loop, &fd, || task.is_finished());
        assert_eq!(event_loop.run_until_complete(task).unwrap().unwrap(), b'x');
    });
}

// EXT-02, LOP-16
#[test]
fn what_becomes_ready_while_the_host_waits_makes_the_descriptor_readable() {
    each_backend(|mut event_loop, fd| {
        let handle = event_loop.handle();
        let calls = Arc::new(AtomicUsize::new(0));
        for round in 1..=3 {
            assert_eq!(event_loop.prepare_wait(), WaitFor::Event);
            assert!(!wait(&fd, Some(Duration::ZERO)), "nothing is ready");
            let (there, handle) = (calls.clone(), handle.clone());
            let thread = std::thread::spawn(move || {
                handle.call_soon_threadsafe(move || {
                    there.fetch_add(1, Ordering::Relaxed);
                })
            });
            assert!(wait(&fd, None));
            thread.join().unwrap().unwrap();
            assert_eq!(
                event_loop.run_once(Some(Duration::ZERO)).unwrap(),
                Turned::Continue
            );
            // The owner of the loop, between the question and the turn.
            assert_eq!(event_loop.prepare_wait(), WaitFor::Event);
            let here = calls.clone();
            event_loop.call_soon(move || {
                here.fetch_add(1, Ordering::Relaxed);
            });
            assert!(wait(&fd, None));
            let _ = event_loop.run_once(Some(Duration::ZERO)).unwrap();
            assert_eq!(event_loop.prepare_wait(), WaitFor::Event);
            drop(event_loop.create_task(async {}));
            assert!(wait(&fd, None));
            let _ = event_loop.run_once(Some(Duration::ZERO)).unwrap();
            assert_eq!(calls.load(Ordering::Relaxed), 2 * round);
        }
    });
}

// EXT-02, LOP-39
#[test]
fn a_reader_that_is_due_makes_the_descriptor_readable() {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;
    each_backend(|mut event_loop, fd| {
        let (mut one, other) = UnixStream::pair().unwrap();
        let other = Rc::new(other);
        let got = Rc::new(Cell::new(0));
        let reader = |by: usize| {
            let (got, from) = (got.clone(), other.clone());
            move || {
                (&*from).read_exact(&mut [0]).unwrap();
                got.set(got.get() + by);
            }
        };
        event_loop.add_reader(other.clone(), reader(1)).unwrap();
        let _ = event_loop.run_once(Some(Duration::ZERO)).unwrap();
        assert_eq!(event_loop.prepare_wait(), WaitFor::Event);
        assert!(!wait(&fd, Some(Duration::ZERO)), "nothing is ready");
        one.write_all(b"123").unwrap();
        assert!(wait(&fd, None));
        let _ = event_loop.run_once(Some(Duration::ZERO)).unwrap();
        assert_eq!(got.get(), 1);
        // It is ready still.
        assert_eq!(event_loop.prepare_wait(), WaitFor::Nothing);
        let _ = event_loop.run_once(Some(Duration::ZERO)).unwrap();
        assert_eq!(got.get(), 2);
        assert!(event_loop.remove_reader(&*other));
        assert_eq!(event_loop.prepare_wait(), WaitFor::Event);
        // Between the question and the turn.
        event_loop.add_reader(other.clone(), reader(10)).unwrap();
        assert!(wait(&fd, None));
        while got.get() < 12 {
            let _ = event_loop.run_once(Some(Duration::ZERO)).unwrap();
        }
        assert_eq!(event_loop.prepare_wait(), WaitFor::Event);
    });
}

// EXT-02, LOP-09
#[test]
fn a_turn_waits_as_long_as_it_is_told_and_says_when_to_stop() {
    let mut event_loop = EventLoop::new().unwrap();
    let start = Instant::now();
    let waited = Duration::from_millis(3);
    assert_eq!(event_loop.run_once(Some(waited)).unwrap(), Turned::Continue);
    assert!(start.elapsed() >= waited);
    let timer = event_loop.call_later(Duration::from_secs(3600), || ());
    let _ = event_loop.run_once(Some(Duration::from_millis(1))).unwrap();
    timer.cancel();
    event_loop.call_later(Duration::from_millis(1), || get_running_loop().stop());
    while event_loop.run_once(None).unwrap() == Turned::Continue {}
    assert_eq!(
        event_loop.run_once(Some(Duration::ZERO)).unwrap(),
        Turned::Continue,
        "it was told once"
    );
    let nested = event_loop
        .run_until_complete(async {
            let mut inner = EventLoop::new().unwrap();
            inner.run_once(None).unwrap_err()
        })
        .unwrap();
    assert!(matches!(nested, RunError::Nested));
    event_loop.shutdown(None);
    assert!(matches!(event_loop.run_once(None), Err(RunError::Closed)));
}

// LOP-02, LOP-03
#[test]
fn a_loop_that_is_entered_is_the_one_of_the_thread_and_does_not_run() {
    let mut event_loop = EventLoop::new().unwrap();
    let (task, handle) = event_loop.enter(|| {
        assert!(!get_running_loop().is_running());
        (create_task(async { 7 }), get_running_loop())
    });
    assert!(try_get_running_loop().is_err());
    assert!(!handle.is_closed());
    assert_eq!(event_loop.run_until_complete(task).unwrap().unwrap(), 7);
    event_loop.close();
    assert!(handle.is_closed());
}

#[test]
fn a_shutdown_by_hand_lets_tasks_clean_up() {
    let mut event_loop = EventLoop::new().unwrap();
    let log: Rc<RefCell<Vec<&str>>> = Rc::default();
    let to = log.clone();
    drop(
        event_loop.create_task(asyncio_tasks::finally(std::future::pending::<()>(), async move {
            sleep(Duration::from_millis(1)).await;
            to.borrow_mut().push("cleaned up");
        })),
    );
    let _ = event_loop.run_once(Some(Duration::ZERO)).unwrap();
    event_loop.shutdown(None);
    assert_eq!(*log.borrow(), ["cleaned up"]);
}

/// Time that runs a thousand times as fast as the system's.
struct Fast(Instant);

impl TimeSource for Fast {
    fn now(&self) -> Instant {
        self.0 + self.0.elapsed() * 1000
    }

    fn real(&self, deadline: Instant) -> Instant {
        self.0 + deadline.saturating_duration_since(self.0) / 1000
    }
}

// EXT-01, LOP-19
#[test]
fn a_loop_runs_on_a_clock_of_ones_own() {
    let mut event_loop = EventLoop::builder()
        .clock(Clock::custom(Fast(Instant::now())))
        .build()
        .unwrap();
    let (real, fast) = (Instant::now(), event_loop.time());
    event_loop
        .run_until_complete(async {
            sleep(Duration::from_secs(10)).await;
            let on_pool = asyncio_tasks::spawn(async {
                let before = now();
                sleep(Duration::from_secs(10)).await;
                now() - before
            });
            assert!(on_pool.await.unwrap() >= Duration::from_secs(10));
        })
        .unwrap();
    assert!(event_loop.time() - fast >= Duration::from_secs(20));
    assert!(real.elapsed() >= Duration::from_millis(20), "never early");
    assert!(
        real.elapsed() < Duration::from_secs(10),
        "and not on the system's clock"
    );
}

/// Waits with `poll`, for the reactor and for a socket of its own.
struct Beside {
    reactor: OwnedFd,
    own: UnixStream,
    heard: Rc<Cell<usize>>,
}

impl Driver for Beside {
    fn wait(&mut self, reactor: &mut Reactor, deadline: Option<Instant>) -> std::io::Result<()> {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let left = left.map(|left| Timespec::try_from(left).expect("a short one"));
        let mut fds = [
            PollFd::new(&self.reactor, PollFlags::IN),
            PollFd::new(&self.own, PollFlags::IN),
        ];
        poll(&mut fds, left.as_ref())?;
        if !fds[1].revents().is_empty() {
            let mut bytes = [0; 16];
            let read = std::io::Read::read(&mut self.own, &mut bytes)?;
            self.heard.set(self.heard.get() + read);
        }
        reactor.poll().map(drop)
    }
}

// EXT-01, LOP-89
#[test]
fn a_driver_of_ones_own_waits_for_more_than_the_loop_knows() {
    let mut event_loop = EventLoop::new().unwrap();
    let (mut other, own) = UnixStream::pair().unwrap();
    let heard = Rc::new(Cell::new(0));
    event_loop.set_driver(Box::new(Beside {
        reactor: event_loop.try_clone_fd().unwrap(),
        own,
        heard: heard.clone(),
    }));
    std::io::Write::write_all(&mut other, b"abc").unwrap();
    event_loop
        .run_until_complete(async {
            while heard.get() < 3 {
                sleep(Duration::from_millis(1)).await;
            }
            let (mut one, mut other) = Async::<UnixStream>::pair().unwrap();
            one.write_all(b"x").await.unwrap();
            other.read_exact(&mut [0]).await.unwrap();
        })
        .unwrap();
}

/// A driver that runs somebody else's code on the loop's thread, once, before it waits.
struct RunsOthers {
    reactor: OwnedFd,
    others: Option<Box<dyn FnOnce()>>,
    looks: Rc<Cell<usize>>,
}

impl Driver for RunsOthers {
    fn wait(&mut self, reactor: &mut Reactor, deadline: Option<Instant>) -> std::io::Result<()> {
        if let Some(others) = self.others.take() {
            leave_loop(|| {
                assert!(current_loop().is_none());
                others();
            });
        }
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        wait(&self.reactor, left);
        reactor.poll().map(drop)
    }

    fn look(&mut self, reactor: &mut Reactor) -> std::io::Result<()> {
        self.looks.set(self.looks.get() + 1);
        reactor.poll().map(drop)
    }
}

fn run_with_others<F: Future<Output = ()>>(others: impl FnOnce() + 'static, main: F) -> usize {
    let mut event_loop = EventLoop::new().expect("a loop");
    let looks = Rc::new(Cell::new(0));
    event_loop.set_driver(Box::new(RunsOthers {
        reactor: event_loop.try_clone_fd().expect("a descriptor"),
        others: Some(Box::new(others)),
        looks: looks.clone(),
    }));
    event_loop.run_until_complete(main).expect("it ends");
    looks.get()
}

#[test]
fn what_a_driver_runs_off_the_loop_ends_the_wait_when_it_wakes_a_task() {
    let event = Arc::new(Event::new());
    let sets = event.clone();
    let looks = run_with_others(move || sets.set(), async move {
        event.wait().await;
    });
    assert!(looks > 0, "a driver looks while something is ready");
}

#[test]
fn a_timer_that_is_made_off_the_loop_is_seen_by_the_wait_that_has_begun() {
    let shared: Rc<RefCell<Option<Waker>>> = Rc::default();
    let timer: Rc<RefCell<Option<Pin<Box<Sleep>>>>> = Rc::default();
    let (waker, made) = (shared.clone(), timer.clone());
    let others = move || {
        let waker = waker.borrow_mut().take().expect("the task waits");
        let mut sleep = Box::pin(sleep(Duration::from_millis(2)));
        assert!(sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        *made.borrow_mut() = Some(sleep);
    };
    run_with_others(
        others,
        poll_fn(move |cx| match &mut *timer.borrow_mut() {
            Some(sleep) => sleep.as_mut().poll(cx),
            None => {
                *shared.borrow_mut() = Some(cx.waker().clone());
                Poll::Pending
            }
        }),
    );
}
