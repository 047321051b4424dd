//! Random programs of four threads at one queue, each of which polls and drops its waits by hand: the history must be
//! one that one thread could have made at the model.

use std::future::Future;
use std::pin::Pin;
use std::sync::Barrier;
use std::sync::atomic::AtomicU64;
use std::task::{Context, Poll, Waker};
use std::thread;

use asyncio_queue::{
    Get, GetError, Join, LifoQueue, PriorityQueue, Put, PutError, Queue, QueueStorage, Reserve, Slot,
};
use proptest::prelude::*;

use super::history::{self, Record, Recorder};
use super::line::{Call, Id, Line, Order, Reply};
use super::{Kind, kind, run, times};

#[derive(Debug, Clone, Copy)]
enum Step {
    /// Polls the wait at that place, or a new one.
    Poll(usize, Kind),
    Drop(usize),
    UseSlot(usize),
    GetNowait,
    PutNowait,
    TaskDone,
    Shutdown,
    ShutdownImmediate,
    Look,
    Yield,
}

const PLACES: usize = 2;
const THREADS: usize = 4;

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        40 => (0..PLACES, kind()).prop_map(|(place, kind)| Step::Poll(place, kind)),
        10 => (0..PLACES).prop_map(Step::Drop),
        6 => (0..PLACES).prop_map(Step::UseSlot),
        6 => Just(Step::GetNowait),
        8 => Just(Step::PutNowait),
        3 => Just(Step::TaskDone),
        1 => Just(Step::Shutdown),
        1 => Just(Step::ShutdownImmediate),
        4 => Just(Step::Look),
        4 => Just(Step::Yield),
    ]
}

