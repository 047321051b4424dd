//! The broadcast channel: what each method does, and what is left of a wait that is dropped, on several executors.

use std::cell::Cell;
use std::error::Error;
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use asyncio_executor::{LocalExecutor, block_on};
use asyncio_sync::broadcast::{Lagged, Receiver, RecvError, SendError, Sender, TryRecvError, channel};
use futures_lite::{StreamExt, future};
use static_assertions::{assert_impl_all, assert_not_impl_any};

#[path = "broadcast/foreign.rs"]
mod foreign;
#[path = "broadcast/model.rs"]
mod model;
#[path = "broadcast/tasks.rs"]
mod tasks;
#[path = "broadcast/threads.rs"]
mod threads;

assert_impl_all!(Sender<u8>: Send, Sync, Unpin, Clone);
assert_impl_all!(Receiver<u8>: Send, Sync, Unpin);
// What a clone of a receiver would get is not plain: there are `resubscribe` and `subscribe`.
assert_not_impl_any!(Receiver<u8>: Clone);
assert_impl_all!(SendError<u8>: Send, Sync, Unpin, Copy);
assert_impl_all!(RecvError: Send, Sync, Unpin, Copy);
assert_impl_all!(TryRecvError: Send, Sync, Unpin, Copy);
assert_impl_all!(Lagged: Send, Sync, Unpin, Copy);
assert_not_impl_any!(Sender<Rc<u8>>: Send, Sync);
assert_not_impl_any!(Receiver<Rc<u8>>: Send, Sync);
// Several receivers clone one item at a time.
assert_not_impl_any!(Receiver<Cell<u8>>: Send, Sync);

/// Counts how often it is woken.
#[derive(Default)]
struct Count(AtomicUsize);

