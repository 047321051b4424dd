//! Channels: a value that was sent is received once, or is still there, when the one who waited for it is cancelled.
#![expect(clippy::await_holding_refcell_ref, reason = "one task borrows it at a time")]

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;

use asyncio::yield_now;
use asyncio_sync::{broadcast, oneshot, watch};
use futures_lite::StreamExt;

use crate::kit::{World, explore};

/// Both ends, and a value whose copies can be counted.
type Ends = (
    Cell<Option<oneshot::Sender<Rc<u32>>>>,
    RefCell<Option<oneshot::Receiver<Rc<u32>>>>,
    Rc<u32>,
);
type Once = World<Ends>;

fn ends() -> Ends {
    let (sender, receiver) = oneshot::channel();
    (Cell::new(Some(sender)), RefCell::new(Some(receiver)), Rc::new(7))
}

/// Rival 0 sends, and notes whether it got the value back.
fn send_once(world: &Rc<Once>) {
    world.rival(0, |world| async move {
        world.pause().await;
        let sender = world.thing.0.take().expect("sent once");
        if sender.send(world.thing.2.clone()).is_err() {
            world.see(0);
        }
    });
}

#[test]
fn a_value_that_was_sent_once_is_received_once() {
    explore(
        ends,
        send_once,
        |world| async move {
            let mut receiver = world.thing.1.borrow_mut();
            let value = receiver.as_mut().expect("there").await;
            world.see(*value.expect("sent"));
        },
        async |world| {
            let mut receiver = world.thing.1.take().expect("there");
            let left = receiver.try_recv();
            match world.seen.borrow()[..] {
                [] => assert_eq!(left.as_deref(), Ok(&7), "the value is still there"),
                [7] => assert_eq!(left, Err(oneshot::TryRecvError::Closed)),
                ref seen => panic!("{seen:?}"),
            }
            drop(left);
            assert_eq!(Rc::strong_count(&world.thing.2), 1);
        },
    );
}

#[test]
fn a_value_that_nobody_receives_any_more_is_given_back_or_dropped() {
    explore(
        ends,
        send_once,
        |world| async move {
            let receiver = world.thing.1.take().expect("there");
            assert_eq!(*receiver.await.expect("sent"), 7);
            world.see(7);
        },
        async |world| {
            let received = world.seen.borrow().contains(&7);
            let given_back = world.seen.borrow().contains(&0);
            assert!(!(received && given_back), "it is in one place");
            drop(world.thing.1.take());
            assert_eq!(Rc::strong_count(&world.thing.2), 1, "no value is left behind");
        },
    );
}

#[test]
fn a_sender_hears_that_the_receiver_went_whoever_listened_with_it() {
    explore(
        || {
            let (sender, receiver) = oneshot::channel::<u32>();
            (sender, Cell::new(Some(receiver)))
        },
        |world| {
            world.rival(0, |world| async move {
                world.pause().await;
                drop(world.thing.1.take());
            });
            for number in [1, 2] {
                world.rival(number, |world| async move { world.thing.0.closed().await });
            }
        },
        |world| async move { world.thing.0.closed().await },
        async |world| {
            assert_eq!(world.order(), [0, 1, 2]);
            assert!(world.thing.0.is_closed());
            world.thing.0.closed().await;
        },
    );
}

type Watched = World<(watch::Sender<u32>, RefCell<watch::Receiver<u32>>)>;

/// Rival 0 sends 1 and 2; the others wait for 2, with a receiver of their own.
fn explore_watch<F: Future<Output = ()> + 'static>(operation: impl Fn(Rc<Watched>) -> F) {
    explore(
        || {
            let (sender, receiver) = watch::channel(0);
            (sender, RefCell::new(receiver))
        },
        |world| {
            world.rival(0, |world| async move {
                world.pause().await;
                for value in [1, 2] {
                    world.thing.0.send(value).expect("there are receivers");
                    yield_now().await;
                }
            });
            for number in [1, 2] {
                world.rival(number, |world| async move {
                    let mut receiver = world.thing.0.subscribe();
                    while *receiver.borrow_and_update() < 2 {
                        receiver.changed().await.expect("not closed");
                    }
                });
            }
        },
        operation,
        async |world| {
            assert_eq!(world.order().len(), 3, "everybody saw the last value");
            let mut receiver = world.thing.1.borrow_mut();
            let seen = world.seen.borrow().last().copied();
            // What counts as seen was seen; the last value is not lost.
            assert_eq!(receiver.has_changed(), Ok(seen != Some(2)));
            if seen != Some(2) {
                receiver.changed().await.expect("not closed");
            }
            assert_eq!(*receiver.borrow(), 2);
            assert_eq!(world.thing.0.receiver_count(), 1);
        },
    );
}

