//! Models of the readiness protocol: whatever the interleaving, no event and no waiter is lost.

use std::sync::Arc as StdArc;
use std::sync::atomic::{AtomicUsize as StdAtomicUsize, Ordering as StdOrdering};
use std::task::{Wake, Waker};

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use super::{Readiness, Wait};
use crate::direction::Direction::Read;
use asyncio_core::WakeList;

/// Counts its wakes. A std atomic: loom need not see it, as it is read after all threads were joined.
struct Count(StdAtomicUsize);

impl Wake for Count {
    fn wake(self: StdArc<Self>) {
        self.0.fetch_add(1, StdOrdering::SeqCst);
    }
}

fn counter() -> (StdArc<Count>, Waker) {
    let count = StdArc::new(Count(StdAtomicUsize::new(0)));
    (count.clone(), Waker::from(count))
}

fn event(readiness: &Readiness) {
    let mut wake = WakeList::new();
    readiness.event(Read, false, &mut wake);
    wake.wake_all();
}

/// A source without its wait: data comes, then its event. The reader sees either the data or the readiness.
#[test]
fn loom_an_event_that_races_a_would_block_is_not_cleared() {
    loom::model(|| {
        let readiness = Arc::new(Readiness::new());
        let data = Arc::new(AtomicUsize::new(0));
        event(&readiness);
        let kernel = {
            let (readiness, data) = (readiness.clone(), data.clone());
            thread::spawn(move || {
                data.store(1, Ordering::SeqCst);
                event(&readiness);
            })
        };
        let seen = readiness.see(Read);
        let would_block = data.load(Ordering::SeqCst) == 0;
        if would_block {
            readiness.clear(Read, seen);
        }
        kernel.join().unwrap();
        if would_block {
            assert!(
                readiness.see(Read).is_ready(),
                "the event was cleared by an older WouldBlock"
            );
        }
    });
}

#[test]
fn loom_an_event_that_races_the_registration_of_a_waker_is_not_lost() {
    loom::model(|| {
        let readiness = Arc::new(Readiness::new());
        let kernel = {
            let readiness = readiness.clone();
            thread::spawn(move || event(&readiness))
        };
        let (count, waker) = counter();
        let wait = readiness.wait_in_slot(Read, &waker);
        kernel.join().unwrap();
        match wait {
            Wait::Waiting => assert_eq!(count.0.load(StdOrdering::SeqCst), 1),
            Wait::Ready => assert!(readiness.see(Read).is_ready()),
            Wait::Closed => panic!("nobody closed it"),
        }
    });
}

#[test]
fn loom_two_waiters_are_both_woken() {
    loom::model(|| {
        let readiness = Arc::new(Readiness::new());
        let waiters: Vec<_> = (0..2)
            .map(|_| {
                let readiness = readiness.clone();
                thread::spawn(move || {
                    let (count, waker) = counter();
                    let mut key = None;
                    let wait = readiness.wait_on_list(&mut key, Read, &waker);
                    (wait, count, key)
                })
            })
            .collect();
        event(&readiness);
        for waiter in waiters {
            let (wait, count, key) = waiter.join().unwrap();
            if wait == Wait::Waiting {
                assert_eq!(count.0.load(StdOrdering::SeqCst), 1);
                assert!(readiness.is_notified(key.unwrap()));
            }
            readiness.leave(key.unwrap());
        }
    });
}

#[test]
fn loom_two_tasks_in_one_slot_are_both_woken() {
    loom::model(|| {
        let readiness = Arc::new(Readiness::new());
        let waiters: Vec<_> = (0..2)
            .map(|_| {
                let readiness = readiness.clone();
                thread::spawn(move || {
                    let (count, waker) = counter();
                    (readiness.wait_in_slot(Read, &waker), count)
                })
            })
            .collect();
        event(&readiness);
        for waiter in waiters {
            let (wait, count) = waiter.join().unwrap();
            if wait == Wait::Waiting {
                assert_eq!(count.0.load(StdOrdering::SeqCst), 1);
            }
        }
    });
}

/// A task is displaced while an event comes, and the one that displaced it may leave the slot again.
#[test]
fn loom_a_displaced_task_is_woken_whatever_the_other_does() {
    loom::model(|| {
        let readiness = Arc::new(Readiness::new());
        let (first, first_waker) = counter();
        let (second, second_waker) = counter();
        assert_eq!(readiness.wait_in_slot(Read, &first_waker), Wait::Waiting);
        assert_eq!(readiness.wait_in_slot(Read, &second_waker), Wait::Waiting);
        let again = {
            let readiness = readiness.clone();
            thread::spawn(move || {
                // Comes back from the displaced, then a third one comes.
                let back = readiness.wait_in_slot(Read, &first_waker);
                let (third, third_waker) = counter();
                (back, readiness.wait_in_slot(Read, &third_waker), third)
            })
        };
        event(&readiness);
        let (back, wait, third) = again.join().unwrap();
        assert!(back == Wait::Ready || first.0.load(StdOrdering::SeqCst) == 1);
        assert_eq!(second.0.load(StdOrdering::SeqCst), 1, "it only waited");
        if wait == Wait::Waiting {
            assert_eq!(third.0.load(StdOrdering::SeqCst), 1);
        }
    });
}

