//! `Queue`: order, room, promises, the count of what is unfinished, and the shutdown.

#[path = "../../sync/tests/kit/everywhere.rs"]
mod everywhere;

use std::sync::Arc;
use std::thread;

use asyncio_queue::{
    Fifo, Get, GetError, Join, LifoQueue, PriorityQueue, Put, PutError, Queue, QueueEmpty, QueueFull,
    QueueItem, QueueShutDown, QueueStorage, Slot,
};
use asyncio_testing::by_hand;
use everywhere::everywhere;
use futures_lite::StreamExt;
use futures_lite::future::{block_on, poll_once, zip};

type Unshared = std::cell::Cell<u32>;
static_assertions::assert_impl_all!(Queue<Unshared>: Send, Sync, Unpin);
static_assertions::assert_not_impl_any!(Queue<std::rc::Rc<u32>>: Send, Sync);
static_assertions::assert_impl_all!(LifoQueue<u32>: Send, Sync, Unpin);
static_assertions::assert_impl_all!(PriorityQueue<u32>: Send, Sync, Unpin);
static_assertions::assert_impl_all!(Put<'static, Unshared, Fifo<Unshared>>: Send);
static_assertions::assert_impl_all!(Get<'static, Unshared, Fifo<Unshared>>: Send, Sync);
static_assertions::assert_not_impl_any!(Get<'static, u32, Fifo<u32>>: Unpin);
static_assertions::assert_impl_all!(Join<'static, Unshared, Fifo<Unshared>>: Send, Sync);
static_assertions::assert_impl_all!(Slot<'static, Unshared, Fifo<Unshared>>: Send, Sync);
static_assertions::assert_not_impl_any!(QueueItem<'static, Unshared, Fifo<Unshared>>: Sync);
static_assertions::assert_impl_all!(QueueFull<Unshared>: std::error::Error);

/// QUE-02, QUE-03, QUE-04, QUE-05, QUE-06: first in, first out, and never full without a bound.
#[test]
fn items_come_out_in_the_order_in_which_they_were_put() {
    let queue = Queue::new();
    assert!(queue.empty() && !queue.full() && queue.maxsize().is_none());
    for item in 0..1000 {
        queue.put_nowait(item).unwrap();
    }
    assert!(queue.qsize() == 1000 && !queue.full());
    for item in 0..1000 {
        assert_eq!(queue.get_nowait(), Ok(item));
    }
    assert!(queue.empty());
}

/// QUE-02, QUE-03: a bound of 0 is an error that says so.
#[test]
fn a_queue_for_nothing_is_refused() {
    assert_eq!(Queue::<u32>::bounded(3).maxsize(), Some(3));
    let error = Queue::<u32>::try_bounded(0).unwrap_err();
    assert!(
        error.to_string().starts_with("maxsize must be at least 1"),
        "{error}"
    );
    assert!(std::panic::catch_unwind(|| Queue::<u32>::bounded(0)).is_err());
    assert!(LifoQueue::<u32>::try_bounded(0).is_err());
    assert!(PriorityQueue::<u32>::try_bounded(0).is_err());
}

/// QUE-08, QUE-10, QUE-16, QUE-17, EXC-08: the item comes back; the error says why.
#[test]
fn without_waiting_a_full_queue_gives_the_item_back_and_an_empty_one_an_error() {
    let queue = Queue::bounded(1);
    assert_eq!(queue.get_nowait(), Err(GetError::Empty(QueueEmpty)));
    queue.put_nowait("a").unwrap();
    assert!(queue.full());
    let refused = queue.put_nowait("b").unwrap_err();
    assert_eq!(refused, PutError::Full(QueueFull("b")));
    assert_eq!(refused.to_string(), "the queue is full");
    assert!(refused.is_full() && refused.into_inner() == "b");
    assert_eq!(queue.get_nowait(), Ok("a"));
}

/// QUE-07: a put waits while the queue is full, and the longest first.
#[test]
fn those_who_put_are_served_in_order() {
    let queue = Queue::bounded(1);
    queue.put_nowait(0).unwrap();
    let mut one = by_hand(queue.put(1)).waits();
    let mut two = by_hand(queue.put(2)).waits();
    assert_eq!(queue.get_nowait(), Ok(0));
    assert_eq!((one.wakes(), two.wakes()), (1, 0));
    // The place is promised: nobody else gets it.
    assert!(queue.full() && queue.put_nowait(9).is_err() && two.poll().is_none());
    assert_eq!(one.poll(), Some(Ok(())));
    assert_eq!(block_on(queue.get()), Ok(1));
    assert_eq!(two.poll(), Some(Ok(())));
    assert_eq!(queue.get_nowait(), Ok(2));
}

/// QUE-09: a get waits while the queue is empty, and the longest first.
#[test]
fn those_who_get_are_served_in_order() {
    let queue = Queue::new();
    let mut one = by_hand(queue.get()).waits();
    let mut two = by_hand(queue.get()).waits();
    queue.put_nowait(1).unwrap();
    assert_eq!((one.wakes(), two.wakes()), (1, 0));
    // The item is promised: nobody else gets it.
    assert!(queue.empty() && queue.get_nowait().is_err() && by_hand(queue.get()).poll().is_none());
    queue.put_nowait(2).unwrap();
    assert_eq!((two.poll(), one.poll()), (Some(Ok(1)), Some(Ok(2))));
}

/// QUE-07: one that was woken and is cancelled lets the next one in; what it had is dropped, and not put.
#[test]
fn a_put_that_is_dropped_has_not_put_and_passes_its_place_on() {
    let queue = Queue::bounded(1);
    let (first, second) = (Arc::new(()), Arc::new(()));
    queue.put_nowait(Arc::new(())).unwrap();
    let one = by_hand(queue.put(first.clone())).waits();
    let mut two = by_hand(queue.put(second.clone())).waits();
    drop(queue.get_nowait());
    drop(one);
    assert_eq!((Arc::strong_count(&first), two.wakes()), (1, 1));
    assert_eq!(two.poll(), Some(Ok(())));
    assert!(Arc::ptr_eq(&queue.get_nowait().unwrap(), &second));
    assert_eq!(queue.unfinished(), 2);
}

/// QUE-09: one that was woken and is cancelled loses no item: the next gets it, or it stays.
#[test]
fn a_get_that_is_dropped_passes_its_item_on() {
    let queue = Queue::bounded(1);
    let one = by_hand(queue.get()).waits();
    let mut two = by_hand(queue.get()).waits();
    queue.put_nowait(1).unwrap();
    drop(one);
    assert_eq!(two.wakes(), 1);
    assert_eq!(two.poll(), Some(Ok(1)));
    let three = by_hand(queue.get()).waits();
    queue.put_nowait(2).unwrap();
    drop(three);
    assert_eq!((queue.qsize(), queue.get_nowait()), (1, Ok(2)));
}

/// QUE-11, QUE-12: at once when all is done; else when the last is; too often is an error.
#[test]
fn a_join_waits_for_all_that_was_put() {
    let queue = Queue::new();
    block_on(queue.join());
    for item in 0..2 {
        queue.put_nowait(item).unwrap();
    }
    let mut joins = by_hand(queue.join()).waits();
    assert!(queue.get_nowait().is_ok() && queue.get_nowait().is_ok());
    assert!(joins.poll().is_none(), "got is not done");
    queue.task_done().unwrap();
    assert!(joins.poll().is_none() && queue.unfinished() == 1);
    queue.task_done().unwrap();
    assert_eq!(joins.wakes(), 1);
    assert!(joins.poll().is_some());
    let error = queue.task_done().unwrap_err();
    assert!(error.to_string().contains("too many times"), "{error}");
}

/// QUE-11: an item can say itself that it is done.
#[test]
fn an_item_reports_itself_when_it_is_dropped() {
    let queue = Queue::new();
    for item in 1..=3 {
        queue.put_nowait(item).unwrap();
    }
    let mut item = block_on(queue.get_item()).unwrap();
    *item += 10;
    assert_eq!(
        (*item, format!("{item:?}"), queue.unfinished()),
        (11, "11".to_owned(), 3)
    );
    drop(item);
    assert_eq!(queue.unfinished(), 2);
    assert_eq!(QueueItem::into_inner(block_on(queue.get_item()).unwrap()), 2);
    let panicked = std::panic::catch_unwind(|| {
        let _item = block_on(queue.get_item()).unwrap();
        panic!("while it is worked on");
    });
    assert!(panicked.is_err());
    block_on(queue.join());
}

/// QUE-13, QUE-18, EXC-08: puts are refused, and those that wait fail; what is there is got first.
#[test]
fn a_shutdown_lets_the_items_be_got() {
    let queue = Queue::bounded(1);
    queue.put_nowait(1).unwrap();
    let mut puts = by_hand(queue.put(2)).waits();
    queue.shutdown();
    queue.shutdown();
    assert!(queue.is_shutdown());
    assert_eq!(puts.poll(), Some(Err(QueueShutDown(2))));
    assert_eq!(block_on(queue.put(3)), Err(QueueShutDown(3)));
    assert_eq!(queue.put_nowait(4), Err(PutError::ShutDown(QueueShutDown(4))));
    assert!(block_on(queue.reserve()).is_err());
    assert_eq!(block_on(queue.get()), Ok(1));
    assert_eq!(block_on(queue.get()), Err(QueueShutDown(())));
    assert_eq!(queue.get_nowait(), Err(GetError::ShutDown(QueueShutDown(()))));
    let mut joins = by_hand(queue.join()).waits();
    queue.task_done().unwrap();
    assert!(joins.poll().is_some());
}

/// QUE-13: those who wait to get fail when nothing will come; one that was promised an item gets it.
#[test]
fn a_shutdown_ends_the_waits_of_those_who_get() {
    let queue = Queue::new();
    let mut one = by_hand(queue.get()).waits();
    let mut two = by_hand(queue.get()).waits();
    queue.put_nowait(1).unwrap();
    queue.shutdown();
    assert!(two.poll().is_none(), "the first may still give up its item");
    assert_eq!(one.poll(), Some(Ok(1)));
    assert_eq!(two.poll(), Some(Err(QueueShutDown(()))));
}

/// QUE-13: an item that was promised to one that is cancelled after the shutdown goes to the next.
#[test]
fn a_promised_item_is_not_lost_in_a_shutdown() {
    let queue = Queue::new();
    let one = by_hand(queue.get()).waits();
    let mut two = by_hand(queue.get()).waits();
    queue.put_nowait(1).unwrap();
    queue.shutdown();
    drop(one);
    assert_eq!(two.poll(), Some(Ok(1)));
    assert!(block_on(queue.get()).is_err());
}

/// QUE-13: at once: what is there is thrown out and counts as done; what somebody has got does not.
#[test]
fn an_immediate_shutdown_throws_the_items_out() {
    let queue = Queue::new();
    for item in 0..3 {
        queue.put_nowait(item).unwrap();
    }
    assert_eq!(queue.get_nowait(), Ok(0));
    let mut joins = by_hand(queue.join()).waits();
    assert_eq!(queue.shutdown_immediate(), [1, 2]);
    assert_eq!(queue.shutdown_immediate(), []);
    assert!(joins.poll().is_none() && queue.unfinished() == 1);
    queue.task_done().unwrap();
    assert!(joins.poll().is_some());
    assert!(block_on(queue.get()).is_err());
}

/// QUE-13: those who wait, on either side, fail; so does one that was promised an item that was thrown out.
#[test]
fn an_immediate_shutdown_ends_all_waits() {
    let queue = Queue::bounded(1);
    let mut promised = by_hand(queue.get()).waits();
    let mut gets = by_hand(queue.get()).waits();
    queue.put_nowait(0).unwrap();
    let mut puts = by_hand(queue.put(1)).waits();
    let mut joins = by_hand(queue.join()).waits();
    assert_eq!(queue.shutdown_immediate(), [0]);
    assert_eq!(promised.poll(), Some(Err(QueueShutDown(()))));
    assert_eq!(gets.poll(), Some(Err(QueueShutDown(()))));
    assert_eq!(puts.poll(), Some(Err(QueueShutDown(1))));
    assert!(joins.poll().is_some());
}

#[test]
fn a_reserved_place_is_sure_and_goes_back_when_it_is_not_used() {
    let queue = Queue::bounded(1);
    let slot = block_on(queue.reserve()).unwrap();
    assert!(queue.full() && queue.empty() && queue.put_nowait(1).is_err());
    let mut puts = by_hand(queue.put(2)).waits();
    drop(slot);
    assert_eq!(puts.poll(), Some(Ok(())));
    let mut reserves = by_hand(queue.reserve()).waits();
    assert_eq!(queue.get_nowait(), Ok(2));
    let slot = reserves.poll().unwrap().unwrap();
    let mut gets = by_hand(queue.get()).waits();
    queue.shutdown();
    assert!(gets.poll().is_none(), "the slot can still be used");
    slot.put(3);
    assert_eq!(gets.poll(), Some(Ok(3)));
    assert!(block_on(queue.get()).is_err());
}

#[test]
fn a_slot_that_is_given_up_after_a_shutdown_ends_the_waits() {
    let queue = Queue::<u32>::bounded(1);
    let slot = block_on(queue.reserve()).unwrap();
    let mut gets = by_hand(queue.get()).waits();
    queue.shutdown();
    assert!(gets.poll().is_none());
    drop(slot);
    assert!(gets.poll().unwrap().is_err());
    let queue = Queue::bounded(1);
    let slot = block_on(queue.reserve()).unwrap();
    assert!(queue.shutdown_immediate().is_empty());
    slot.put(1);
    assert!(queue.empty() && queue.unfinished() == 0);
}

/// QUE-14: the least first; QUE-15: the last first.
#[test]
fn queues_of_another_order() {
    let queue = PriorityQueue::bounded(4);
    for item in [3, 1, 4, 2] {
        queue.put_nowait(item).unwrap();
    }
    assert!(queue.full());
    assert_eq!(
        block_on(async { (queue.get().await, queue.get().await) }),
        (Ok(1), Ok(2))
    );
    let queue = LifoQueue::default();
    for item in [1, 2, 3] {
        queue.put_nowait(item).unwrap();
    }
    assert_eq!((queue.get_nowait(), queue.get_nowait()), (Ok(3), Ok(2)));
    // A promise is for whatever comes first when it is taken up.
    let queue = PriorityQueue::new();
    let mut gets = by_hand(queue.get()).waits();
    queue.put_nowait(2).unwrap();
    queue.put_nowait(1).unwrap();
    assert_eq!(gets.poll(), Some(Ok(1)));
}

/// QUE-19: a storage decides; what it had before counts as put.
#[test]
fn a_storage_of_the_users_own() {
    /// Keeps the two newest.
    #[derive(Default)]
    struct Newest(Vec<u32>);
    impl QueueStorage<u32> for Newest {
        fn push(&mut self, item: u32) -> Option<u32> {
            self.0.push(item);
            (self.0.len() > 2).then(|| self.0.remove(0))
        }
        fn pop(&mut self) -> Option<u32> {
            (!self.0.is_empty()).then(|| self.0.remove(0))
        }
        fn len(&self) -> usize {
            self.0.len()
        }
    }
    let queue = Queue::with_storage(Newest(vec![1]));
    assert_eq!((queue.qsize(), queue.unfinished()), (1, 1));
    for item in 2..=5 {
        queue.put_nowait(item).unwrap();
    }
    assert_eq!((queue.get_nowait(), queue.get_nowait()), (Ok(4), Ok(5)));
    assert!(queue.get_nowait().is_err());
    let queue = Queue::bounded_with_storage(1, Newest::default());
    queue.put_nowait(1).unwrap();
    assert!(queue.full());
}

#[test]
fn a_stream_of_items_ends_with_the_shutdown() {
    let queue = Queue::bounded(2);
    let produce = async {
        for item in 0..10 {
            queue.put(item).await.unwrap();
        }
        queue.shutdown();
    };
    let items = queue.items().collect::<Vec<_>>();
    let (items, ()) = block_on(zip(items, produce));
    assert_eq!(items, (0..10).collect::<Vec<_>>());
    // A stream that is dropped while it waits has taken nothing.
    let queue = Queue::new();
    let mut items = Box::pin(queue.items());
    assert!(block_on(poll_once(items.next())).is_none());
    queue.put_nowait(1).unwrap();
    drop(items);
    assert_eq!(queue.get_nowait(), Ok(1));
}

/// QUE-01: between executors and threads, with the blocking forms.
#[test]
fn tasks_of_many_executors_and_threads_share_a_queue() {
    everywhere(|| async {
        const ITEMS: usize = 500;
        let (there, back) = (Arc::new(Queue::bounded(3)), Arc::new(Queue::bounded(2)));
        let echo = {
            let (there, back) = (there.clone(), back.clone());
            thread::spawn(move || {
                while let Ok(item) = there.get_blocking() {
                    back.put_blocking(item).unwrap();
                }
                back.shutdown();
            })
        };
        let put = async {
            for item in 0..ITEMS {
                there.put(item).await.unwrap();
            }
            there.shutdown();
        };
        let get = async {
            for item in 0..ITEMS {
                assert_eq!(back.get().await, Ok(item));
            }
            assert!(back.get().await.is_err());
        };
        zip(put, get).await;
        echo.join().unwrap();
    });
}