impl Count {
    fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn poll<F: Future>(future: Pin<&mut F>, count: &Arc<Count>) -> Poll<F::Output> {
    let waker = Waker::from(count.clone());
    future.poll(&mut Context::from_waker(&waker))
}

fn poll_once<F: Future>(future: F) -> Poll<F::Output> {
    poll(pin!(future), &Arc::default())
}

/// Runs a test's future on several executors, ours and others.
fn everywhere<F: Future<Output = ()>>(test: impl Fn() -> F) {
    block_on(test());
    let local = LocalExecutor::new();
    block_on(local.run(test()));
    smol::block_on(test());
    let tokio = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("tokio starts");
    tokio.block_on(test());
}

fn assert_send<T: Send>(value: T) -> T {
    value
}

#[test]
fn every_receiver_gets_every_item_in_order() {
    let (sender, mut first) = channel(4);
    let mut second = sender.subscribe();
    for item in 1..=3 {
        assert_eq!(sender.send(item), Ok(2));
    }
    for receiver in [&mut first, &mut second] {
        for item in 1..=3 {
            assert_eq!(poll_once(assert_send(receiver.recv())), Poll::Ready(Ok(item)));
        }
        assert_eq!(poll_once(receiver.recv()), Poll::Pending);
    }
}

#[test]
fn a_receiver_gets_what_is_sent_after_it_came() {
    let (sender, mut early) = channel(4);
    sender.send(1).unwrap();
    let mut late = sender.subscribe();
    let mut again = early.resubscribe();
    assert_eq!(sender.receiver_count(), 3);
    sender.send(2).unwrap();
    assert_eq!(early.try_recv(), Ok(1));
    assert_eq!((late.try_recv(), again.try_recv()), (Ok(2), Ok(2)));
    drop(sender);
    assert_eq!(early.try_recv(), Ok(2));
    let mut after = early.resubscribe();
    assert_eq!(after.try_recv(), Err(TryRecvError::Closed));
}

#[test]
fn without_receivers_an_item_is_given_back() {
    let (sender, receiver) = channel(4);
    sender.send(1).unwrap();
    drop(receiver);
    assert_eq!((sender.receiver_count(), sender.len()), (0, 0));
    assert_eq!(sender.send(2), Err(SendError(2)));
    let mut receiver = sender.subscribe();
    assert_eq!(sender.send(3), Ok(1));
    assert_eq!(receiver.try_recv(), Ok(3));
}

#[test]
fn a_slow_receiver_loses_the_oldest_and_is_told_how_many() {
    let (sender, mut slow) = channel(3);
    let mut quick = sender.subscribe();
    for item in 0..10 {
        sender.send(item).unwrap();
        assert_eq!(quick.try_recv(), Ok(item));
    }
    assert_eq!((sender.len(), sender.capacity(), slow.len()), (3, 3, 3));
    assert_eq!(poll_once(slow.recv()), Poll::Ready(Err(RecvError::Lagged(7))));
    assert_eq!(slow.try_recv(), Ok(7));
    // Two are there, and three more come: one is lost once more.
    for item in 10..12 {
        sender.send(item).unwrap();
    }
    assert_eq!(slow.try_recv(), Err(TryRecvError::Lagged(1)));
    assert_eq!(slow.try_recv(), Ok(9));
    assert_eq!(slow.try_recv(), Ok(10));
    drop(sender);
    assert_eq!(slow.recv_blocking(), Ok(11));
    assert_eq!(slow.recv_blocking(), Err(RecvError::Closed));
}

#[test]
fn lengths_are_those_of_what_is_yet_to_be_seen() {
    let (sender, mut first) = channel(2);
    let mut second = sender.subscribe();
    assert!(sender.is_empty() && first.is_empty());
    sender.send('a').unwrap();
    assert_eq!((sender.len(), first.len(), second.len()), (1, 1, 1));
    assert_eq!(first.try_recv(), Ok('a'));
    assert_eq!((sender.len(), first.len(), second.len()), (1, 0, 1));
    assert!(first.is_empty() && !second.is_empty());
    assert_eq!(second.try_recv(), Ok('a'));
    assert!(sender.is_empty());
}

#[test]
fn the_end_comes_after_the_items() {
    let (sender, mut receiver) = channel(2);
    let other = sender.clone();
    drop(sender);
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    other.send(1).unwrap();
    drop(other);
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    assert_eq!(poll_once(receiver.recv()), Poll::Ready(Err(RecvError::Closed)));
}

#[test]
#[should_panic(expected = "the capacity of a broadcast channel must be 1 or more, not 0")]
fn a_capacity_of_zero_panics() {
    let _ = channel::<u8>(0);
}

#[test]
fn a_large_capacity_takes_no_memory_before_it_is_used() {
    let (sender, mut receiver) = channel(usize::MAX);
    sender.send(1).unwrap();
    assert_eq!(receiver.try_recv(), Ok(1));
}

#[test]
fn all_who_wait_are_woken_once() {
    let (sender, mut first) = channel(4);
    let mut second = sender.subscribe();
    let woken = [Arc::new(Count::default()), Arc::new(Count::default())];
    let mut waits = [Box::pin(first.recv()), Box::pin(second.recv())];
    for (wait, woken) in waits.iter_mut().zip(&woken) {
        assert!(poll(wait.as_mut(), woken).is_pending());
    }
    sender.send(1).unwrap();
    sender.send(2).unwrap();
    for (wait, woken) in waits.iter_mut().zip(&woken) {
        assert_eq!(woken.get(), 1);
        assert_eq!(poll(wait.as_mut(), woken), Poll::Ready(Ok(1)));
    }
}

#[test]
fn the_waker_of_the_last_poll_is_woken() {
    let (sender, mut receiver) = channel::<u8>(1);
    let (old, new) = (Arc::new(Count::default()), Arc::new(Count::default()));
    let mut recv = pin!(receiver.recv());
    assert!(poll(recv.as_mut(), &old).is_pending());
    assert!(poll(recv.as_mut(), &new).is_pending());
    let other = sender.clone();
    drop(sender);
    assert_eq!((old.get(), new.get()), (0, 0));
    drop(other);
    assert_eq!((old.get(), new.get()), (0, 1));
    assert_eq!(poll(recv, &new), Poll::Ready(Err(RecvError::Closed)));
}

#[test]
fn a_dropped_recv_loses_nothing() {
    let (sender, mut receiver) = channel(2);
    let mut other = sender.subscribe();
    let woken = Arc::new(Count::default());
    let mut kept = pin!(other.recv());
    assert!(poll(kept.as_mut(), &woken).is_pending());
    // Before it was polled, while it waits, when it was woken and not polled since.
    drop(receiver.recv());
    let mut waiting = Box::pin(receiver.recv());
    assert!(poll(waiting.as_mut(), &Arc::default()).is_pending());
    drop(waiting);
    let mut notified = Box::pin(receiver.recv());
    assert!(poll(notified.as_mut(), &Arc::default()).is_pending());
    sender.send(1).unwrap();
    drop(notified);
    assert_eq!(woken.get(), 1);
    assert_eq!(poll(kept, &woken), Poll::Ready(Ok(1)));
    assert_eq!(poll_once(receiver.recv()), Poll::Ready(Ok(1)));
    // A count of lost items is not lost either.
    for item in 2..5 {
        sender.send(item).unwrap();
    }
    drop(receiver.recv());
    assert_eq!(poll_once(receiver.recv()), Poll::Ready(Err(RecvError::Lagged(1))));
}

#[test]
fn a_stream_gives_items_and_gaps_and_ends_with_the_senders() {
    let (sender, mut receiver) = channel(2);
    {
        let mut items = pin!(assert_send(receiver.stream()));
        assert!(poll_once(items.next()).is_pending());
        for item in 1..=3 {
            sender.send(item).unwrap();
        }
        assert_eq!(poll_once(items.next()), Poll::Ready(Some(Err(Lagged(1)))));
        assert_eq!(poll_once(items.next()), Poll::Ready(Some(Ok(2))));
        // Dropped with an item that it has not given.
    }
    let mut items = pin!(assert_send(receiver.into_stream()));
    assert_eq!(poll_once(items.next()), Poll::Ready(Some(Ok(3))));
    drop(sender);
    assert_eq!(poll_once(items.next()), Poll::Ready(None));
    assert_eq!(poll_once(items.next()), Poll::Ready(None));
}

#[test]
fn errors_can_be_printed_whatever_the_item() {
    #[derive(Clone)]
    struct Opaque;
    let (sender, receiver) = channel(2);
    sender.send(Opaque).unwrap();
    assert_eq!(
        format!("{sender:?} {receiver:?}"),
        "Sender { len: 1, capacity: 2, receiver_count: 1, .. } Receiver { len: 1, .. }"
    );
    drop(receiver);
    let error: Box<dyn Error> = Box::new(sender.send(Opaque).unwrap_err());
    assert_eq!(
        error.to_string(),
        "the item was not sent: the channel has no receivers"
    );
    assert_eq!(format!("{error:?}"), "SendError { .. }");
    let lagged = "the receiver was too slow, and has lost 3 items";
    let closed = "the channel is closed: it has no senders";
    let errors: [(Box<dyn Error>, &str); 6] = [
        (Box::new(RecvError::Lagged(3)), lagged),
        (Box::new(RecvError::Closed), closed),
        (Box::new(TryRecvError::Empty), "no item is there yet"),
        (Box::new(TryRecvError::from(RecvError::from(Lagged(3)))), lagged),
        (Box::new(TryRecvError::from(RecvError::Closed)), closed),
        (Box::new(Lagged(3)), lagged),
    ];
    for (error, message) in errors {
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn items_pass_between_tasks_on_any_executor() {
    everywhere(|| async {
        let (sender, mut first) = channel(4);
        let mut second = sender.subscribe();
        let send = async move {
            for item in 0..100 {
                sender.send(item).unwrap();
                // Nobody is more than 4 items behind.
                future::yield_now().await;
            }
        };
        let sum = async {
            let mut sum = 0;
            while let Ok(item) = first.recv().await {
                sum += item;
            }
            sum
        };
        let items = async {
            let items = pin!(second.stream());
            items.map(|item| item.unwrap()).collect::<Vec<_>>().await
        };
        let ((), (sum, items)) = future::zip(send, future::zip(sum, items)).await;
        assert_eq!(sum, 4950);
        assert!(items.into_iter().eq(0..100));
    });
}