#[test]
fn a_change_counts_as_seen_only_by_one_who_saw_it() {
    explore_watch(|world| async move {
        let mut receiver = world.thing.1.borrow_mut();
        loop {
            // Between these two there is no suspension.
            receiver.changed().await.expect("not closed");
            let value = *receiver.borrow_and_update();
            world.see(value);
            if value == 2 {
                return;
            }
        }
    });
    explore_watch(|world| async move {
        let mut receiver = world.thing.1.borrow_mut();
        let value = receiver.wait_for(|value| {
            // What was looked at counts as seen.
            world.see(*value);
            *value == 2
        });
        assert!(value.await.expect("not closed").has_changed());
    });
    explore_watch(|world| async move {
        let mut receiver = world.thing.1.borrow_mut();
        let mut values = pin!(receiver.stream());
        while let Some(value) = values.next().await {
            world.see(value);
            if value == 2 {
                return;
            }
        }
    });
}

#[test]
fn a_watch_hears_that_the_receivers_went_whoever_listened_with_it() {
    explore(
        || {
            let (sender, receiver) = watch::channel(0);
            (sender, Cell::new(Some(receiver)))
        },
        |world| {
            world.rival(0, |world| async move {
                world.pause().await;
                drop(world.thing.1.take());
            });
            for number in [1, 2] {
                world.rival(number, |world| async move { world.thing.0.closed().await });
            }
        },
        |world| async move { world.thing.0.closed().await },
        async |world| {
            assert_eq!(world.order(), [0, 1, 2]);
            assert_eq!(
                (world.thing.0.is_closed(), world.thing.0.receiver_count()),
                (true, 0)
            );
            let receiver = world.thing.0.subscribe();
            assert_eq!(world.thing.0.receiver_count(), 1);
            drop(receiver);
            world.thing.0.closed().await;
        },
    );
}

type Sent = World<(broadcast::Sender<u32>, RefCell<broadcast::Receiver<u32>>)>;

/// Rival 0 sends 1, 2 and 3; the others receive all of it.
fn explore_broadcast<F: Future<Output = ()> + 'static>(operation: impl Fn(Rc<Sent>) -> F) {
    explore(
        || {
            let (sender, receiver) = broadcast::channel(4);
            (sender, RefCell::new(receiver))
        },
        |world| {
            world.rival(0, |world| async move {
                world.pause().await;
                for item in [1, 2, 3] {
                    assert_eq!(world.thing.0.send(item), Ok(3));
                    yield_now().await;
                }
            });
            for number in [1, 2] {
                let mut receiver = world.thing.0.subscribe();
                world.rival(number, move |_| async move {
                    for item in [1, 2, 3] {
                        assert_eq!(receiver.recv().await, Ok(item));
                    }
                    assert!(receiver.is_empty());
                    // Kept until all was sent.
                    yield_now().await;
                });
            }
        },
        operation,
        async |world| {
            assert_eq!(world.order().len(), 3);
            let mut receiver = world.thing.1.borrow_mut();
            let mut all = world.seen.borrow().clone();
            while let Ok(item) = receiver.try_recv() {
                all.push(item);
            }
            assert_eq!(all, [1, 2, 3], "each item once, and in order");
            assert_eq!(world.thing.0.receiver_count(), 1);
            assert!(world.thing.0.is_empty(), "what all have seen is not kept");
        },
    );
}

#[test]
fn an_item_for_all_is_received_once_by_each() {
    explore_broadcast(|world| async move {
        let mut receiver = world.thing.1.borrow_mut();
        for _ in 0..3 {
            world.see(receiver.recv().await.expect("sent"));
        }
    });
    explore_broadcast(|world| async move {
        let mut receiver = world.thing.1.borrow_mut();
        let mut items = pin!(receiver.stream().take(2));
        while let Some(item) = items.next().await {
            world.see(item.expect("sent"));
        }
    });
}