#[test]
fn loom_a_waiter_that_leaves_takes_no_wake_from_another() {
    loom::model(|| {
        let readiness = Arc::new(Readiness::new());
        let (count, waker) = counter();
        let mut stays = None;
        let wait = readiness.wait_on_list(&mut stays, Read, &waker);
        assert_eq!(wait, Wait::Waiting);
        let leaver = {
            let readiness = readiness.clone();
            thread::spawn(move || {
                let (_, waker) = counter();
                let mut key = None;
                readiness.wait_on_list(&mut key, Read, &waker);
                readiness.leave(key.unwrap());
            })
        };
        event(&readiness);
        leaver.join().unwrap();
        assert_eq!(count.0.load(StdOrdering::SeqCst), 1);
    });
}

#[test]
fn loom_closing_wakes_or_refuses_a_waiter() {
    loom::model(|| {
        let readiness = Arc::new(Readiness::new());
        let closer = {
            let readiness = readiness.clone();
            thread::spawn(move || {
                let mut wake = WakeList::new();
                readiness.close(&mut wake);
                wake.wake_all();
            })
        };
        let (count, waker) = counter();
        let wait = readiness.wait_in_slot(Read, &waker);
        closer.join().unwrap();
        match wait {
            Wait::Waiting => assert_eq!(count.0.load(StdOrdering::SeqCst), 1),
            Wait::Closed => {}
            Wait::Ready => panic!("no event came"),
        }
    });
}

#[test]
fn loom_a_hangup_that_races_the_one_who_begins_to_wait_for_it_is_not_lost() {
    loom::model(|| {
        let readiness = Arc::new(Readiness::new());
        let kernel = {
            let readiness = readiness.clone();
            thread::spawn(move || {
                let mut wake = WakeList::new();
                readiness.event(crate::direction::Direction::Write, false, &mut wake);
                readiness.event(crate::direction::Direction::Write, true, &mut wake);
                wake.wake_all();
            })
        };
        let (count, waker) = counter();
        let wait = readiness.wait_for_hangup(&waker);
        kernel.join().unwrap();
        let woken = count.0.load(StdOrdering::SeqCst);
        assert!(wait == Wait::Ready || woken == 1, "{wait:?}, woken {woken} times");
    });
}

#[test]
fn loom_a_waker_that_stands_misses_no_event_and_needs_no_second_registration() {
    loom::model(|| {
        let readiness = Arc::new(Readiness::new());
        let kernel = {
            let readiness = readiness.clone();
            thread::spawn(move || {
                event(&readiness);
                event(&readiness);
            })
        };
        let (count, waker) = counter();
        let wait = readiness.stand_in_slot(Read, &waker);
        kernel.join().unwrap();
        let before = count.0.load(StdOrdering::SeqCst);
        match wait {
            Wait::Waiting => assert_eq!(before, 2),
            Wait::Ready => assert!(readiness.see(Read).is_ready()),
            Wait::Closed => panic!("nobody closed it"),
        }
        event(&readiness);
        assert_eq!(count.0.load(StdOrdering::SeqCst), before + 1);
    });
}

/// Another waker takes the slot while an event comes: both are woken, by this event or the next.
#[test]
fn loom_a_waker_that_stands_and_is_displaced_is_woken_once_more() {
    loom::model(|| {
        let readiness = Arc::new(Readiness::new());
        let (standing, waker) = counter();
        assert_eq!(readiness.stand_in_slot(Read, &waker), Wait::Waiting);
        let kernel = {
            let readiness = readiness.clone();
            thread::spawn(move || event(&readiness))
        };
        let (other, waker) = counter();
        let wait = readiness.wait_in_slot(Read, &waker);
        kernel.join().unwrap();
        event(&readiness);
        assert!(standing.0.load(StdOrdering::SeqCst) >= 1);
        if wait == Wait::Waiting {
            assert!(other.0.load(StdOrdering::SeqCst) >= 1);
        }
        let (before, old) = (
            other.0.load(StdOrdering::SeqCst),
            standing.0.load(StdOrdering::SeqCst),
        );
        event(&readiness);
        assert_eq!(other.0.load(StdOrdering::SeqCst), before, "it waits no more");
        assert_eq!(standing.0.load(StdOrdering::SeqCst), old, "it stands no more");
    });
}
