//! Two producers and two consumers, with random ways to put and to get, who wait in earnest.
//!
//! What was put is got once, or thrown out, and nothing else is; what one producer puts stays in order; all is done at
//! the end. Each program ends: the consumers get until the queue is shut down, so the producers get on, and the last of
//! them shuts it down when all was done.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::pin;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::thread;

use asyncio_queue::{GetError, PutError, Queue};
use futures_lite::future::{block_on, poll_fn};
use proptest::prelude::*;

use super::{run, times};

#[derive(Debug, Clone, Copy)]
enum Way {
    Wait,
    /// Polls so often, then gives up.
    GiveUp(usize),
    Nowait,
    /// A slot for a producer, an item with a guard for a consumer.
    Guard,
    /// A slot that is not used; the same as `Wait` for a consumer.
    Waste,
}

fn way() -> impl Strategy<Value = Way> {
    prop_oneof![
        4 => Just(Way::Wait),
        3 => (0..3usize).prop_map(Way::GiveUp),
        1 => Just(Way::Nowait),
        2 => Just(Way::Guard),
        1 => Just(Way::Waste),
    ]
}

/// Polls so often, then gives up.
fn patiently<F: Future>(future: F, polls: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    block_on(poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            thread::yield_now();
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    }))
}

/// What a producer, or a shutdown, did to items.
#[derive(Default)]
struct Made {
    put: Vec<u32>,
    /// Put by a slot into a queue that may have been closed.
    maybe: Vec<u32>,
    thrown_out: Vec<u32>,
}

struct Work {
    queue: Queue<u32>,
    /// The producers that have not finished.
    left: AtomicUsize,
    start: Barrier,
}

/// A thread that panics leaves none waiting.
struct SendAway<'a>(&'a Work);

impl Drop for SendAway<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.queue.shutdown_immediate();
            while self.0.queue.task_done().is_ok() {}
        }
    }
}

/// Stops at the first refusal. Closes the queue after so many steps.
fn produce(work: &Work, number: u32, ways: &[Way], closes_after: Option<usize>) -> Made {
    let (queue, mut made) = (&work.queue, Made::default());
    let _others = SendAway(work);
    work.start.wait();
    for ((step, item), way) in (0..).zip(number * 100_000..).zip(ways) {
        if closes_after == Some(step) {
            made.thrown_out = queue.shutdown_immediate();
        }
        // Whether it was put; `None`: it was refused.
        let put = match *way {
            Way::Wait => block_on(queue.put(item)).ok().map(|()| true),
            Way::GiveUp(polls) => match patiently(queue.put(item), polls) {
                Some(put) => put.ok().map(|()| true),
                None => Some(false),
            },
            Way::Nowait => match queue.put_nowait(item) {
                Ok(()) => Some(true),
                Err(PutError::Full(_)) => Some(false),
                Err(PutError::ShutDown(_)) => None,
            },
            Way::Guard => block_on(queue.reserve()).ok().map(|slot| {
                slot.put(item);
                made.maybe.push(item);
                false
            }),
            Way::Waste => block_on(queue.reserve()).ok().map(|slot| {
                drop(slot);
                false
            }),
        };
        match put {
            Some(true) => made.put.push(item),
            Some(false) => {}
            None => break,
        }
    }
    block_on(queue.join());
    if work.left.fetch_sub(1, Ordering::SeqCst) == 1 {
        queue.shutdown();
    }
    made
}

/// Gets until the queue is shut down.
fn consume(work: &Work, ways: &[Way]) -> Vec<u32> {
    let (queue, mut all) = (&work.queue, Vec::new());
    let _others = SendAway(work);
    work.start.wait();
    for way in ways.iter().chain(&[Way::Wait]).cycle() {
        let got = match *way {
            Way::Wait | Way::Waste => Some(block_on(queue.get())),
            Way::GiveUp(polls) => patiently(queue.get(), polls),
            Way::Nowait => match queue.get_nowait() {
                Ok(item) => Some(Ok(item)),
                Err(GetError::ShutDown(error)) => Some(Err(error)),
                Err(GetError::Empty(_)) => None,
            },
            Way::Guard => match block_on(queue.get_item()) {
                Ok(item) => {
                    all.push(*item);
                    None
                }
                Err(error) => Some(Err(error)),
            },
        };
        match got {
            Some(Ok(item)) => {
                all.push(item);
                assert!(queue.task_done().is_ok(), "each item can be reported once");
            }
            Some(Err(_)) => break,
            None => {}
        }
    }
    all
}

fn check(
    maxsize: Option<usize>,
    producers: &[Vec<Way>],
    consumers: &[Vec<Way>],
    closes_after: Option<usize>,
) {
    let work = Work {
        queue: maxsize.map_or_else(Queue::new, Queue::bounded),
        left: AtomicUsize::new(producers.len()),
        start: Barrier::new(producers.len() + consumers.len()),
    };
    let (made, got): (Vec<Made>, Vec<Vec<u32>>) = thread::scope(|scope| {
        let work = &work;
        let producers: Vec<_> = (0..)
            .zip(producers)
            .map(|(number, ways)| {
                let closes_after = closes_after.filter(|_| number == 0);
                scope.spawn(move || produce(work, number, ways, closes_after))
            })
            .collect();
        let consumers: Vec<_> = (consumers.iter())
            .map(|ways| scope.spawn(|| consume(work, ways)))
            .collect();
        let made = producers
            .into_iter()
            .map(|producer| producer.join().expect("it does not panic"));
        let made = made.collect();
        let got = consumers
            .into_iter()
            .map(|consumer| consumer.join().expect("it does not panic"));
        (made, got.collect())
    });
    for items in &got {
        for number in 0..producers.len() as u32 {
            let of_one = items.iter().filter(|&&item| item / 100_000 == number);
            assert!(
                of_one.is_sorted(),
                "in the order in which they were put: {items:?}"
            );
        }
    }
    let mut came_out = BTreeSet::new();
    for item in got
        .iter()
        .flatten()
        .chain(made.iter().flat_map(|made| &made.thrown_out))
    {
        assert!(came_out.insert(*item), "{item} came out twice");
    }
    let closed = closes_after.is_some();
    for made in &made {
        for item in &made.put {
            assert!(came_out.remove(item), "{item} is lost");
        }
        for item in &made.maybe {
            assert!(came_out.remove(item) || closed, "{item} is lost");
        }
    }
    assert!(came_out.is_empty(), "nobody put {came_out:?}");
    assert_eq!((work.queue.qsize(), work.queue.unfinished()), (0, 0));
    block_on(work.queue.join());
}

#[test]
fn what_producers_put_consumers_get_once_and_in_order() {
    let ways = |most| prop::collection::vec(prop::collection::vec(way(), 1..most), 2);
    let bound = prop::option::weighted(0.8, 1..4usize);
    let programs = (
        bound,
        ways(100),
        ways(20),
        prop::option::weighted(0.2, 0..60usize),
    );
    run(
        times(150),
        0,
        programs,
        |(maxsize, producers, consumers, closes_after)| {
            check(maxsize, &producers, &consumers, closes_after);
        },
    );
}
