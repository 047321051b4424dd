//! A promise against a model that is a list and an option: whatever is done to it, it is set once, and those who wait are
//! told once each, in the order in which they came.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use asyncio::tasks::PromiseWait;
use asyncio::{CallbackId, Promise, PromiseError};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Op {
    Set(u8),
    Fail,
    Cancel,
    Take,
    /// Somebody begins to wait.
    Wait,
    /// One who waits is polled, by the same waker or another.
    Poll(usize, bool),
    /// One who waits leaves.
    Leave(usize),
    Call,
    Remove(usize),
    Clone,
    DropHandle,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        1 => any::<u8>().prop_map(Op::Set),
        1 => Just(Op::Fail),
        1 => Just(Op::Cancel),
        1 => Just(Op::Take),
        6 => Just(Op::Wait),
        4 => (any::<usize>(), any::<bool>()).prop_map(|(at, other)| Op::Poll(at, other)),
        4 => any::<usize>().prop_map(Op::Leave),
        5 => Just(Op::Call),
        4 => any::<usize>().prop_map(Op::Remove),
        1 => Just(Op::Clone),
        2 => Just(Op::DropHandle),
    ]
}

/// How it stands, and what who asks is told.
#[derive(Debug, Clone, PartialEq)]
enum Stand {
    Open,
    Value(u8),
    Failed,
    Cancelled,
    Taken,
}

fn stand(result: Result<u8, PromiseError>) -> Stand {
    match result {
        Ok(value) => Stand::Value(value),
        Err(PromiseError::Failed(error)) if error.to_string() == "broken" => Stand::Failed,
        Err(PromiseError::Cancelled(_)) => Stand::Cancelled,
        Err(PromiseError::InvalidState(error)) if error.to_string().contains("taken") => Stand::Taken,
        Err(_) => Stand::Open,
    }
}

type Told = Arc<Mutex<Vec<u32>>>;

/// Notes its number.
struct Note(u32, Told);

impl Wake for Note {
    fn wake(self: Arc<Self>) {
        self.1.lock().unwrap_or_else(|_| unreachable!()).push(self.0);
    }
}

struct Waits {
    future: PromiseWait<u8>,
    /// The number by which it is told, in the model.
    number: u32,
    waker: Waker,
}

struct World {
    handles: Vec<Promise<u8>>,
    waits: Vec<Waits>,
    callbacks: Vec<(u32, CallbackId)>,
    told: Told,
    next: u32,
    // The model.
    stand: Stand,
    line: Vec<u32>,
    expected: Vec<u32>,
}

fn poll(future: &mut PromiseWait<u8>, waker: &Waker) -> Poll<Result<u8, PromiseError>> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

impl World {
    fn number(&mut self) -> (u32, Waker) {
        self.next += 1;
        (self.next, Arc::new(Note(self.next, self.told.clone())).into())
    }

    fn settle(&mut self, to: Stand) -> bool {
        let open = self.stand == Stand::Open;
        if open {
            self.stand = to;
            self.expected.append(&mut self.line);
        }
        open
    }

    fn step(&mut self, op: Op) {
        let Some(promise) = self.handles.first().cloned() else {
            return;
        };
        match op {
            Op::Set(value) => {
                let set = promise.try_set_result(value).is_ok();
                assert_eq!(set, self.settle(Stand::Value(value)));
            }
            Op::Fail => {
                let set = promise.set_exception("broken").is_ok();
                assert_eq!(set, self.settle(Stand::Failed));
            }
            Op::Cancel => {
                let cancelled = promise.cancel();
                assert_eq!(cancelled, self.settle(Stand::Cancelled));
            }
            Op::Take => {
                assert_eq!(stand(promise.take_result()), self.stand);
                if let Stand::Value(_) = self.stand {
                    self.stand = Stand::Taken;
                }
            }
            Op::Wait => {
                let (number, waker) = self.number();
                let mut future = (&promise).into_future();
                match poll(&mut future, &waker) {
                    Poll::Pending => {
                        assert_eq!(self.stand, Stand::Open);
                        self.line.push(number);
                        self.waits.push(Waits {
                            future,
                            number,
                            waker,
                        });
                    }
                    Poll::Ready(result) => assert_eq!(stand(result), self.stand),
                }
            }
            Op::Poll(at, other) if !self.waits.is_empty() => {
                let at = at % self.waits.len();
                let (number, waker) = if other {
                    self.number()
                } else {
                    (self.waits[at].number, self.waits[at].waker.clone())
                };
                let waits = &mut self.waits[at];
                if poll(&mut waits.future, &waker).is_pending() {
                    let old = std::mem::replace(&mut waits.number, number);
                    waits.waker = waker;
                    // It keeps its place in the line.
                    let place = self.line.iter_mut().find(|place| **place == old);
                    *place.unwrap_or_else(|| unreachable!("who waits is in the line")) = number;
                } else {
                    assert_ne!(self.stand, Stand::Open);
                    drop(self.waits.remove(at));
                }
            }
            Op::Leave(at) if !self.waits.is_empty() => {
                let left = self.waits.remove(at % self.waits.len());
                self.line.retain(|number| *number != left.number);
            }
            Op::Call => {
                let (number, _) = self.number();
                let told = self.told.clone();
                let id = promise.add_done_callback(move |_: &Promise<u8>| {
                    told.lock().unwrap_or_else(|_| unreachable!()).push(number);
                });
                self.callbacks.push((number, id));
                if self.stand == Stand::Open {
                    self.line.push(number)
                } else {
                    self.expected.push(number)
                }
            }
            Op::Remove(at) if !self.callbacks.is_empty() => {
                let (number, id) = self.callbacks.remove(at % self.callbacks.len());
                let before = self.line.len();
                self.line.retain(|place| *place != number);
                assert_eq!(promise.remove_done_callback(id), before != self.line.len());
            }
            Op::Clone => self.handles.push(promise.clone()),
            Op::DropHandle => {
                drop(promise);
                drop(self.handles.pop());
                if self.handles.is_empty() {
                    self.settle(Stand::Cancelled);
                }
                return;
            }
            Op::Poll(..) | Op::Leave(_) | Op::Remove(_) => {}
        }
        assert_eq!(promise.done(), self.stand != Stand::Open);
        assert_eq!(promise.cancelled(), self.stand == Stand::Cancelled);
        assert_eq!(stand(promise.result()), self.stand);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    // FUT-04, FUT-08, FUT-12, FUT-13
    #[test]
    fn a_promise_does_as_its_model(ops in prop::collection::vec(op(), 0..60)) {
        let mut world = World {
            handles: vec![Promise::new()],
            waits: Vec::new(),
            callbacks: Vec::new(),
            told: Told::default(),
            next: 0,
            stand: Stand::Open,
            line: Vec::new(),
            expected: Vec::new(),
        };
        for op in ops {
            world.step(op);
            let told = world.told.lock().unwrap_or_else(|_| unreachable!()).clone();
            assert_eq!(told, world.expected);
        }
    }
}
