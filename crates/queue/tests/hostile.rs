//! Orders and storages that panic or refuse, and wakers that panic: no item is lost to them, and nobody waits for what
//! is there.

use std::cell::Cell;
use std::cmp::Ordering;
use std::collections::{HashSet, VecDeque};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use asyncio_queue::{PriorityQueue, Queue, QueueStorage};
use asyncio_testing::by_hand;

thread_local!(static PANIC: Cell<bool> = const { Cell::new(false) });

#[derive(PartialEq, Eq, Debug)]
struct Fussy(u32);
impl PartialOrd for Fussy {
    fn partial_cmp(&self, o: &Fussy) -> Option<Ordering> {
        Some(self.cmp(o))
    }
}
impl Ord for Fussy {
    fn cmp(&self, o: &Fussy) -> Ordering {
        assert!(!PANIC.get(), "cmp panics");
        self.0.cmp(&o.0)
    }
}
fn with_panic<R>(f: impl FnOnce() -> R) {
    PANIC.set(true);
    let r = catch_unwind(AssertUnwindSafe(f));
    PANIC.set(false);
    assert!(r.is_err(), "the test expects cmp to be called");
}

struct Panics;
impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a waker that panics");
    }
}

#[test]
fn a_push_that_panics_keeps_the_count_of_the_unfinished() {
    let queue = PriorityQueue::new();
    queue.put_nowait(Fussy(2)).unwrap();
    with_panic(|| queue.put_nowait(Fussy(1)));
    assert_eq!(
        queue.unfinished(),
        queue.qsize(),
        "join() returns with an item in the queue"
    );
}

#[test]
fn a_push_that_panics_does_not_leave_a_getter_waiting_for_the_item_that_is_there() {
    let queue = PriorityQueue::new();
    let _first = by_hand(queue.get()).waits();
    let second = by_hand(queue.get()).waits();
    queue.put_nowait(Fussy(2)).unwrap();
    with_panic(|| queue.put_nowait(Fussy(1)));
    assert_eq!(
        (queue.qsize(), second.wakes()),
        (0, 1),
        "an item is free, and one waits for it"
    );
}

#[test]
fn a_pop_that_panics_does_not_leave_a_putter_waiting_for_the_room_that_is_there() {
    let queue = PriorityQueue::bounded(4);
    for n in 0..4 {
        queue.put_nowait(Fussy(n)).unwrap();
    }
    let putter = by_hand(queue.put(Fussy(9))).waits();
    with_panic(|| queue.get_nowait());
    assert_eq!(
        (queue.qsize(), putter.wakes()),
        (3, 1),
        "there is room, and one waits for it"
    );
}

#[test]
fn a_pop_that_panics_in_shutdown_immediate_does_not_leave_others_waiting() {
    let queue = PriorityQueue::bounded(4);
    for n in 0..4 {
        queue.put_nowait(Fussy(n)).unwrap();
    }
    let mut putter = by_hand(queue.put(Fussy(9))).waits();
    with_panic(|| queue.shutdown_immediate());
    assert!(queue.is_shutdown());
    assert_eq!(putter.wakes(), 1, "still asleep: {:?}", putter.poll().is_none());
}

