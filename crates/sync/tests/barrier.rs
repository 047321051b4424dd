//! `Barrier`: enough of them, or nobody.

#[path = "kit/everywhere.rs"]
mod everywhere;

use std::collections::HashSet;
use std::sync::Arc;
use std::thread;

use asyncio_sync::{Barrier, BarrierWait, BrokenBarrierError};
use asyncio_testing::{ByHand, by_hand};
use everywhere::everywhere;
use futures_lite::future::block_on;

static_assertions::assert_impl_all!(Barrier: Send, Sync, Unpin);
static_assertions::assert_impl_all!(BarrierWait<'static>: Send, Sync);
static_assertions::assert_not_impl_any!(BarrierWait<'static>: Unpin);

fn wait(barrier: &Barrier) -> ByHand<BarrierWait<'_>> {
    by_hand(barrier.wait()).waits()
}

/// SYN-26, SYN-31: for nobody there is none.
#[test]
fn a_barrier_is_for_at_least_one() {
    assert_eq!(Barrier::new(3).parties(), 3);
    let error = Barrier::try_new(0).unwrap_err();
    assert!(error.to_string().contains("at least 1"), "{error}");
    assert!(std::panic::catch_unwind(|| Barrier::new(0)).is_err());
    let alone = Barrier::new(1);
    assert_eq!((block_on(alone.wait()), block_on(alone.wait())), (Ok(0), Ok(0)));
}

/// SYN-27, SYN-28, SYN-32: the last one sends all on, each with an index of its own.
#[test]
fn the_last_to_come_sends_everybody_on() {
    let barrier = Barrier::new(3);
    for _phase in 0..3 {
        let mut first = wait(&barrier);
        let mut second = wait(&barrier);
        assert_eq!(barrier.n_waiting(), 2);
        assert!(first.poll().is_none());
        assert_eq!(by_hand(barrier.wait()).poll(), Some(Ok(2)));
        assert_eq!((first.wakes(), second.wakes()), (1, 1));
        assert_eq!(barrier.n_waiting(), 0);
        assert_eq!((second.poll(), first.poll()), (Some(Ok(1)), Some(Ok(0))));
    }
}

/// SYN-27: one that is cancelled leaves, the barrier is not broken, and the indices are unique all the same.
#[test]
fn one_that_gives_up_is_not_counted() {
    let barrier = Barrier::new(3);
    let first = wait(&barrier);
    let mut second = wait(&barrier);
    drop(first);
    assert_eq!((barrier.n_waiting(), barrier.broken()), (1, false));
    let mut third = wait(&barrier);
    assert_eq!(by_hand(barrier.wait()).poll(), Some(Ok(2)));
    assert_eq!((second.poll(), third.poll()), (Some(Ok(0)), Some(Ok(1))));
}

/// SYN-27: who comes while those of the last phase have not run yet belongs to the next.
#[test]
fn one_that_comes_late_is_of_the_next_phase() {
    let barrier = Barrier::new(2);
    let mut first = wait(&barrier);
    assert_eq!(by_hand(barrier.wait()).poll(), Some(Ok(1)));
    let mut late = wait(&barrier);
    assert_eq!(barrier.n_waiting(), 1);
    assert_eq!(first.poll(), Some(Ok(0)));
    assert!(late.poll().is_none());
    assert_eq!(by_hand(barrier.wait()).poll(), Some(Ok(1)));
    assert_eq!(late.poll(), Some(Ok(0)));
}

/// SYN-29, EXC-07: those who wait get an error; it works again at once; who was sent on already is.
#[test]
fn a_reset_sends_those_who_wait_away() {
    let barrier = Barrier::new(2);
    let mut sent_on = wait(&barrier);
    assert_eq!(by_hand(barrier.wait()).poll(), Some(Ok(1)));
    let mut waits = wait(&barrier);
    barrier.reset();
    assert_eq!(sent_on.poll(), Some(Ok(0)));
    let error: BrokenBarrierError = waits.poll().unwrap().unwrap_err();
    assert!(error.to_string().contains("reset"));
    assert_eq!((barrier.broken(), barrier.n_waiting()), (false, 0));
    let mut again = wait(&barrier);
    assert_eq!(by_hand(barrier.wait()).poll(), Some(Ok(1)));
    assert_eq!(again.poll(), Some(Ok(0)));
}

/// SYN-30, SYN-33, EXC-07: broken for those who wait and those who come, until it is reset.
#[test]
fn an_aborted_barrier_is_broken_until_it_is_reset() {
    let barrier = Barrier::new(2);
    let mut waits = wait(&barrier);
    barrier.abort();
    assert!(barrier.broken());
    assert!(waits.poll().unwrap().is_err());
    assert!(block_on(barrier.wait()).is_err());
    assert_eq!(barrier.n_waiting(), 0);
    barrier.reset();
    assert!(!barrier.broken());
    let mut first = wait(&barrier);
    assert_eq!(block_on(barrier.wait()), Ok(1));
    assert_eq!(first.poll(), Some(Ok(0)));
}

/// SYN-01.
#[test]
fn tasks_of_many_executors_and_threads_meet() {
    everywhere(|| async {
        const PHASES: usize = 100;
        let barrier = Arc::new(Barrier::new(3));
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let barrier = barrier.clone();
                thread::spawn(move || -> Vec<usize> {
                    (0..PHASES).map(|_| block_on(barrier.wait()).unwrap()).collect()
                })
            })
            .collect();
        let mut here = Vec::new();
        for _ in 0..PHASES {
            here.push(barrier.wait().await.unwrap());
        }
        let there: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        for phase in 0..PHASES {
            let indices = HashSet::from([here[phase], there[0][phase], there[1][phase]]);
            assert_eq!(indices, HashSet::from([0, 1, 2]));
        }
    });
}
