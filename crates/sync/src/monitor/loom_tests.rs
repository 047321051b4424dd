//! Models of a waiter that is notified, polled again or dropped while others change the list.

use std::pin::pin;
use std::sync::Arc;
use std::task::Waker;

use loom::thread;

use super::{Monitor, Status, Waiter};
use crate::barrier::Barrier;
use crate::event::Event;
use crate::loom_kit::{block_on, poll_once};

#[test]
fn loom_a_waiter_can_be_dropped_while_it_is_notified() {
    loom::model(|| {
        let monitor = Arc::new(Monitor::<usize>::new(0));
        let notifier = {
            let monitor = monitor.clone();
            thread::spawn(move || {
                let mut state = monitor.lock();
                *state += 1;
                let waker = state.notify_front(0, 7);
                drop(state);
                waker.is_some()
            })
        };
        let waiter = Box::pin(Waiter::new(&monitor));
        monitor
            .lock()
            .push_back(0, waiter.as_ref(), 1, Waker::noop().clone());
        let seen = waiter.status();
        assert!(matches!(seen, Status::Waiting | Status::Notified(7)));
        drop(waiter);
        let notified = notifier.join().expect("no model panics");
        assert!(seen == Status::Waiting || notified);
        assert!(monitor.lock().is_empty(0));
    });
}

#[test]
fn loom_neighbours_on_a_list_leave_at_once() {
    loom::model(|| {
        let monitor = Arc::new(Monitor::<()>::new(()));
        let other = {
            let monitor = monitor.clone();
            thread::spawn(move || {
                let waiter = Box::pin(Waiter::new(&monitor));
                monitor
                    .lock()
                    .push_back(0, waiter.as_ref(), 1, Waker::noop().clone());
            })
        };
        let waiter = Box::pin(Waiter::new(&monitor));
        monitor
            .lock()
            .push_back(0, waiter.as_ref(), 2, Waker::noop().clone());
        drop(waiter);
        other.join().expect("no model panics");
        assert_eq!(monitor.lock().front(0), None);
    });
}

#[test]
fn loom_an_event_that_is_set_wakes_who_waits() {
    loom::model(|| {
        let event = Arc::new(Event::new());
        let setter = {
            let event = event.clone();
            thread::spawn(move || {
                event.set();
                event.clear();
                event.set();
            })
        };
        block_on(event.wait());
        setter.join().expect("no model panics");
        assert!(event.is_set());
    });
}

#[test]
fn loom_a_barrier_lets_its_parties_go_together() {
    loom::model(|| {
        let barrier = Arc::new(Barrier::new(2));
        let other = {
            let barrier = barrier.clone();
            thread::spawn(move || {
                // One that gives up must not be counted.
                let mut quits = pin!(barrier.wait());
                match poll_once(quits.as_mut()) {
                    std::task::Poll::Ready(index) => index,
                    std::task::Poll::Pending => block_on(quits),
                }
            })
        };
        let here = block_on(barrier.wait()).expect("nobody breaks it");
        let there = other.join().expect("no model panics").expect("nobody breaks it");
        assert_eq!(here + there, 1);
        assert_eq!(barrier.n_waiting(), 0);
    });
}

#[test]
fn loom_one_that_leaves_a_barrier_is_not_counted() {
    loom::model(|| {
        let barrier = Arc::new(Barrier::new(2));
        let other = {
            let barrier = barrier.clone();
            thread::spawn(move || {
                let mut quits = Box::pin(barrier.wait());
                let first = poll_once(quits.as_mut());
                drop(quits);
                first.is_ready()
            })
        };
        let mut here = Box::pin(barrier.wait());
        let met = poll_once(here.as_mut()).is_ready();
        let they_met = other.join().expect("no model panics");
        let waiting = barrier.n_waiting();
        if met {
            // The other was sent on, whether it has seen that before it left or not.
            assert_eq!(waiting, 0);
        } else if they_met {
            assert_eq!(waiting, 0);
            assert_eq!(block_on(here), Ok(0));
        } else {
            assert_eq!(waiting, 1, "this one is still there");
        }
    });
}
