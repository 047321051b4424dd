//! Futures that run beside a loop's tasks.

use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use asyncio_core::{loop_tasks, of_loop, run_beside};
use asyncio_loop::Runner;
use asyncio_tasks::{spawn, yield_now};

#[derive(Default)]
struct Seen {
    polls: AtomicUsize,
    drops: AtomicUsize,
    waker: Mutex<Option<Waker>>,
}

impl Seen {
    fn polls(&self) -> usize {
        self.polls.load(Ordering::Relaxed)
    }

    fn drops(&self) -> usize {
        self.drops.load(Ordering::Relaxed)
    }

    fn wake(&self) {
        self.waker
            .lock()
            .unwrap_or_else(|error| error.into_inner())
            .take()
            .expect("it was polled")
            .wake();
    }
}

/// Counts its polls and its end.
fn counted(seen: &Arc<Seen>) -> impl Future<Output = ()> + Send + 'static {
    struct Drops(Arc<Seen>);
    impl Drop for Drops {
        fn drop(&mut self) {
            self.0.drops.fetch_add(1, Ordering::Relaxed);
        }
    }
    let drops = Drops(seen.clone());
    poll_fn(move |cx| {
        drops.0.polls.fetch_add(1, Ordering::Relaxed);
        let mut waker = drops.0.waker.lock().unwrap_or_else(|error| error.into_inner());
        *waker = Some(cx.waker().clone());
        Poll::Pending
    })
}

#[test]
fn one_of_a_name_runs_as_long_as_the_loop_does_and_is_no_task() {
    let seen: Arc<Seen> = Arc::default();
    let mut runner = Runner::new();
    for run in 1..=2 {
        let ran = runner.run(async {
            for _ in 0..3 {
                assert!(run_beside("counted", || counted(&seen)));
            }
            let first = seen.polls();
            assert_eq!(loop_tasks().map(|tasks| tasks.len()), Some(1), "this one alone");
            seen.wake();
            yield_now().await;
            assert_eq!(seen.polls(), first + 1);
            let other = seen.clone();
            std::thread::spawn(move || other.wake()).join().unwrap();
            while seen.polls() == first + 1 {
                yield_now().await;
            }
        });
        ran.unwrap();
        // The first poll, the two wakes, and the last look.
        assert_eq!((seen.polls(), seen.drops()), (4 * run, run));
    }
    // One that outlives the loop wakes nobody.
    runner.close();
    seen.wake();
    assert_eq!(seen.polls(), 8);
}

#[test]
fn a_worker_of_the_pool_starts_it_on_its_loop() {
    let seen: Arc<Seen> = Arc::default();
    let of_worker = seen.clone();
    let ran = Runner::new().run(async {
        let started = spawn(async move { run_beside("counted", || counted(&of_worker)) });
        assert!(started.await.unwrap());
        seen.wake();
        while seen.polls() < 2 {
            yield_now().await;
        }
    });
    ran.unwrap();
    assert_eq!(seen.drops(), 1);
}

#[test]
fn where_no_loop_is_nothing_is_made() {
    assert!(!run_beside("none", || async { unreachable!("nothing is made") }));
}

#[test]
fn one_that_ends_is_dropped_at_once() {
    let held = Arc::new(());
    let ends = held.clone();
    let ran = Runner::new().run(async {
        assert!(run_beside("ends", || async move { drop(ends) }));
        Arc::strong_count(&held)
    });
    assert_eq!(ran.unwrap(), 1);
}

/// Says when it is dropped.
struct Kept(Arc<AtomicUsize>);

impl Drop for Kept {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn what_is_kept_for_a_loop_is_one_for_all_its_runs_and_threads_and_goes_when_it_is_closed() {
    assert!(of_loop(|| 1_u32).is_none(), "there is no loop");
    let dropped = Arc::new(AtomicUsize::new(0));
    let mut runner = Runner::new();
    let mut addresses = Vec::new();
    for _ in 0..2 {
        let to = dropped.clone();
        let address = move || Arc::as_ptr(&of_loop(|| Kept(to)).unwrap()) as usize;
        addresses.push(runner.run(async { address.clone()() }).unwrap());
        let on_pool = runner.run(async { spawn(async move { address() }).await.unwrap() });
        addresses.push(on_pool.unwrap());
    }
    addresses.dedup();
    assert_eq!(addresses.len(), 1);
    assert_eq!(dropped.load(Ordering::Relaxed), 0, "the loop can be run again");
    runner.close();
    assert_eq!(dropped.load(Ordering::Relaxed), 1);
}
