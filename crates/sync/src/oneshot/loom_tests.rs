//! Models of a send, a close and a wait that meet.

use std::pin::pin;
use std::task::Poll;

use loom::sync::Arc;
use loom::thread;

use super::channel;
use crate::loom_kit::{block_on, poll_once};

#[test]
fn loom_what_was_sent_is_received() {
    loom::model(|| {
        let (sender, receiver) = channel();
        let other = thread::spawn(move || sender.send(Arc::new(7)).is_ok());
        assert_eq!(block_on(receiver).map(|value| *value), Ok(7));
        assert!(other.join().expect("no model panics"));
    });
}

#[test]
fn loom_a_receiver_with_a_new_waker_is_woken() {
    loom::model(|| {
        let (sender, receiver) = channel();
        let other = thread::spawn(move || sender.send(Arc::new(7)).is_ok());
        let mut receiver = pin!(receiver);
        let value = match poll_once(receiver.as_mut()) {
            Poll::Ready(value) => value,
            Poll::Pending => block_on(receiver),
        };
        assert_eq!(value.map(|value| *value), Ok(7));
        assert!(other.join().expect("no model panics"));
    });
}

#[test]
fn loom_a_dropped_sender_ends_the_wait() {
    loom::model(|| {
        let (sender, receiver) = channel::<Arc<u32>>();
        let other = thread::spawn(move || drop(sender));
        assert!(block_on(receiver).is_err());
        other.join().expect("no model panics");
    });
}

/// The class of a value that is dropped twice, or by both, when sending and closing meet.
#[test]
fn loom_of_a_send_and_a_close_one_has_the_value() {
    loom::model(|| {
        let (sender, mut receiver) = channel();
        let value = Arc::new(7);
        let sent = value.clone();
        let other = thread::spawn(move || match sender.send(sent) {
            Ok(()) => true,
            Err(error) => {
                drop(error.0);
                false
            }
        });
        receiver.close();
        let received = receiver.try_recv().is_ok();
        drop(receiver);
        assert_eq!(other.join().expect("no model panics"), received);
        assert_eq!(Arc::strong_count(&value), 1);
    });
}

/// The class of polling, dropping the receiver, and sending.
#[test]
fn loom_a_receiver_that_waited_can_be_dropped_while_the_value_comes() {
    loom::model(|| {
        let (sender, receiver) = channel();
        let value = Arc::new(7);
        let sent = value.clone();
        let other = thread::spawn(move || drop(sender.send(sent)));
        let mut receiver = Box::pin(receiver);
        drop(poll_once(receiver.as_mut()));
        drop(receiver);
        other.join().expect("no model panics");
        assert_eq!(Arc::strong_count(&value), 1);
    });
}

#[test]
fn loom_a_sender_learns_that_the_receiver_closed() {
    loom::model(|| {
        let (sender, receiver) = channel::<u32>();
        let other = thread::spawn(move || drop(receiver));
        block_on(sender.closed());
        assert!(sender.is_closed());
        other.join().expect("no model panics");
    });
}
