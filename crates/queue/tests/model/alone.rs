//! Random programs of one thread, which polls and drops waits by hand, beside the model: after each step all answers,
//! all wakes, and all wakers that are kept must be the model's.

use asyncio_queue::{
    Get, GetError, Join, LifoQueue, PriorityQueue, Put, PutError, Queue, QueueStorage, Reserve, Slot,
};
use proptest::prelude::*;

use super::line::{Call, Id, Line, Order, Reply};
use super::wakes::Hand;
use super::{Kind, kind, run, times};

/// What is done, mostly to one of a few places, each of which has a wait or a slot or neither.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// Makes a wait, and does not poll it.
    Make(usize, Kind),
    /// Polls the wait there by one of its wakers, or a new one.
    Poll(usize, Kind, usize),
    /// Drops what is there.
    Drop(usize),
    UseSlot(usize),
    GetNowait,
    PutNowait,
    TaskDone,
    Shutdown,
    ShutdownImmediate,
}

const PLACES: usize = 6;

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..PLACES, kind()).prop_map(|(place, kind)| Step::Make(place, kind)),
        40 => (0..PLACES, kind(), 0..2usize).prop_map(|(place, kind, by)| Step::Poll(place, kind, by)),
        16 => (0..PLACES).prop_map(Step::Drop),
        8 => (0..PLACES).prop_map(Step::UseSlot),
        6 => Just(Step::GetNowait),
        6 => Just(Step::PutNowait),
        8 => Just(Step::TaskDone),
        1 => Just(Step::Shutdown),
        1 => Just(Step::ShutdownImmediate),
    ]
}

