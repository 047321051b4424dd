//! Models of taking, giving back, waiting and giving up.

use std::panic::Location;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use loom::model::Builder;
use loom::thread;

use super::{OfLock, Permits, Turn};
use crate::loom_kit::{Alone, block_on, poll_once};

async fn take(permits: &Permits, count: usize) {
    let mut turn = pin!(Turn::<OfLock>::new(permits, Location::caller()));
    std::future::poll_fn(|cx| turn.as_mut().poll(count, cx)).await;
}

fn check(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

#[test]
fn loom_one_permit_lets_one_in_at_a_time() {
    check(3, || {
        let shared = Arc::new((Permits::new(1), Alone::new()));
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let shared = shared.clone();
                thread::spawn(move || {
                    block_on(take(&shared.0, 1));
                    shared.1.enter();
                    shared.0.give(1);
                })
            })
            .collect();
        block_on(take(&shared.0, 1));
        shared.1.enter();
        shared.0.give(1);
        for thread in threads {
            thread.join().expect("no model panics");
        }
        assert_eq!(shared.1.enter(), 4);
        assert_eq!(shared.0.available(), 1);
        assert!(!shared.0.locked(1), "nobody is in line");
    });
}

#[test]
fn loom_a_waiter_that_gives_up_passes_its_turn_on() {
    check(3, || {
        let permits = Arc::new(Permits::new(1));
        assert!(permits.try_take(1, Location::caller()));
        let quitter = {
            let permits = permits.clone();
            thread::spawn(move || {
                let mut waits = Box::pin(take(&permits, 1));
                if poll_once(waits.as_mut()).is_ready() {
                    permits.give(1);
                }
            })
        };
        let other = {
            let permits = permits.clone();
            thread::spawn(move || {
                block_on(take(&permits, 1));
                permits.give(1);
            })
        };
        permits.give(1);
        quitter.join().expect("no model panics");
        other.join().expect("no model panics");
        assert!(permits.try_take(1, Location::caller()));
    });
}

#[test]
fn loom_one_who_wants_many_gets_them_from_several() {
    check(3, || {
        let permits = Arc::new(Permits::new(2));
        assert!(permits.try_take(1, Location::caller()) && permits.try_take(1, Location::caller()));
        let givers: Vec<_> = (0..2)
            .map(|_| {
                let permits = permits.clone();
                thread::spawn(move || permits.give(1))
            })
            .collect();
        block_on(take(&permits, 2));
        assert_eq!(permits.available(), 0);
        for giver in givers {
            giver.join().expect("no model panics");
        }
        permits.give(2);
        assert_eq!(permits.available(), 2);
    });
}

#[test]
fn loom_who_stands_behind_one_that_gives_up_is_served() {
    check(3, || {
        let permits = Arc::new(Permits::new(1));
        let mut many = Box::pin(take(&permits, 2));
        assert!(poll_once(many.as_mut()).is_pending(), "there is but one");
        let behind = {
            let permits = permits.clone();
            thread::spawn(move || block_on(take(&permits, 1)))
        };
        drop(many);
        behind.join().expect("no model panics");
        assert_eq!(permits.available(), 0);
    });
}

#[test]
fn loom_a_waiter_that_is_polled_again_is_woken_by_the_new_waker() {
    check(3, || {
        let permits = Arc::new(Permits::new(1));
        assert!(permits.try_take(1, Location::caller()));
        let giver = {
            let permits = permits.clone();
            thread::spawn(move || permits.give(1))
        };
        let mut waits = Box::pin(take(&permits, 1));
        if let Poll::Pending = poll_once(waits.as_mut()) {
            block_on(waits);
        }
        giver.join().expect("no model panics");
        assert_eq!(permits.available(), 0);
    });
}
