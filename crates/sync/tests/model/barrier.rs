//! `Barrier` beside its model: random programs of one thread, and of four, which leave a history.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::AtomicU64;
use std::task::{Context, Poll, Waker};
use std::thread;

use asyncio_sync::{Barrier, BarrierWait};
use proptest::prelude::*;

use super::history::{self, Record, Recorder};
use super::parties::{Call, Id, Model, Reply};
use super::wakes::Hand;
use super::{run, times};

/// What is done, mostly to one of a few places for a wait.
#[derive(Debug, Clone, Copy)]
enum Step {
    Make(usize),
    Poll(usize, usize),
    Drop(usize),
    Reset,
    Abort,
    Look,
}

fn step(places: usize) -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => (0..places).prop_map(Step::Make),
        12 => (0..places, 0..2usize).prop_map(|(place, by)| Step::Poll(place, by)),
        4 => (0..places).prop_map(Step::Drop),
        2 => Just(Step::Reset),
        1 => Just(Step::Abort),
        2 => Just(Step::Look),
    ]
}

const PLACES: usize = 6;

/// The barrier, beside the model.
struct Beside<'a> {
    barrier: &'a Barrier,
    model: Model,
    places: Vec<Option<(Id, Hand<BarrierWait<'a>>)>>,
    made: usize,
}

impl Beside<'_> {
    fn model(&mut self, call: Call) -> Reply {
        let (reply, sent) = self.model.call(call);
        for (id, hand) in self.places.iter_mut().flatten() {
            if sent.contains(id) {
                hand.is_woken();
            }
        }
        reply
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Make(at) | Step::Poll(at, _) if self.places[at].is_none() => {
                self.made += 1;
                self.places[at] = Some((self.made, Hand::new(self.barrier.wait())));
            }
            _ => {}
        }
        match step {
            Step::Make(_) | Step::Look => {}
            Step::Poll(at, by) => {
                if let Some((id, mut hand)) = self.places[at].take() {
                    let got = hand.poll(by);
                    let reply = self.model(Call::Poll(id));
                    assert_eq!(
                        got.map_or(Reply::Pending, |got| Reply::Passed(got.ok())),
                        reply,
                        "wait"
                    );
                    if got.is_some() {
                        hand.cancel()();
                    } else {
                        hand.waits(by);
                        self.places[at] = Some((id, hand));
                    }
                }
            }
            Step::Drop(at) => {
                if let Some((id, hand)) = self.places[at].take() {
                    let check = hand.cancel();
                    self.model(Call::Drop(id));
                    check();
                }
            }
            Step::Reset => {
                self.barrier.reset();
                self.model(Call::Reset);
            }
            Step::Abort => {
                self.barrier.abort();
                self.model(Call::Abort);
            }
        }
        let waiting = Reply::Count(self.barrier.n_waiting());
        assert_eq!(waiting, self.model(Call::Waiting), "n_waiting");
        assert_eq!(
            Reply::Is(self.barrier.broken()),
            self.model(Call::Broken),
            "broken"
        );
        for (_, hand) in self.places.iter().flatten() {
            hand.check();
        }
    }
}

#[test]
fn a_barrier_does_what_the_model_does() {
    let program = (1..5usize, prop::collection::vec(step(PLACES), 1..60));
    run(times(600), 1_000, program, |(parties, steps)| {
        let barrier = Barrier::new(parties);
        let mut beside = Beside {
            barrier: &barrier,
            model: Model::new(parties),
            places: (0..PLACES).map(|_| None).collect(),
            made: 0,
        };
        for step in steps {
            beside.step(step);
        }
        for at in [3, 0, 4, 1, 5, 2] {
            beside.step(Step::Drop(at));
        }
    });
}

const THREADS: usize = 4;

/// What one thread does by hand, with two places for waits; it drops them in the end.
fn by_hand<'a>(
    barrier: &'a Barrier,
    number: usize,
    steps: &[Step],
    recorder: &mut Recorder<'a, (Call, Reply)>,
) {
    let mut places: [Option<(Id, Pin<Box<BarrierWait<'a>>>)>; 2] = [None, None];
    let mut next = number * 1_000;
    for &step in steps.iter().chain(&[Step::Drop(0), Step::Drop(1)]) {
        match step {
            Step::Make(_) => thread::yield_now(),
            Step::Poll(at, _) => {
                let (id, mut wait) = places[at].take().unwrap_or_else(|| {
                    next += 1;
                    (next, Box::pin(barrier.wait()))
                });
                let pending = recorder.record(|| {
                    let polled = wait.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                    let reply = match polled {
                        Poll::Ready(result) => Reply::Passed(result.ok()),
                        Poll::Pending => Reply::Pending,
                    };
                    ((Call::Poll(id), reply), polled.is_pending())
                });
                if pending {
                    places[at] = Some((id, wait));
                }
            }
            Step::Drop(at) => {
                if let Some((id, wait)) = places[at].take() {
                    recorder.record(|| ((Call::Drop(id), Reply::Nothing), drop(wait)));
                }
            }
            Step::Reset => recorder.record(|| ((Call::Reset, Reply::Nothing), barrier.reset())),
            Step::Abort => recorder.record(|| ((Call::Abort, Reply::Nothing), barrier.abort())),
            Step::Look => {
                recorder.record(|| ((Call::Waiting, Reply::Count(barrier.n_waiting())), ()));
                recorder.record(|| ((Call::Broken, Reply::Is(barrier.broken())), ()));
            }
        }
    }
}

#[test]
fn what_threads_see_of_a_barrier_one_thread_could_see() {
    let steps = prop::collection::vec(step(2), 1..7);
    let programs = (1..5usize, prop::collection::vec(steps, THREADS));
    run(times(600), 0, programs, |(parties, programs)| {
        let barrier = Barrier::new(parties);
        let clock = AtomicU64::new(0);
        let start = std::sync::Barrier::new(THREADS);
        let records: Vec<Record<_>> = thread::scope(|scope| {
            let doers: Vec<_> = (programs.iter().enumerate())
                .map(|(number, program)| {
                    let (barrier, start, mut recorder) = (&barrier, &start, Recorder::new(&clock));
                    scope.spawn(move || {
                        start.wait();
                        by_hand(barrier, number, program, &mut recorder);
                        recorder.into_records()
                    })
                })
                .collect();
            doers
                .into_iter()
                .flat_map(|doer| doer.join().expect("no thread panics"))
                .collect()
        });
        assert_eq!(barrier.n_waiting(), 0, "who gave up is not counted");
        history::check(&Model::new(parties), records);
    });
}
