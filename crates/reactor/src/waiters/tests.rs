//! The slot and the displaced wakers alone: who is kept, who is woken, and that it comes to rest.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Wake;

use super::*;
use crate::direction::Direction::{Read, Write};
use crate::sync::{Mutex, lock};

/// The numbers of those that were woken, in order.
type Woken = Arc<Mutex<VecDeque<usize>>>;

struct Task {
    number: usize,
    woken: Woken,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        lock(&self.woken).push_back(self.number);
    }
}

fn waker(number: usize, woken: &Woken) -> Waker {
    let woken = woken.clone();
    Waker::from(Arc::new(Task { number, woken }))
}

fn tasks(count: usize) -> (Vec<Waker>, Woken) {
    let woken = Woken::default();
    ((0..count).map(|number| waker(number, &woken)).collect(), woken)
}

/// What a poll of the slot does: nothing is ready.
fn poll(waiters: &mut Waiters, waker: &Waker) {
    let mut wake = WakeList::new();
    waiters.set_slot(Read, waker, &mut wake);
    wake.wake_all();
}

fn event(waiters: &mut Waiters) {
    let mut wake = WakeList::new();
    waiters.take_all(Read, &mut wake);
    wake.wake_all();
}

fn displaced(waiters: &Waiters) -> usize {
    waiters
        .more
        .as_ref()
        .map_or(0, |more| more.displaced[Read.index()].wakers.len())
}

/// Answers each wake by a poll, until nobody is woken any more. Gives the number of polls.
fn settle(waiters: &mut Waiters, woken: &Woken, most: usize, mut waker: impl FnMut(usize) -> Waker) -> usize {
    let mut polls = 0;
    loop {
        let Some(number) = lock(woken).pop_front() else {
            return polls;
        };
        polls += 1;
        assert!(polls <= most, "the tasks wake each other for ever");
        poll(waiters, &waker(number));
    }
}

#[test]
fn one_poller_allocates_nothing() {
    let (tasks, woken) = tasks(1);
    let mut waiters = Waiters::default();
    for _ in 0..10 {
        poll(&mut waiters, &tasks[0]);
        poll(&mut waiters, &tasks[0]);
        event(&mut waiters);
    }
    assert!(waiters.more.is_none());
    assert_eq!(lock(&woken).len(), 10);
}

#[test]
fn tasks_that_poll_in_turn_are_kept_once_each() {
    let (tasks, woken) = tasks(3);
    let mut waiters = Waiters::default();
    for _ in 0..1000 {
        for task in &tasks {
            poll(&mut waiters, task);
        }
    }
    assert_eq!(displaced(&waiters), 2);
    assert!(lock(&woken).is_empty(), "nothing came that anybody waits for");
    event(&mut waiters);
    let mut woken: Vec<_> = lock(&woken).drain(..).collect();
    woken.sort_unstable();
    assert_eq!(woken, [0, 1, 2]);
}

#[test]
fn any_number_of_tasks_in_one_slot_comes_to_rest_and_is_woken_by_the_event() {
    for count in [17, 64, 65, 66, 500] {
        let (tasks, woken) = tasks(count);
        let mut waiters = Waiters::default();
        for task in &tasks {
            poll(&mut waiters, task);
        }
        // The limit was reached once for each of its steps, and at most everybody was woken then.
        let most = count * count.div_ceil(LIMIT_STEP);
        settle(&mut waiters, &woken, most, |number| tasks[number].clone());
        assert_eq!(displaced(&waiters), count - 1);
        for _ in 0..3 {
            event(&mut waiters);
            let mut all: Vec<_> = lock(&woken).iter().copied().collect();
            all.sort_unstable();
            assert!(all.into_iter().eq(0..count), "each is woken, and once");
            let polls = settle(&mut waiters, &woken, count, |number| tasks[number].clone());
            assert_eq!(polls, count, "the limit has been found");
        }
    }
}

#[test]
fn tasks_that_come_with_a_new_waker_at_each_poll_come_to_rest() {
    let woken = Woken::default();
    let mut waiters = Waiters::default();
    for number in 0..1000 {
        poll(&mut waiters, &waker(number, &woken));
    }
    let most = 1000 * 1000_usize.div_ceil(LIMIT_STEP);
    settle(&mut waiters, &woken, most, |number| waker(number, &woken));
    event(&mut waiters);
    let mut all: Vec<_> = lock(&woken).drain(..).collect();
    all.sort_unstable();
    all.dedup();
    assert!(all.into_iter().eq(0..1000), "nobody is lost");
}

#[test]
fn a_task_with_ever_new_wakers_does_not_fill_the_memory() {
    let woken = Woken::default();
    let mut waiters = Waiters::default();
    for _ in 0..100_000 {
        poll(&mut waiters, &waker(0, &woken));
        lock(&woken).clear();
    }
    // The k-th time takes k steps, so after n polls the limit is the root of twice n times the step, about.
    assert!(displaced(&waiters) < 4000, "{}", displaced(&waiters));
}

#[test]
fn who_leaves_the_slot_leaves_it_to_a_displaced_one() {
    let (tasks, woken) = tasks(3);
    let mut waiters = Waiters::default();
    for task in &tasks {
        poll(&mut waiters, task);
    }
    assert!(waiters.take_slot(Read).unwrap().will_wake(&tasks[2]));
    assert!(waiters.take_slot(Write).is_none());
    assert_eq!(displaced(&waiters), 1);
    // Whoever leaves and comes back is there once.
    poll(&mut waiters, &tasks[0]);
    assert_eq!(displaced(&waiters), 1);
    event(&mut waiters);
    let mut woken: Vec<_> = lock(&woken).drain(..).collect();
    woken.sort_unstable();
    assert_eq!(woken, [0, 1]);
}
