//! What a broadcast channel does with code that it does not know: items and wakers that use the channel, and clones
//! that panic.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};

use asyncio_sync::broadcast::{Receiver, Sender, TryRecvError, channel};

use super::{Count, poll_once};

/// Uses its channel when it is cloned or dropped, which hangs if a lock is held.
struct Nosy(Sender<Nosy>, Arc<AtomicUsize>);

impl Clone for Nosy {
    fn clone(&self) -> Nosy {
        self.1.fetch_add(1, Ordering::SeqCst);
        let _ = self.0.receiver_count();
        Nosy(self.0.clone(), self.1.clone())
    }
}

impl Drop for Nosy {
    fn drop(&mut self) {
        let _ = self.0.len();
    }
}

#[test]
fn items_are_cloned_and_dropped_when_no_lock_is_held_and_the_last_is_not_cloned() {
    let (sender, mut first) = channel(2);
    let mut second = sender.subscribe();
    let clones = Arc::new(AtomicUsize::new(0));
    let item = || Nosy(sender.clone(), clones.clone());
    assert!(sender.send(item()).is_ok());
    assert!(first.try_recv().is_ok());
    assert_eq!(clones.load(Ordering::SeqCst), 1);
    assert!(poll_once(second.recv()).is_ready());
    assert_eq!(clones.load(Ordering::SeqCst), 1);
    // Lost to a slow receiver.
    for _ in 0..3 {
        assert!(sender.send(item()).is_ok());
    }
    // Given up by those who go, and given back.
    drop(first);
    assert_eq!(sender.len(), 2);
    drop(second);
    assert_eq!(sender.len(), 0);
    assert!(sender.send(item()).is_err());
}

/// Uses a channel when it is woken, which hangs if a lock is held.
struct NosyWaker(Mutex<Receiver<u32>>, Count);

impl Wake for NosyWaker {
    fn wake(self: Arc<Self>) {
        let mut receiver = self.0.lock().expect("nobody panics with it");
        assert_ne!(receiver.try_recv(), Err(TryRecvError::Empty));
        self.1.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn wakers_are_woken_when_no_lock_is_held() {
    let (sender, mut receiver) = channel(2);
    let nosy = Arc::new(NosyWaker(Mutex::new(sender.subscribe()), Count::default()));
    let waker = Waker::from(nosy.clone());
    let mut context = Context::from_waker(&waker);
    assert!(pin!(receiver.recv()).poll(&mut context).is_pending());
    // That one is gone, and is not woken.
    sender.send(0).unwrap();
    assert_eq!(nosy.1.get(), 0);
    assert_eq!(receiver.try_recv(), Ok(0));
    {
        let mut recv = pin!(receiver.recv());
        assert!(recv.as_mut().poll(&mut context).is_pending());
        sender.send(1).unwrap();
        assert_eq!(nosy.1.get(), 1);
        assert!(recv.poll(&mut context).is_ready());
    }
    let mut recv = pin!(receiver.recv());
    assert!(recv.as_mut().poll(&mut context).is_pending());
    drop(sender);
    assert_eq!(nosy.1.get(), 2);
}

#[test]
fn a_panic_of_a_clone_takes_that_item_from_that_receiver_only() {
    #[derive(Debug, PartialEq)]
    struct Fragile(u8);
    impl Clone for Fragile {
        fn clone(&self) -> Fragile {
            assert_ne!(self.0, 1, "as planned");
            Fragile(self.0)
        }
    }
    let (sender, mut first) = channel(4);
    let mut second = sender.subscribe();
    sender.send(Fragile(1)).unwrap();
    sender.send(Fragile(2)).unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| first.try_recv())).is_err());
    assert_eq!(first.try_recv(), Ok(Fragile(2)));
    assert_eq!(second.try_recv(), Ok(Fragile(1)));
    assert_eq!(second.try_recv(), Ok(Fragile(2)));
}
