//! The watch channel: what each method does, what is left of a wait that is dropped, on several executors.

use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use asyncio_executor::{LocalExecutor, block_on};
use asyncio_sync::watch::{Closed, Receiver, Ref, SendError, Sender, channel};
use futures_lite::{StreamExt, future};
use static_assertions::{assert_impl_all, assert_not_impl_any};

#[path = "watch/foreign.rs"]
mod foreign;
#[path = "watch/model.rs"]
mod model;
#[path = "watch/tasks.rs"]
mod tasks;
#[path = "watch/threads.rs"]
mod threads;

assert_impl_all!(Sender<u8>: Send, Sync, Unpin, Clone);
assert_impl_all!(Receiver<u8>: Send, Sync, Unpin, Clone);
assert_impl_all!(SendError<u8>: Send, Sync, Unpin, Copy);
assert_impl_all!(Closed: Send, Sync, Unpin, Copy);
assert_impl_all!(Ref<'static, u8>: Sync, Unpin);
assert_not_impl_any!(Ref<'static, u8>: Send);
assert_not_impl_any!(Sender<Rc<u8>>: Send, Sync);
assert_not_impl_any!(Receiver<Rc<u8>>: Send, Sync);
// Several receivers look at one value at a time.
assert_not_impl_any!(Receiver<std::cell::Cell<u8>>: Send, Sync);

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

#[test]
fn a_sent_value_replaces_the_one_before() {
    let (sender, mut receiver) = channel("one");
    assert_eq!(*receiver.borrow(), "one");
    assert_eq!(sender.send("two"), Ok(()));
    assert_eq!(sender.send("three"), Ok(()));
    assert_eq!(*sender.borrow(), "three");
    assert_eq!(*receiver.borrow_and_update(), "three");
    assert_eq!(sender.send_replace("four"), "three");
    assert_eq!(*receiver.borrow(), "four");
}

#[test]
fn without_receivers_a_value_is_given_back_and_the_old_one_stays() {
    let (sender, receiver) = channel(1);
    drop(receiver);
    assert!(sender.is_closed());
    assert_eq!(sender.send(2), Err(SendError(2)));
    assert_eq!(*sender.borrow(), 1);
    assert_eq!(sender.send_replace(3), 1);
    assert_eq!(*sender.subscribe().borrow(), 3);
}

#[test]
fn receivers_are_counted() {
    let (sender, receiver) = channel(());
    let other = receiver.clone();
    let third = sender.subscribe();
    assert_eq!(sender.receiver_count(), 3);
    drop((receiver, third));
    assert_eq!(sender.receiver_count(), 1);
    drop(other);
    assert_eq!(sender.receiver_count(), 0);
}

#[test]
fn what_was_seen_is_remembered_per_receiver() {
    let (sender, mut first) = channel(0);
    let mut second = first.clone();
    assert_eq!(first.has_changed(), Ok(false));
    sender.send(1).unwrap();
    let mut newcomer = sender.subscribe();
    assert_eq!(newcomer.has_changed(), Ok(false));
    assert!(first.borrow().has_changed());
    assert_eq!(first.has_changed(), Ok(true));
    assert!(first.borrow_and_update().has_changed());
    assert_eq!(first.has_changed(), Ok(false));
    assert_eq!(second.clone().has_changed(), Ok(true));
    assert_eq!(poll_once(second.changed()), Poll::Ready(Ok(())));
    assert_eq!(poll_once(second.changed()), Poll::Pending);
    assert_eq!(poll_once(newcomer.changed()), Poll::Pending);
}

#[test]
fn a_value_can_be_marked_as_seen_and_as_not_seen() {
    let (sender, mut receiver) = channel(0);
    receiver.mark_changed();
    assert_eq!(receiver.has_changed(), Ok(true));
    assert_eq!(poll_once(receiver.changed()), Poll::Ready(Ok(())));
    assert_eq!(receiver.has_changed(), Ok(false));
    sender.send(1).unwrap();
    receiver.mark_unchanged();
    assert_eq!(poll_once(receiver.changed()), Poll::Pending);
    receiver.mark_changed();
    sender.send(2).unwrap();
    assert_eq!(receiver.has_changed(), Ok(true));
}

#[test]
fn the_last_value_is_seen_before_the_end() {
    let (sender, mut receiver) = channel(0);
    let other = sender.clone();
    drop(sender);
    assert_eq!(receiver.has_changed(), Ok(false));
    other.send(1).unwrap();
    drop(other);
    let closed = receiver.has_changed().unwrap_err();
    assert_eq!(poll_once(receiver.changed()), Poll::Ready(Ok(())));
    assert_eq!(*receiver.borrow(), 1);
    assert_eq!(poll_once(receiver.changed()), Poll::Ready(Err(closed)));
    receiver.mark_changed();
    assert_eq!(poll_once(receiver.changed()), Poll::Ready(Ok(())));
}

#[test]
fn modifying_says_whether_it_was_a_change() {
    let (sender, mut receiver) = channel(vec![1]);
    let woken = Arc::new(Count::default());
    {
        let mut changed = pin!(receiver.changed());
        assert!(poll(changed.as_mut(), &woken).is_pending());
        assert!(!sender.send_if_modified(|list| {
            list.push(2);
            false
        }));
        assert_eq!(woken.get(), 0);
        assert!(poll(changed.as_mut(), &woken).is_pending());
        sender.send_modify(|list| list.push(3));
        assert_eq!(woken.get(), 1);
        assert!(poll(changed.as_mut(), &woken).is_ready());
    }
    assert_eq!(*receiver.borrow(), [1, 2, 3]);
}

#[test]
fn all_who_wait_are_woken_once() {
    let (sender, receiver) = channel(0);
    let woken: Vec<_> = (0..3).map(|_| Arc::new(Count::default())).collect();
    let mut receivers = vec![receiver; 3];
    let mut waits: Vec<_> = receivers.iter_mut().map(|r| Box::pin(r.changed())).collect();
    for (wait, woken) in waits.iter_mut().zip(&woken) {
        assert!(poll(wait.as_mut(), woken).is_pending());
    }
    sender.send(1).unwrap();
    sender.send(2).unwrap();
    for (wait, woken) in waits.iter_mut().zip(&woken) {
        assert_eq!(woken.get(), 1);
        assert_eq!(poll(wait.as_mut(), woken), Poll::Ready(Ok(())));
    }
}

#[test]
fn the_waker_of_the_last_poll_is_woken() {
    let (sender, mut receiver) = channel(0);
    let (old, new) = (Arc::new(Count::default()), Arc::new(Count::default()));
    let mut changed = pin!(receiver.changed());
    assert!(poll(changed.as_mut(), &old).is_pending());
    assert!(poll(changed.as_mut(), &new).is_pending());
    drop(sender);
    assert_eq!((old.get(), new.get()), (0, 1));
    assert!(matches!(poll(changed, &new), Poll::Ready(Err(_))));
}

#[test]
fn a_dropped_wait_for_a_change_loses_nothing() {
    let (sender, mut receiver) = channel(0);
    let mut other = receiver.clone();
    let woken = Arc::new(Count::default());
    let mut kept = pin!(other.changed());
    assert!(poll(kept.as_mut(), &woken).is_pending());
    // Before it was polled, while it waits, when it was woken and not polled since.
    drop(receiver.changed());
    let mut waiting = Box::pin(receiver.changed());
    assert!(poll(waiting.as_mut(), &Arc::default()).is_pending());
    drop(waiting);
    let mut notified = Box::pin(receiver.changed());
    assert!(poll(notified.as_mut(), &Arc::default()).is_pending());
    sender.send(1).unwrap();
    drop(notified);
    assert_eq!(receiver.has_changed(), Ok(true));
    assert_eq!(poll_once(receiver.changed()), Poll::Ready(Ok(())));
    assert_eq!(woken.get(), 1);
    assert_eq!(poll(kept, &woken), Poll::Ready(Ok(())));
}

#[test]
fn senders_wait_for_the_last_receiver_to_go() {
    let (sender, receiver) = channel(());
    let other = sender.subscribe();
    let woken = Arc::new(Count::default());
    let mut closed = pin!(sender.closed());
    let mut dropped = Box::pin(sender.closed());
    assert!(poll(closed.as_mut(), &woken).is_pending());
    assert!(poll(dropped.as_mut(), &Arc::default()).is_pending());
    drop(receiver);
    assert_eq!(woken.get(), 0);
    drop(dropped);
    drop(other);
    assert_eq!(woken.get(), 1);
    // Somebody came before it looked: it waits on.
    let newcomer = sender.subscribe();
    assert!(poll(closed.as_mut(), &woken).is_pending());
    drop(newcomer);
    assert_eq!(woken.get(), 2);
    assert!(poll(closed, &woken).is_ready());
}

#[test]
fn wait_for_looks_at_the_present_value_and_at_later_ones() {
    let (sender, mut receiver) = channel(1);
    assert!(matches!(poll_once(receiver.wait_for(|n| *n == 1)), Poll::Ready(Ok(value)) if *value == 1));
    let mut asked = Vec::new();
    let woken = Arc::new(Count::default());
    {
        let mut wait = pin!(receiver.wait_for(|n| {
            asked.push(*n);
            *n >= 3
        }));
        assert!(poll(wait.as_mut(), &woken).is_pending());
        sender.send(2).unwrap();
        assert!(poll(wait.as_mut(), &woken).is_pending());
        sender.send(3).unwrap();
        let Poll::Ready(Ok(value)) = poll(wait, &woken) else {
            panic!("3 was waited for");
        };
        assert!(*value == 3 && value.has_changed());
    }
    assert_eq!(asked, [1, 2, 3]);
    assert_eq!(woken.get(), 2);
    assert_eq!(receiver.has_changed(), Ok(false));
    drop(sender);
    assert!(matches!(
        poll_once(receiver.wait_for(|n| *n == 3)),
        Poll::Ready(Ok(_))
    ));
    assert!(matches!(
        poll_once(receiver.wait_for(|n| *n == 4)),
        Poll::Ready(Err(_))
    ));
}

#[test]
fn a_dropped_wait_for_a_condition_has_seen_what_it_refused() {
    let (sender, mut receiver) = channel(1);
    let mut wait = Box::pin(receiver.wait_for(|n| *n == 3));
    assert!(poll(wait.as_mut(), &Arc::default()).is_pending());
    sender.send(2).unwrap();
    assert!(poll(wait.as_mut(), &Arc::default()).is_pending());
    drop(wait);
    assert_eq!(receiver.has_changed(), Ok(false));
    let mut wait = Box::pin(receiver.wait_for(|n| *n == 3));
    assert!(poll(wait.as_mut(), &Arc::default()).is_pending());
    sender.send(3).unwrap();
    drop(wait);
    assert_eq!(receiver.has_changed(), Ok(true));
}

#[test]
fn a_stream_gives_what_was_not_seen_and_ends_with_the_senders() {
    let (sender, mut receiver) = channel(0);
    {
        let mut values = pin!(receiver.stream());
        assert!(poll_once(values.next()).is_pending());
        sender.send(1).unwrap();
        sender.send(2).unwrap();
        assert_eq!(poll_once(values.next()), Poll::Ready(Some(2)));
        assert!(poll_once(values.next()).is_pending());
        sender.send(3).unwrap();
        // Dropped with a value that it has not given.
    }
    receiver.mark_changed();
    let mut values = pin!(receiver.into_stream());
    assert_eq!(poll_once(values.next()), Poll::Ready(Some(3)));
    sender.send(4).unwrap();
    drop(sender);
    assert_eq!(poll_once(values.next()), Poll::Ready(Some(4)));
    assert_eq!(poll_once(values.next()), Poll::Ready(None));
    assert_eq!(poll_once(values.next()), Poll::Ready(None));
}

#[test]
fn channels_are_told_apart() {
    let (sender, receiver) = channel(());
    let (other_sender, other_receiver) = channel(());
    assert!(sender.same_channel(&sender.clone()) && receiver.same_channel(&sender.subscribe()));
    assert!(!sender.same_channel(&other_sender) && !receiver.same_channel(&other_receiver));
}

#[test]
fn errors_can_be_printed_whatever_the_value() {
    struct Opaque;
    let (sender, receiver) = channel(Opaque);
    assert!(format!("{sender:?} {receiver:?}").starts_with("Sender {"));
    drop(receiver);
    let error: Box<dyn std::error::Error> = Box::new(sender.send(Opaque).unwrap_err());
    assert_eq!(
        error.to_string(),
        "the value was not sent: the channel has no receivers"
    );
    assert_eq!(format!("{error:?}"), "SendError { .. }");
    let receiver = sender.subscribe();
    drop(sender);
    let closed = receiver.has_changed().unwrap_err();
    assert_eq!(closed.to_string(), "the channel is closed: it has no senders");
}

#[test]
fn a_borrowed_value_prints_as_itself() {
    let (sender, receiver) = channel(7);
    assert_eq!(sender.borrow().to_string(), "7");
    assert_eq!(
        format!("{:?}", receiver.borrow()),
        "Ref { value: 7, has_changed: false }"
    );
}

#[test]
fn values_pass_between_tasks_on_any_executor() {
    everywhere(|| async {
        let (sender, mut receiver) = channel(0);
        let (answer, mut answers) = channel(0);
        let echo = async move {
            while receiver.changed().await.is_ok() {
                answer.send_replace(*receiver.borrow_and_update());
            }
            answer.closed().await;
        };
        let ask = async move {
            for number in 1..=100 {
                sender.send(number).unwrap();
                assert_eq!(*answers.wait_for(|n| *n == number).await.unwrap(), number);
            }
        };
        future::zip(echo, ask).await;
    });
}