#[test]
fn an_item_is_not_lost_when_the_waker_of_a_putter_panics() {
    let queue = Queue::bounded(1);
    queue.put_nowait(1).unwrap();
    let mut put = Box::pin(queue.put(2));
    let waker = Waker::from(Arc::new(Panics));
    assert!(put.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    let got = catch_unwind(AssertUnwindSafe(|| queue.get_nowait()));
    let got = got.ok().and_then(Result::ok);
    // 1 was either got, or is there still.
    drop(put);
    let next = got.or_else(|| queue.get_nowait().ok());
    assert_eq!(
        next,
        Some(1),
        "1 went down with the panic; unfinished is {}",
        queue.unfinished()
    );
}

#[test]
fn items_that_are_thrown_out_are_given_back_when_a_waker_panics() {
    let queue = Queue::bounded(1);
    let token = Arc::new(());
    queue.put_nowait(token.clone()).unwrap();
    let mut put = Box::pin(queue.put(Arc::new(())));
    let waker = Waker::from(Arc::new(Panics));
    assert!(matches!(
        put.as_mut().poll(&mut Context::from_waker(&waker)),
        Poll::Pending
    ));
    let thrown = catch_unwind(AssertUnwindSafe(|| queue.shutdown_immediate()));
    assert!(
        thrown.is_ok() || Arc::strong_count(&token) == 2,
        "the items were dropped with the panic"
    );
}

/// Knows each item once, for ever: a crawler's frontier.
#[derive(Default)]
struct Seen {
    seen: HashSet<u32>,
    line: VecDeque<u32>,
}
impl QueueStorage<u32> for Seen {
    fn push(&mut self, item: u32) -> Option<u32> {
        if !self.seen.insert(item) {
            return Some(item);
        }
        self.line.push_back(item);
        None
    }
    fn pop(&mut self) -> Option<u32> {
        self.line.pop_front()
    }
    fn len(&self) -> usize {
        self.line.len()
    }
}

#[test]
fn a_refused_item_leaves_its_place_to_the_next_putter() {
    let queue = Queue::bounded_with_storage(1, Seen::default());
    queue.put_nowait(1).unwrap();
    let mut twin = by_hand(queue.put(1)).waits();
    let mut two = by_hand(queue.put(2)).waits();
    assert_eq!(queue.get_nowait(), Ok(1));
    assert!(twin.poll().unwrap().is_ok());
    let mut get = by_hand(queue.get()).waits();
    assert!(
        queue.put_nowait(3).is_err() || two.wakes() > 0,
        "a newcomer overtakes the putter in line"
    );
    assert_eq!(
        two.wakes(),
        1,
        "the queue is empty, a putter and a getter wait: for ever"
    );
    assert!(two.poll().is_some());
    assert_eq!(get.poll(), Some(Ok(2)));
}

#[test]
fn a_putter_in_line_is_woken_when_the_item_before_it_was_refused() {
    let queue = Queue::bounded_with_storage(1, Seen::default());
    queue.put_nowait(1).unwrap();
    let mut twin = by_hand(queue.put(1)).waits();
    let two = by_hand(queue.put(2)).waits();
    assert_eq!(queue.get_nowait(), Ok(1));
    assert!(twin.poll().unwrap().is_ok());
    let _get = by_hand(queue.get()).waits();
    assert_eq!(
        two.wakes(),
        1,
        "empty queue (full: {}), a putter and a getter wait: for ever",
        queue.full()
    );
}

#[test]
fn a_slot_whose_item_was_refused_gives_its_place_to_the_next_putter() {
    let queue = Queue::bounded_with_storage(1, Seen::default());
    queue.put_nowait(1).unwrap();
    assert_eq!(queue.get_nowait(), Ok(1));
    let slot = by_hand(queue.reserve()).poll().unwrap().unwrap();
    let two = by_hand(queue.put(2)).waits();
    slot.put(1);
    assert_eq!(two.wakes(), 1, "full: {}", queue.full());
}

/// Keeps one, the last. An item says itself that it is done, when it is dropped.
#[derive(Default)]
struct Latest(Option<Item>);
impl QueueStorage<Item> for Latest {
    fn push(&mut self, item: Item) -> Option<Item> {
        self.0.replace(item)
    }
    fn pop(&mut self) -> Option<Item> {
        self.0.take()
    }
    fn len(&self) -> usize {
        usize::from(self.0.is_some())
    }
}
struct Item(std::sync::Weak<Queue<Item, Latest>>);
impl Drop for Item {
    fn drop(&mut self) {
        if let Some(q) = self.0.upgrade() {
            let _ = q.task_done();
        }
    }
}

#[test]
fn an_item_that_the_storage_drops_can_report_itself_as_done() {
    let (done, is_done) = mpsc::channel();
    std::thread::spawn(move || {
        let q = Arc::new(Queue::with_storage(Latest::default()));
        q.put_nowait(Item(Arc::downgrade(&q))).unwrap();
        q.put_nowait(Item(Arc::downgrade(&q))).unwrap();
        done.send(q.unfinished()).unwrap();
    });
    let unfinished = is_done.recv_timeout(Duration::from_secs(3));
    assert_eq!(unfinished, Ok(0), "a deadlock: dropped under the mutex");
}
