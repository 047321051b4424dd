//! Phases that four threads go through at a `Barrier`, waiting in earnest.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use asyncio_sync::Barrier;
use futures_lite::future::{block_on, poll_fn};
use proptest::prelude::*;

use super::{run, times};

const THREADS: usize = 4;

/// What a thread does at the barrier in turn: it waits, perhaps after a poll by another waker; or polls so many times
/// and gives up.
#[derive(Debug, Clone, Copy)]
enum Visit {
    Wait(bool),
    GiveUp(usize),
}

struct Phases {
    barrier: Barrier,
    /// How many have come, and passed, in all, and with each index.
    came: AtomicUsize,
    passed: AtomicUsize,
    indices: Vec<AtomicUsize>,
    /// Threads that have not finished.
    left: AtomicUsize,
}

/// A thread that panics leaves none waiting.
struct SendAway<'a>(&'a Barrier);

impl Drop for SendAway<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.abort();
        }
    }
}

impl Phases {
    fn passes(&self, index: usize) {
        self.indices[index].fetch_add(1, Ordering::SeqCst);
        let passed = self.passed.fetch_add(1, Ordering::SeqCst) + 1;
        let parties = self.barrier.parties();
        // It was the phase's first, and the others had all come.
        let came = self.came.load(Ordering::SeqCst);
        assert!(
            came >= passed.div_ceil(parties) * parties,
            "{passed} have passed, {came} had come"
        );
    }

    /// Ends: when too few threads are left to fill the barrier, it is aborted for good.
    fn go_through(&self, visits: &[Visit]) {
        let _others = SendAway(&self.barrier);
        for visit in visits {
            match *visit {
                Visit::Wait(polled) => {
                    let mut wait = pin!(self.barrier.wait());
                    self.came.fetch_add(1, Ordering::SeqCst);
                    let polled = polled.then(|| wait.as_mut().poll(&mut Context::from_waker(Waker::noop())));
                    let result = match polled {
                        Some(Poll::Ready(result)) => result,
                        _ => block_on(wait),
                    };
                    match result {
                        Ok(index) => self.passes(index),
                        Err(_) => break,
                    }
                }
                Visit::GiveUp(polls) => {
                    let mut wait = pin!(self.barrier.wait());
                    self.came.fetch_add(1, Ordering::SeqCst);
                    let mut polls_left = polls;
                    let result = block_on(poll_fn(|cx| match wait.as_mut().poll(cx) {
                        Poll::Ready(result) => Poll::Ready(Some(result)),
                        Poll::Pending if polls_left == 0 => Poll::Ready(None),
                        Poll::Pending => {
                            polls_left -= 1;
                            cx.waker().wake_by_ref();
                            thread::yield_now();
                            Poll::Pending
                        }
                    }));
                    match result {
                        Some(Ok(index)) => self.passes(index),
                        Some(Err(_)) => break,
                        None => {}
                    }
                }
            }
        }
        if self.left.fetch_sub(1, Ordering::SeqCst) <= self.barrier.parties() {
            self.barrier.abort();
        }
    }
}

#[test]
fn nobody_passes_a_barrier_alone_and_each_phase_has_each_index_once() {
    let visit =
        prop_oneof![4 => any::<bool>().prop_map(Visit::Wait), 1 => (0..3usize).prop_map(Visit::GiveUp)];
    let visits = prop::collection::vec(visit, 1..60);
    let programs = (1..=THREADS, prop::collection::vec(visits, THREADS), any::<bool>());
    run(times(60), 0, programs, |(parties, mut programs, patient)| {
        if patient {
            for program in &mut programs {
                program.retain(|visit| matches!(visit, Visit::Wait(_)));
            }
        }
        let phases = Phases {
            barrier: Barrier::new(parties),
            came: AtomicUsize::new(0),
            passed: AtomicUsize::new(0),
            indices: (0..parties).map(|_| AtomicUsize::new(0)).collect(),
            left: AtomicUsize::new(THREADS),
        };
        thread::scope(|scope| {
            for program in &programs {
                scope.spawn(|| phases.go_through(program));
            }
        });
        assert_eq!(phases.barrier.n_waiting(), 0);
        let indices: Vec<usize> = phases
            .indices
            .iter()
            .map(|index| index.load(Ordering::SeqCst))
            .collect();
        if patient {
            assert!(indices.iter().all(|&count| count == indices[0]), "{indices:?}");
        } else {
            // The last of a phase knows it at once.
            let full = indices[parties - 1];
            assert!(indices.iter().all(|&count| count <= full), "{indices:?}");
        }
    });
}

#[test]
fn a_wait_that_is_dropped_while_the_barrier_fills_is_counted_once() {
    let barrier = Barrier::new(2);
    let start = std::sync::Barrier::new(2);
    // How many passed with each index.
    let passed = [AtomicUsize::new(0), AtomicUsize::new(0)];
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                start.wait();
                let begun = Instant::now();
                let enough = times(20_000) as usize;
                // On a busy machine they may hardly ever run at once.
                let most = Duration::from_millis(times(500).into());
                for round in 0.. {
                    if passed[1].load(Ordering::SeqCst) >= enough || begun.elapsed() > most {
                        break;
                    }
                    let mut wait = pin!(barrier.wait());
                    for _ in 0..=round % 3 {
                        let polled = wait.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                        if let Poll::Ready(result) = polled {
                            let index = result.expect("nobody breaks it");
                            passed[index].fetch_add(1, Ordering::SeqCst);
                            break;
                        }
                    }
                }
            });
        }
    });
    assert_eq!(barrier.n_waiting(), 0, "all are gone");
    let [first, last] = passed.map(AtomicUsize::into_inner);
    assert!(first <= last, "{first} passed first, and {last} last");
    // One more round.
    let mut wait = pin!(barrier.wait());
    assert!(
        wait.as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    assert_eq!(block_on(barrier.wait()), Ok(1));
    assert_eq!(block_on(wait), Ok(0));
}

/// A waker that remembers.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn a_wait_that_changes_its_waker_while_the_barrier_fills_wakes_the_last() {
    let barrier = Barrier::new(2);
    let start = std::sync::Barrier::new(2);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                start.wait();
                for _ in 0..times(3_000) {
                    let mut wait = pin!(barrier.wait());
                    let mut last: Option<Arc<Woken>> = None;
                    // The poll that is ready may have left its waker, and seen the end a moment later.
                    let mut ready = Arc::default();
                    for poll in 1_u64.. {
                        let woken = Arc::new(Woken::default());
                        let waker = Waker::from(woken.clone());
                        if wait.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
                            ready = woken;
                            break;
                        }
                        last = Some(woken);
                        if poll % 64 == 0 {
                            thread::yield_now();
                        }
                    }
                    let is_woken = |woken: &Woken| woken.0.load(Ordering::SeqCst);
                    // It may be under way still.
                    let since = Instant::now();
                    while last
                        .as_deref()
                        .is_some_and(|last| !is_woken(last) && !is_woken(&ready))
                    {
                        assert!(since.elapsed() < Duration::from_secs(20), "a wake is lost");
                        thread::yield_now();
                    }
                }
            });
        }
    });
    assert_eq!(barrier.n_waiting(), 0);
}
