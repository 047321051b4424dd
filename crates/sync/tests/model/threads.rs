//! Random programs of four threads at one lender.
//!
//! Whatever the order: never more is out than there is, and all is back at the end. Of short programs the history must
//! be one that one thread could have made at the model, which tells who overtook whom. Each program ends: a thread
//! has one grant at a time, waits for nothing while it has it, and gives all of it back.

use std::future::Future;
use std::pin::Pin;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;

use asyncio_sync::{BoundedSemaphore, Lock, Semaphore};
use futures_lite::future::{block_on, poll_fn};
use proptest::prelude::*;

use super::history::{self, Record, Recorder};
use super::lends::Lends;
use super::line::{Call, Line, Reply};
use super::{run, times};

#[derive(Debug, Clone, Copy)]
enum Step {
    /// Polls so often by another waker, then waits for so many, and has them for so long.
    Acquire(usize, usize, usize),
    /// Polls up to so many times, then drops the wait.
    GiveUp(usize, usize),
    Try(usize, usize),
    /// Tries to get some, forgets them, and adds as many.
    Forget(usize),
    /// Takes up to so many away, and adds as many.
    Borrow(usize),
    Look,
}

const THREADS: usize = 4;

fn step(most: usize) -> impl Strategy<Value = Step> {
    let (want, time) = (1..=most, 0..3usize);
    prop_oneof![
        5 => (0..3usize, want.clone(), time.clone())
            .prop_map(|(polls, want, time)| Step::Acquire(polls, want, time)),
        4 => (want.clone(), 1..3usize).prop_map(|(want, polls)| Step::GiveUp(want, polls)),
        2 => (want.clone(), time).prop_map(|(want, time)| Step::Try(want, time)),
        1 => want.clone().prop_map(Step::Forget),
        1 => want.prop_map(Step::Borrow),
        1 => Just(Step::Look),
    ]
}

fn rest(time: usize) {
    for _ in 0..time {
        thread::yield_now();
    }
}

/// One of the threads.
struct Doer<'a, L> {
    lender: &'a L,
    count: usize,
    /// How many permits are with somebody.
    out: &'a AtomicUsize,
    recorder: Option<Recorder<'a, (Call, Reply)>>,
    /// The number of its next wait.
    next: usize,
}

impl<'a, L: Lends> Doer<'a, L> {
    fn call<R>(&mut self, call: Call, act: impl FnOnce() -> R, reply: impl FnOnce(&R) -> Reply) -> R {
        let Some(recorder) = &mut self.recorder else {
            return act();
        };
        recorder.record(|| {
            let result = act();
            ((call, reply(&result)), result)
        })
    }

    fn poll<F: Future>(&mut self, want: usize, wait: Pin<&mut F>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let call = Call::Poll(self.next, want);
        self.call(call, || wait.poll(cx), |got| Reply::Is(got.is_ready()))
    }

    /// Polls so often, or till it is ready, by a waker that does nothing.
    fn poll_often<F: Future>(
        &mut self,
        polls: usize,
        want: usize,
        mut wait: Pin<&mut F>,
    ) -> Option<F::Output> {
        for _ in 0..polls {
            let cx = &mut Context::from_waker(Waker::noop());
            if let Poll::Ready(output) = self.poll(want, wait.as_mut(), cx) {
                return Some(output);
            }
            rest(1);
        }
        None
    }

    fn went_out(&self, want: usize) {
        let out = self.out.fetch_add(want, Ordering::SeqCst) + want;
        assert!(out <= self.count, "{out} permits of {} are out", self.count);
    }

    fn give_back(&mut self, want: usize, grant: L::Grant<'a>) {
        self.out.fetch_sub(want, Ordering::SeqCst);
        self.call(Call::Give(want), || drop(grant), |()| Reply::Nothing);
    }

    fn add(&mut self, count: usize) {
        let lender = self.lender;
        for _ in 0..count {
            self.out.fetch_sub(1, Ordering::SeqCst);
            let added = self.call(Call::Give(1), || lender.add_one(), |_| Reply::Nothing);
            assert!(added, "what was forgotten can be added");
        }
    }

