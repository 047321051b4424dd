//! Random programs of one thread, which polls and drops waits by hand, beside the model: after each step all answers,
//! all wakes, and all wakers that are kept must be the model's.

use asyncio_sync::{BoundedSemaphore, Lock, Semaphore};
use proptest::prelude::*;

use super::lends::Lends;
use super::line::{Call, Id, Line, Reply};
use super::wakes::Hand;
use super::{run, times};

/// What is done, mostly to one of a few places, each of which has a wait or a grant or neither.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// Makes a wait, and does not poll it.
    Make(usize, usize),
    /// Polls the wait there by one of its wakers, or a new one.
    Poll(usize, usize, usize),
    Try(usize, usize),
    /// Drops what is there.
    Drop(usize),
    Forget(usize),
    AddOne,
    TakeUpTo(usize),
}

const PLACES: usize = 5;

fn step(most: usize) -> impl Strategy<Value = Step> {
    let (place, want) = (0..PLACES, 1..=most);
    prop_oneof![
        1 => (place.clone(), want.clone()).prop_map(|(place, want)| Step::Make(place, want)),
        8 => (place.clone(), want.clone(), 0..2usize).prop_map(|(place, want, by)| Step::Poll(place, want, by)),
        2 => (place.clone(), want.clone()).prop_map(|(place, want)| Step::Try(place, want)),
        5 => place.clone().prop_map(Step::Drop),
        1 => place.prop_map(Step::Forget),
        1 => Just(Step::AddOne),
        1 => want.prop_map(Step::TakeUpTo),
    ]
}

enum Place<'a, L: Lends + 'a> {
    Empty,
    Wait(Id, usize, Hand<L::Wait<'a>>),
    Grant(usize, L::Grant<'a>),
}

struct Beside<'a, L: Lends> {
    lender: &'a L,
    model: Line,
    places: Vec<Place<'a, L>>,
    made: usize,
    forgotten: usize,
}

impl<'a, L: Lends> Beside<'a, L> {
    fn wait(&mut self, want: usize) -> Place<'a, L> {
        self.made += 1;
        Place::Wait(self.made, want, Hand::new(self.lender.wait(want)))
    }

    /// The model does it; those whose turn it is now must be woken.
    fn model(&mut self, call: Call) -> Reply {
        let (reply, turns) = self.model.call(call);
        for place in &mut self.places {
            match place {
                Place::Wait(id, _, hand) if turns.contains(id) => hand.is_woken(),
                _ => {}
            }
        }
        reply
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Make(at, want) => {
                if let Place::Empty = self.places[at] {
                    self.places[at] = self.wait(want);
                }
            }
            Step::Poll(at, want, by) => match std::mem::replace(&mut self.places[at], Place::Empty) {
                Place::Empty => {
                    let wait = self.wait(want);
                    self.poll(at, wait, by);
                }
                place => self.poll(at, place, by),
            },
            Step::Try(at, want) => {
                let got = self.lender.try_take(want);
                assert_eq!(
                    Reply::Is(got.is_some()),
                    self.model(Call::Try(want)),
                    "try_acquire"
                );
                match got {
                    Some(grant) if matches!(self.places[at], Place::Empty) => {
                        self.places[at] = Place::Grant(want, grant);
                    }
                    Some(grant) => self.give_back(want, grant),
                    None => {}
                }
            }
            Step::Drop(at) => match std::mem::replace(&mut self.places[at], Place::Empty) {
                Place::Empty => {}
                Place::Wait(id, _, hand) => {
                    let check = hand.cancel();
                    self.model(Call::Drop(id));
                    check();
                }
                Place::Grant(count, grant) => self.give_back(count, grant),
            },
            Step::Forget(at) => {
                if let Place::Grant(..) = self.places[at] {
                    if let Place::Grant(count, grant) = std::mem::replace(&mut self.places[at], Place::Empty)
                    {
                        L::forget(grant);
                        self.forgotten += count;
                    }
                }
            }
            Step::AddOne => {
                let added = self.lender.add_one();
                assert_eq!(added, L::GROWS || self.forgotten > 0, "release");
                if added {
                    self.forgotten = self.forgotten.saturating_sub(1);
                    self.model(Call::Give(1));
                }
            }
            Step::TakeUpTo(count) => {
                if let Some(taken) = self.lender.take_up_to(count) {
                    assert_eq!(
                        Reply::Count(taken),
                        self.model(Call::TakeUpTo(count)),
                        "forget_permits"
                    );
                }
            }
        }
    }

    fn poll(&mut self, at: usize, place: Place<'a, L>, by: usize) {
        self.places[at] = match place {
            Place::Wait(id, want, mut hand) => {
                let got = hand.poll(by);
                assert_eq!(
                    Reply::Is(got.is_some()),
                    self.model(Call::Poll(id, want)),
                    "acquire"
                );
                match got {
                    Some(grant) => {
                        // What has ended takes nothing with it.
                        hand.cancel()();
                        Place::Grant(want, grant)
                    }
                    None => {
                        hand.waits(by);
                        Place::Wait(id, want, hand)
                    }
                }
            }
            other => other,
        };
    }

    fn give_back(&mut self, count: usize, grant: L::Grant<'a>) {
        drop(grant);
        self.model(Call::Give(count));
    }

    fn check(&mut self) {
        assert_eq!(
            Reply::Is(self.lender.locked()),
            self.model(Call::Locked),
            "locked"
        );
        if let Some(available) = self.lender.available() {
            assert_eq!(
                Reply::Count(available),
                self.model(Call::Available),
                "available_permits"
            );
        }
        for place in &self.places {
            if let Place::Wait(_, _, hand) = place {
                hand.check();
            }
        }
    }
}

fn alone<L: Lends>(count: usize, steps: &[Step]) {
    let lender = L::with(count);
    let mut beside = Beside {
        lender: &lender,
        model: Line::new(count),
        places: (0..PLACES).map(|_| Place::Empty).collect(),
        made: 0,
        forgotten: 0,
    };
    for &step in steps {
        beside.step(step);
        beside.check();
    }
    // All that is left goes, in whatever order.
    for at in [3, 0, 4, 1, 2] {
        beside.step(Step::Drop(at));
        beside.check();
    }
}

fn programs<L: Lends>(most: usize) {
    let program = (1..=most).prop_flat_map(|count| (Just(count), prop::collection::vec(step(count), 1..60)));
    run(times(600), 1_000, program, |(count, steps)| {
        alone::<L>(count, &steps)
    });
}

#[test]
fn a_lock_does_what_the_model_does() {
    programs::<Lock>(1);
}

#[test]
fn a_semaphore_does_what_the_model_does() {
    programs::<Semaphore>(4);
}

#[test]
fn a_bounded_semaphore_does_what_the_model_does() {
    programs::<BoundedSemaphore>(4);
}