enum Place<'a, S: QueueStorage<u32>> {
    Empty,
    Get(Id, Pin<Box<Get<'a, u32, S>>>),
    Put(Id, u32, Pin<Box<Put<'a, u32, S>>>),
    Reserve(Id, Pin<Box<Reserve<'a, u32, S>>>),
    Join(Id, Pin<Box<Join<'a, u32, S>>>),
    Slot(Slot<'a, u32, S>),
}

struct Doer<'a, S: QueueStorage<u32>> {
    queue: &'a Queue<u32, S>,
    recorder: Recorder<'a, (Call, Reply)>,
    places: [Place<'a, S>; PLACES],
    /// The number of its last wait, and its last item; no other thread has them.
    last: u32,
}

impl<'a, S: QueueStorage<u32>> Doer<'a, S> {
    fn next(&mut self) -> u32 {
        self.last += 1;
        self.last
    }

    fn call(&mut self, call: Call, act: impl FnOnce() -> Reply) {
        self.recorder.record(|| ((call, act()), ()));
    }

    fn poll<F: Future>(
        &mut self,
        call: Call,
        wait: Pin<&mut F>,
        reply: impl FnOnce(&F::Output) -> Reply,
    ) -> Option<F::Output> {
        self.recorder
            .record(|| match wait.poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(output) => ((call, reply(&output)), Some(output)),
                Poll::Pending => ((call, Reply::Pending), None),
            })
    }

    fn step(&mut self, step: Step) {
        let queue = self.queue;
        match step {
            Step::Poll(at, kind) => {
                let place = match std::mem::replace(&mut self.places[at], Place::Empty) {
                    Place::Empty => self.wait(kind),
                    place => place,
                };
                self.places[at] = self.poll_place(place);
            }
            Step::Drop(at) => match std::mem::replace(&mut self.places[at], Place::Empty) {
                Place::Empty => {}
                Place::Get(id, wait) => self.drop(Call::Drop(id), wait),
                Place::Put(id, _, wait) => self.drop(Call::Drop(id), wait),
                Place::Reserve(id, wait) => self.drop(Call::Drop(id), wait),
                Place::Join(id, wait) => self.drop(Call::Drop(id), wait),
                Place::Slot(slot) => self.drop(Call::DropSlot, slot),
            },
            Step::UseSlot(at) => match std::mem::replace(&mut self.places[at], Place::Empty) {
                Place::Slot(slot) => {
                    let item = self.next();
                    self.call(Call::UseSlot(item), || {
                        slot.put(item);
                        Reply::Done
                    });
                }
                place => self.places[at] = place,
            },
            Step::GetNowait => self.call(Call::GetNowait, || match queue.get_nowait() {
                Ok(item) => Reply::Got(item),
                Err(GetError::Empty(_)) => Reply::Empty,
                Err(GetError::ShutDown(_)) => Reply::ShutDown,
            }),
            Step::PutNowait => {
                let item = self.next();
                self.call(Call::PutNowait(item), || match queue.put_nowait(item) {
                    Ok(()) => Reply::Done,
                    Err(PutError::Full(_)) => Reply::Full,
                    Err(PutError::ShutDown(_)) => Reply::ShutDown,
                });
            }
            Step::TaskDone => self.call(Call::TaskDone, || {
                queue.task_done().map_or(Reply::TooOften, |()| Reply::Done)
            }),
            Step::Shutdown => self.call(Call::Shutdown, || {
                queue.shutdown();
                Reply::Done
            }),
            Step::ShutdownImmediate => {
                let throw_out = || Reply::ThrownOut(queue.shutdown_immediate());
                self.call(Call::ShutdownImmediate, throw_out);
            }
            Step::Look => {
                self.call(Call::Size, || Reply::Count(queue.qsize()));
                self.call(Call::Full, || Reply::Is(queue.full()));
                self.call(Call::Unfinished, || Reply::Count(queue.unfinished()));
            }
            Step::Yield => thread::yield_now(),
        }
    }

    fn drop<W>(&mut self, call: Call, what: W) {
        self.call(call, || {
            drop(what);
            Reply::Done
        });
    }

    fn wait(&mut self, kind: Kind) -> Place<'a, S> {
        let (queue, number) = (self.queue, self.next());
        let id = number as Id;
        match kind {
            Kind::Get => Place::Get(id, Box::pin(queue.get())),
            Kind::Put => Place::Put(id, number, Box::pin(queue.put(number))),
            Kind::Reserve => Place::Reserve(id, Box::pin(queue.reserve())),
            Kind::Join => Place::Join(id, Box::pin(queue.join())),
        }
    }

    fn poll_place(&mut self, place: Place<'a, S>) -> Place<'a, S> {
        match place {
            Place::Get(id, mut wait) => {
                let got = self.poll(Call::Get(id), wait.as_mut(), |got| {
                    got.map_or(Reply::ShutDown, Reply::Got)
                });
                got.map_or(Place::Get(id, wait), |_| Place::Empty)
            }
            Place::Put(id, item, mut wait) => {
                let put = self.poll(Call::Put(id, item), wait.as_mut(), |put| done(put.is_ok()));
                put.map_or(Place::Put(id, item, wait), |_| Place::Empty)
            }
            Place::Reserve(id, mut wait) => {
                match self.poll(Call::Reserve(id), wait.as_mut(), |got| done(got.is_ok())) {
                    None => Place::Reserve(id, wait),
                    Some(got) => got.map_or(Place::Empty, Place::Slot),
                }
            }
            Place::Join(id, mut wait) => {
                let joined = self.poll(Call::Join(id), wait.as_mut(), |()| Reply::Done);
                joined.map_or(Place::Join(id, wait), |()| Place::Empty)
            }
            other => other,
        }
    }
}

fn done(done: bool) -> Reply {
    if done { Reply::Done } else { Reply::ShutDown }
}

fn together<S>(queue: &Queue<u32, S>, order: Order, maxsize: Option<usize>, programs: &[Vec<Step>])
where
    S: QueueStorage<u32> + Send,
{
    let clock = AtomicU64::new(0);
    let start = Barrier::new(programs.len());
    let records: Vec<Record<_>> = thread::scope(|scope| {
        let mut doers = Vec::new();
        for (number, program) in (0..).zip(programs) {
            let (start, recorder) = (&start, Recorder::new(&clock));
            doers.push(scope.spawn(move || {
                let mut doer = Doer {
                    queue,
                    recorder,
                    places: [Place::Empty, Place::Empty],
                    last: number * 1_000,
                };
                start.wait();
                for &step in program {
                    doer.step(step);
                }
                for at in 0..PLACES {
                    doer.step(Step::Drop(at));
                }
                doer.recorder.into_records()
            }));
        }
        let doers = doers.into_iter();
        doers
            .flat_map(|doer| doer.join().expect("no thread panics"))
            .collect()
    });
    history::check(&Line::new(order, maxsize), records);
    // All promises have been kept, or given up.
    let (left, size, unfinished) = (queue.maxsize(), queue.qsize(), queue.unfinished());
    assert_eq!(
        queue.full(),
        left == Some(size),
        "no place is promised or reserved"
    );
    let thrown_out = queue.shutdown_immediate().len();
    assert_eq!(thrown_out, size, "no item is promised");
    assert_eq!(queue.unfinished(), unfinished.saturating_sub(size));
}

fn histories(check: impl Fn(Option<usize>, &[Vec<Step>])) {
    let program = prop::collection::vec(step(), 1..8);
    let programs = (
        prop::option::weighted(0.8, 1..3usize),
        prop::collection::vec(program, THREADS),
    );
    run(times(700), 0, programs, |(maxsize, programs)| {
        check(maxsize, &programs)
    });
}

#[test]
fn what_threads_see_of_a_queue_one_thread_could_see() {
    histories(|maxsize, programs| {
        let queue = maxsize.map_or_else(Queue::new, Queue::bounded);
        together(&queue, Order::Oldest, maxsize, programs);
    });
}

#[test]
fn what_threads_see_of_a_lifo_queue_one_thread_could_see() {
    histories(|maxsize, programs| {
        let queue = maxsize.map_or_else(LifoQueue::new, LifoQueue::bounded);
        together(&queue, Order::Newest, maxsize, programs);
    });
}

#[test]
fn what_threads_see_of_a_priority_queue_one_thread_could_see() {
    histories(|maxsize, programs| {
        let queue = maxsize.map_or_else(PriorityQueue::new, PriorityQueue::bounded);
        together(&queue, Order::Smallest, maxsize, programs);
    });
}
