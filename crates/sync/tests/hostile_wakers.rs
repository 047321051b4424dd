//! Wakers that panic when they are woken, cloned or dropped, or that use what they are woken by: nobody else's turn is
//! lost to them.

#![expect(unsafe_code, reason = "a waker whose clone panics")]

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, RawWaker, RawWakerVTable, Wake, Waker};
use std::time::Duration;

use asyncio_sync::{Lock, OnceCell, RwLock, RwLockWriteGuard, Semaphore, oneshot};
use asyncio_testing::by_hand;

struct Panics;
impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a waker that panics");
    }
}

fn raw_panics() -> Waker {
    static VTABLE: RawWakerVTable =
        RawWakerVTable::new(|_| panic!("a clone that panics"), |_| {}, |_| {}, |_| {});
    // SAFETY: no data.
    unsafe { Waker::from_raw(RawWaker::new(std::ptr::null(), &VTABLE)) }
}

#[test]
fn a_downgrade_loses_no_permit_when_a_waker_panics() {
    let lock = RwLock::new(1);
    let guard = lock.try_write().unwrap();
    let mut reader = Box::pin(lock.read());
    let waker = Waker::from(Arc::new(Panics));
    assert!(
        reader
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    drop(catch_unwind(AssertUnwindSafe(|| {
        drop(RwLockWriteGuard::downgrade(guard))
    })));
    drop(reader);
    assert!(lock.try_read().is_some());
    assert!(
        lock.try_write().is_some(),
        "no guard exists, and nobody can write any more: for ever"
    );
}

#[test]
fn a_waker_whose_clone_panics_leaves_the_line_as_it_was() {
    let semaphore = Semaphore::new(1);
    let mut two = Box::pin(semaphore.acquire_many(2));
    let waker = raw_panics();
    let polled = catch_unwind(AssertUnwindSafe(|| {
        two.as_mut().poll(&mut Context::from_waker(&waker)).is_pending()
    }));
    assert!(polled.is_err());
    drop(two);
    assert_eq!(semaphore.available_permits(), 1);
    assert!(
        by_hand(semaphore.acquire()).poll().is_some(),
        "one permit, nobody in line, and yet it waits"
    );
}

#[test]
fn a_waker_whose_clone_panics_leaves_readers_free_to_come() {
    let lock = RwLock::new(1);
    let reader = lock.try_read().unwrap();
    let mut write = Box::pin(lock.write());
    let waker = raw_panics();
    let polled = catch_unwind(AssertUnwindSafe(|| {
        write.as_mut().poll(&mut Context::from_waker(&waker)).is_pending()
    }));
    assert!(polled.is_err());
    drop(write);
    assert!(lock.try_read().is_some(), "one reads, nobody waits");
    drop(reader);
}

#[test]
fn who_waits_for_a_cell_that_is_set_need_not_wait() {
    let cell = OnceCell::new();
    let _maker = by_hand(cell.get_or_init(async || std::future::pending::<u32>().await)).waits();
    let mut other = by_hand(cell.get_or_init(async || 2)).waits();
    cell.set(1).unwrap();
    assert_eq!(cell.get(), Some(&1));
    assert_eq!(
        other.poll(),
        Some(&1),
        "the value is there, and it waits for one who makes another (wakes: {})",
        other.wakes()
    );
}

struct DropPanics;
impl Wake for DropPanics {
    fn wake(self: Arc<Self>) {
        std::mem::forget(self)
    }
}
impl Drop for DropPanics {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("a drop that panics");
        }
    }
}