enum Place<'a, S: QueueStorage<u32>> {
    Empty,
    Get(Id, Hand<Get<'a, u32, S>>),
    Put(Id, u32, Hand<Put<'a, u32, S>>),
    Reserve(Id, Hand<Reserve<'a, u32, S>>),
    Join(Id, Hand<Join<'a, u32, S>>),
    Slot(Slot<'a, u32, S>),
}

struct Beside<'a, S: QueueStorage<u32>> {
    queue: &'a Queue<u32, S>,
    model: Line,
    places: Vec<Place<'a, S>>,
    made: usize,
    items: u32,
}

impl<'a, S: QueueStorage<u32>> Beside<'a, S> {
    /// Each is another, and they are in no order.
    fn item(&mut self) -> u32 {
        self.items += 1;
        self.items * 37 % 1_009
    }

    fn wait(&mut self, kind: Kind) -> Place<'a, S> {
        self.made += 1;
        let (queue, id) = (self.queue, self.made);
        match kind {
            Kind::Get => Place::Get(id, Hand::new(queue.get())),
            Kind::Put => {
                let item = self.item();
                Place::Put(id, item, Hand::new(queue.put(item)))
            }
            Kind::Reserve => Place::Reserve(id, Hand::new(queue.reserve())),
            Kind::Join => Place::Join(id, Hand::new(queue.join())),
        }
    }

    fn take(&mut self, at: usize) -> Place<'a, S> {
        std::mem::replace(&mut self.places[at], Place::Empty)
    }

    /// The model does it; those who need not wait any longer must be woken.
    fn model(&mut self, call: Call) -> Reply {
        let (reply, told) = self.model.call(call);
        for place in &mut self.places {
            match place {
                Place::Get(id, hand) if told.contains(id) => hand.is_woken(),
                Place::Put(id, _, hand) if told.contains(id) => hand.is_woken(),
                Place::Reserve(id, hand) if told.contains(id) => hand.is_woken(),
                Place::Join(id, hand) if told.contains(id) => hand.is_woken(),
                _ => {}
            }
        }
        reply
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Make(at, kind) => {
                if let Place::Empty = self.places[at] {
                    self.places[at] = self.wait(kind);
                }
            }
            Step::Poll(at, kind, by) => {
                let place = match self.take(at) {
                    Place::Empty => self.wait(kind),
                    place => place,
                };
                self.places[at] = self.poll(place, by);
            }
            Step::Drop(at) => self.drop(at),
            Step::UseSlot(at) => {
                if let Place::Slot(_) = self.places[at] {
                    if let Place::Slot(slot) = self.take(at) {
                        let item = self.item();
                        slot.put(item);
                        self.model(Call::UseSlot(item));
                    }
                }
            }
            Step::GetNowait => {
                let reply = match self.queue.get_nowait() {
                    Ok(item) => Reply::Got(item),
                    Err(GetError::Empty(_)) => Reply::Empty,
                    Err(GetError::ShutDown(_)) => Reply::ShutDown,
                };
                assert_eq!(reply, self.model(Call::GetNowait), "get_nowait");
            }
            Step::PutNowait => {
                let item = self.item();
                let reply = match self.queue.put_nowait(item) {
                    Ok(()) => Reply::Done,
                    Err(PutError::Full(error)) => {
                        assert_eq!(error.0, item, "it is given back");
                        Reply::Full
                    }
                    Err(PutError::ShutDown(error)) => {
                        assert_eq!(error.0, item, "it is given back");
                        Reply::ShutDown
                    }
                };
                assert_eq!(reply, self.model(Call::PutNowait(item)), "put_nowait");
            }
            Step::TaskDone => {
                let reply = self.queue.task_done().map_or(Reply::TooOften, |()| Reply::Done);
                assert_eq!(reply, self.model(Call::TaskDone), "task_done");
            }
            Step::Shutdown => {
                self.queue.shutdown();
                self.model(Call::Shutdown);
            }
            Step::ShutdownImmediate => {
                let reply = Reply::ThrownOut(self.queue.shutdown_immediate());
                assert_eq!(reply, self.model(Call::ShutdownImmediate), "shutdown_immediate");
            }
        }
    }

    fn poll(&mut self, place: Place<'a, S>, by: usize) -> Place<'a, S> {
        match place {
            Place::Get(id, mut hand) => {
                let got = hand.poll(by);
                let reply = got.map_or(Reply::Pending, |got| got.map_or(Reply::ShutDown, Reply::Got));
                assert_eq!(reply, self.model(Call::Get(id)), "get");
                ended(hand, by, got.is_some()).map_or(Place::Empty, |hand| Place::Get(id, hand))
            }
            Place::Put(id, item, mut hand) => {
                let put = hand.poll(by);
                if let Some(Err(error)) = put {
                    assert_eq!(error.0, item, "it is given back");
                }
                let reply = put.map_or(Reply::Pending, |put| {
                    put.map_or(Reply::ShutDown, |()| Reply::Done)
                });
                assert_eq!(reply, self.model(Call::Put(id, item)), "put");
                ended(hand, by, put.is_some()).map_or(Place::Empty, |hand| Place::Put(id, item, hand))
            }
            Place::Reserve(id, mut hand) => {
                let got = hand.poll(by);
                let reply = match &got {
                    None => Reply::Pending,
                    Some(Ok(_)) => Reply::Done,
                    Some(Err(_)) => Reply::ShutDown,
                };
                assert_eq!(reply, self.model(Call::Reserve(id)), "reserve");
                match (ended(hand, by, got.is_some()), got) {
                    (Some(hand), _) => Place::Reserve(id, hand),
                    (None, Some(Ok(slot))) => Place::Slot(slot),
                    (None, _) => Place::Empty,
                }
            }
            Place::Join(id, mut hand) => {
                let done = hand.poll(by).is_some();
                let reply = if done { Reply::Done } else { Reply::Pending };
                assert_eq!(reply, self.model(Call::Join(id)), "join");
                ended(hand, by, done).map_or(Place::Empty, |hand| Place::Join(id, hand))
            }
            other => other,
        }
    }

    fn drop(&mut self, at: usize) {
        match self.take(at) {
            Place::Empty => {}
            Place::Get(id, hand) => self.cancel(id, hand),
            Place::Put(id, _, hand) => self.cancel(id, hand),
            Place::Reserve(id, hand) => self.cancel(id, hand),
            Place::Join(id, hand) => self.cancel(id, hand),
            Place::Slot(slot) => {
                drop(slot);
                self.model(Call::DropSlot);
            }
        }
    }

    fn cancel<F: Future>(&mut self, id: Id, hand: Hand<F>) {
        let check = hand.cancel();
        self.model(Call::Drop(id));
        check();
    }

    fn check(&mut self) {
        let queue = self.queue;
        let size = queue.qsize();
        assert_eq!(Reply::Count(size), self.model(Call::Size), "qsize");
        assert_eq!(queue.empty(), size == 0, "empty");
        assert_eq!(Reply::Is(queue.full()), self.model(Call::Full), "full");
        assert_eq!(
            Reply::Count(queue.unfinished()),
            self.model(Call::Unfinished),
            "unfinished"
        );
        assert_eq!(
            Reply::Is(queue.is_shutdown()),
            self.model(Call::IsShutdown),
            "is_shutdown"
        );
        for place in &self.places {
            match place {
                Place::Get(_, hand) => hand.check(),
                Place::Put(_, _, hand) => hand.check(),
                Place::Reserve(_, hand) => hand.check(),
                Place::Join(_, hand) => hand.check(),
                Place::Empty | Place::Slot(_) => {}
            }
        }
    }
}

/// What has ended takes nothing with it; the rest waits by that waker.
fn ended<F: Future>(mut hand: Hand<F>, by: usize, ended: bool) -> Option<Hand<F>> {
    if ended {
        hand.cancel()();
        return None;
    }
    hand.waits(by);
    Some(hand)
}

fn alone<S: QueueStorage<u32>>(queue: &Queue<u32, S>, order: Order, maxsize: Option<usize>, steps: &[Step]) {
    let mut beside = Beside {
        queue,
        model: Line::new(order, maxsize),
        places: (0..PLACES).map(|_| Place::Empty).collect(),
        made: 0,
        items: 0,
    };
    assert_eq!(queue.maxsize(), maxsize);
    for &step in steps {
        beside.step(step);
        beside.check();
    }
    // All that is left goes, in whatever order.
    for at in [3, 0, 4, 1, 5, 2] {
        beside.step(Step::Drop(at));
        beside.check();
    }
}

fn programs(check: impl Fn(Option<usize>, &[Step])) {
    let program = (prop::option::of(1..4usize), prop::collection::vec(step(), 1..80));
    run(times(300), 1_000, program, |(maxsize, steps)| {
        check(maxsize, &steps)
    });
}

#[test]
fn a_queue_does_what_the_model_does() {
    programs(|maxsize, steps| {
        let queue = maxsize.map_or_else(Queue::new, Queue::bounded);
        alone(&queue, Order::Oldest, maxsize, steps);
    });
}

#[test]
fn a_lifo_queue_does_what_the_model_does() {
    programs(|maxsize, steps| {
        let queue = maxsize.map_or_else(LifoQueue::new, LifoQueue::bounded);
        alone(&queue, Order::Newest, maxsize, steps);
    });
}

#[test]
fn a_priority_queue_does_what_the_model_does() {
    programs(|maxsize, steps| {
        let queue = maxsize.map_or_else(PriorityQueue::new, PriorityQueue::bounded);
        alone(&queue, Order::Smallest, maxsize, steps);
    });
}
