//! What a watch channel does with code that it does not know: closures that panic, values and wakers that use the
//! channel.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};

use asyncio_sync::watch::{Receiver, Sender, channel};

use super::{Count, poll, poll_once};

#[test]
fn a_panic_while_modifying_leaves_the_channel_usable_and_wakes_nobody() {
    let (sender, mut receiver) = channel(1);
    let woken = Arc::new(Count::default());
    {
        let mut changed = pin!(receiver.changed());
        assert!(poll(changed.as_mut(), &woken).is_pending());
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            sender.send_modify(|value| {
                *value = 2;
                panic!("as planned");
            });
        }));
        assert!(panicked.is_err());
        assert_eq!(woken.get(), 0);
        assert!(poll(changed.as_mut(), &woken).is_pending());
    }
    assert_eq!(receiver.has_changed(), Ok(false));
    assert_eq!((*sender.borrow(), *receiver.borrow()), (2, 2));
    sender.send(3).unwrap();
    assert_eq!(*receiver.borrow_and_update(), 3);
}

#[test]
fn a_panic_of_a_condition_leaves_the_value_unseen_and_the_channel_usable() {
    let (sender, mut receiver) = channel(1);
    sender.send(2).unwrap();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        poll_once(receiver.wait_for(|_| panic!("as planned"))).is_ready()
    }));
    assert!(panicked.is_err());
    assert_eq!(receiver.has_changed(), Ok(true));
    sender.send(3).unwrap();
    assert_eq!(*receiver.borrow_and_update(), 3);
}

/// Uses its channel when it is dropped, which hangs if a lock is held.
struct Nosy(Option<Sender<Nosy>>);

impl Drop for Nosy {
    fn drop(&mut self) {
        if let Some(sender) = self.0.take() {
            sender.send_modify(|_| {});
            assert!(sender.borrow().0.is_none());
        }
    }
}

#[test]
fn values_are_dropped_when_no_lock_is_held() {
    let (sender, receiver) = channel(Nosy(None));
    sender.send_modify(|value| value.0 = Some(sender.clone()));
    assert!(sender.send(Nosy(None)).is_ok());
    drop(receiver);
    assert!(sender.send(Nosy(Some(sender.clone()))).is_err());
    assert!(sender.borrow().0.is_none());
}

/// Uses a channel when it is woken, which hangs if a lock is held.
struct NosyWaker(Mutex<Receiver<u32>>, Count);

impl Wake for NosyWaker {
    fn wake(self: Arc<Self>) {
        let mut receiver = self.0.lock().expect("nobody panics with it");
        let _ = receiver.has_changed();
        assert!(poll_once(receiver.wait_for(|n| *n < 10)).is_ready());
        self.1.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn wakers_are_woken_when_no_lock_is_held() {
    let (sender, mut receiver) = channel(0);
    let nosy = Arc::new(NosyWaker(Mutex::new(receiver.clone()), Count::default()));
    let waker = Waker::from(nosy.clone());
    let mut wait = pin!(receiver.wait_for(|n| *n == 10));
    for value in 1..4 {
        assert!(wait.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        sender.send(value).unwrap();
    }
    assert!(wait.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    drop(sender);
    assert_eq!(nosy.1.get(), 4);
}