    fn step(&mut self, step: Step) {
        let lender = self.lender;
        match step {
            Step::Acquire(polls, want, time) => {
                let mut wait = Box::pin(lender.wait(want));
                let grant = match self.poll_often(polls, want, wait.as_mut()) {
                    Some(grant) => grant,
                    None => block_on(poll_fn(|cx| self.poll(want, wait.as_mut(), cx))),
                };
                self.next += 1;
                self.went_out(want);
                rest(time);
                self.give_back(want, grant);
            }
            Step::GiveUp(want, polls) => {
                let mut wait = Box::pin(lender.wait(want));
                if let Some(grant) = self.poll_often(polls, want, wait.as_mut()) {
                    self.went_out(want);
                    self.give_back(want, grant);
                } else {
                    self.call(Call::Drop(self.next), || drop(wait), |()| Reply::Nothing);
                }
                self.next += 1;
            }
            Step::Try(want, time) => {
                if let Some(grant) = self.try_take(want) {
                    rest(time);
                    self.give_back(want, grant);
                }
            }
            Step::Forget(want) => {
                if let Some(grant) = self.try_take(want) {
                    L::forget(grant);
                    self.add(want);
                }
            }
            Step::Borrow(_) if !L::GROWS => {}
            Step::Borrow(want) => {
                let take = Call::TakeUpTo(want);
                let taken = self.call(
                    take,
                    || lender.take_up_to(want),
                    |taken| match taken {
                        Some(taken) => Reply::Count(*taken),
                        None => Reply::Nothing,
                    },
                );
                self.went_out(taken.unwrap_or(0));
                self.add(taken.unwrap_or(0));
            }
            Step::Look => {
                self.call(Call::Locked, || lender.locked(), |locked| Reply::Is(*locked));
                if lender.available().is_some() {
                    let available = |count: &Option<usize>| Reply::Count(count.unwrap_or(0));
                    self.call(Call::Available, || lender.available(), available);
                }
            }
        }
    }

    fn try_take(&mut self, want: usize) -> Option<L::Grant<'a>> {
        let lender = self.lender;
        let grant = self.call(
            Call::Try(want),
            || lender.try_take(want),
            |got| Reply::Is(got.is_some()),
        );
        if grant.is_some() {
            self.went_out(want);
        }
        grant
    }
}

fn together<L: Lends>(count: usize, programs: &[Vec<Step>], recorded: bool) {
    let lender = L::with(count);
    let out = AtomicUsize::new(0);
    let clock = AtomicU64::new(0);
    let start = Barrier::new(programs.len());
    let records: Vec<Record<_>> = thread::scope(|scope| {
        let mut doers = Vec::new();
        for (number, program) in programs.iter().enumerate() {
            let mut doer = Doer {
                lender: &lender,
                count,
                out: &out,
                recorder: recorded.then(|| Recorder::new(&clock)),
                next: number * 1_000,
            };
            let start = &start;
            doers.push(scope.spawn(move || {
                start.wait();
                for &step in program {
                    doer.step(step);
                }
                doer.recorder.map(Recorder::into_records).unwrap_or_default()
            }));
        }
        doers
            .into_iter()
            .flat_map(|doer| doer.join().expect("no thread panics"))
            .collect()
    });
    assert_eq!(out.load(Ordering::SeqCst), 0);
    assert!(!lender.locked(), "all is back");
    assert_eq!(lender.available().unwrap_or(count), count, "all is back");
    assert!(lender.try_take(count).is_some(), "all can be had");
    history::check(&Line::new(count), records);
}

fn programs(most: usize, steps: usize) -> impl Strategy<Value = (usize, Vec<Vec<Step>>)> {
    (1..=most).prop_flat_map(move |count| {
        let program = prop::collection::vec(step(count), 1..=steps);
        (Just(count), prop::collection::vec(program, THREADS))
    })
}

fn histories<L: Lends>(most: usize) {
    run(times(800), 0, programs(most, 3), |(count, programs)| {
        together::<L>(count, &programs, true);
    });
}

fn invariants<L: Lends>(most: usize) {
    run(times(60), 0, programs(most, 120), |(count, programs)| {
        together::<L>(count, &programs, false);
    });
}

#[test]
fn what_threads_see_of_a_lock_one_thread_could_see() {
    histories::<Lock>(1);
}

#[test]
fn what_threads_see_of_a_semaphore_one_thread_could_see() {
    histories::<Semaphore>(3);
}

#[test]
fn what_threads_see_of_a_bounded_semaphore_one_thread_could_see() {
    histories::<BoundedSemaphore>(3);
}

#[test]
fn a_lock_is_had_by_one_thread_and_comes_back() {
    invariants::<Lock>(1);
}

#[test]
fn permits_of_a_semaphore_are_as_many_as_there_are_and_come_back() {
    invariants::<Semaphore>(3);
}

#[test]
fn permits_of_a_bounded_semaphore_are_as_many_as_there_are_and_come_back() {
    invariants::<BoundedSemaphore>(3);
}