/// Polls once with a waker whose only reference is the one that is kept by the primitive.
fn park<F: Future>(future: F) -> std::pin::Pin<Box<F>> {
    let mut future = Box::pin(future);
    let waker = Waker::from(Arc::new(DropPanics));
    assert!(
        future
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    drop(waker);
    future
}

#[test]
fn who_stands_behind_one_that_leaves_is_woken_although_its_waker_panics() {
    let semaphore = Semaphore::new(1);
    let two = park(semaphore.acquire_many(2));
    let one = by_hand(semaphore.acquire()).waits();
    assert!(catch_unwind(AssertUnwindSafe(|| drop(two))).is_err());
    assert_eq!(
        semaphore.available_permits(),
        0,
        "the permit was handed to the one behind"
    );
    assert_eq!(one.wakes(), 1, "and it was not told: it sleeps for ever");
}

#[test]
fn readers_behind_a_writer_that_leaves_are_woken_although_its_waker_panics() {
    let lock = RwLock::new(0);
    let _reader = lock.try_read().unwrap();
    let writer = park(lock.write());
    let behind = by_hand(lock.read()).waits();
    assert!(catch_unwind(AssertUnwindSafe(|| drop(writer))).is_err());
    assert_eq!(behind.wakes(), 1);
}

#[test]
fn a_sender_hears_of_a_receiver_that_is_gone_although_its_waker_panics() {
    let (sender, receiver) = oneshot::channel::<u8>();
    let receiver = park(receiver);
    let mut closed = by_hand(sender.closed()).waits();
    assert!(catch_unwind(AssertUnwindSafe(|| drop(receiver))).is_err());
    assert!(sender.is_closed());
    assert_eq!(
        (closed.wakes(), closed.poll()),
        (1, Some(())),
        "it sleeps for ever, even when it is polled again"
    );
}

/// Sanity: a waker that uses the primitive in wake and in drop.
#[test]
fn a_waker_that_uses_the_lock_when_it_is_woken_or_dropped_is_fine() {
    struct Uses(Arc<Lock<u32>>, AtomicUsize);
    impl Wake for Uses {
        fn wake(self: Arc<Self>) {
            drop(self.0.try_acquire());
            self.1.fetch_add(1, Ordering::Relaxed);
        }
    }
    impl Drop for Uses {
        fn drop(&mut self) {
            drop(by_hand(self.0.acquire()).poll());
        }
    }
    let lock = Arc::new(Lock::new(0));
    for _ in 0..3 {
        let guard = lock.try_acquire().unwrap();
        let waker = Waker::from(Arc::new(Uses(lock.clone(), AtomicUsize::new(0))));
        let mut wait = Box::pin(lock.acquire());
        assert!(wait.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        drop(waker);
        let other = Waker::from(Arc::new(Uses(lock.clone(), AtomicUsize::new(0))));
        assert!(wait.as_mut().poll(&mut Context::from_waker(&other)).is_pending());
        drop(other);
        drop(guard);
        drop(wait);
    }
    assert!(lock.try_acquire().is_some());
}

#[test]
fn a_waker_that_panics_does_not_keep_another_from_being_woken() {
    let (sender, receiver) = oneshot::channel::<u8>();
    let mut first = Box::pin(sender.closed());
    let waker = Waker::from(Arc::new(Panics));
    assert!(first.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    let mut second = by_hand(sender.closed()).waits();
    drop(catch_unwind(AssertUnwindSafe(|| drop(receiver))));
    assert_eq!((second.wakes(), second.poll()), (1, Some(())));
}

type Future1 = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;
/// An executor that polls inline, as some do: wake drops (or polls) the future at once.
struct Inline(Mutex<Option<Future1>>);
impl Wake for Inline {
    fn wake(self: Arc<Self>) {
        let future = self.0.lock().expect("nobody panics with it").take();
        drop(future); // the task was cancelled, or has ended
    }
}

#[test]
fn a_waker_may_drop_the_future_when_it_is_woken() {
    let (done, is_done) = mpsc::channel();
    std::thread::spawn(move || {
        let (sender, receiver) = oneshot::channel::<u8>();
        let inline = Arc::new(Inline(Mutex::new(None)));
        let mut future: Future1 = Box::pin(async move { sender.closed().await });
        let waker = Waker::from(inline.clone());
        assert!(
            future
                .as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        *inline.0.lock().unwrap() = Some(future);
        drop(receiver);
        done.send(()).unwrap();
    });
    assert!(
        is_done.recv_timeout(Duration::from_secs(3)).is_ok(),
        "a deadlock: woken under a lock"
    );
}
#[test]
fn the_same_with_an_event_is_fine() {
    let (done, is_done) = mpsc::channel();
    std::thread::spawn(move || {
        let event = Arc::new(asyncio_sync::Event::new());
        let inline = Arc::new(Inline(Mutex::new(None)));
        let e = event.clone();
        let mut future: Future1 = Box::pin(async move { e.wait().await });
        let waker = Waker::from(inline.clone());
        assert!(
            future
                .as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        *inline.0.lock().unwrap() = Some(future);
        event.set();
        done.send(()).unwrap();
    });
    assert!(is_done.recv_timeout(Duration::from_secs(3)).is_ok());
}
