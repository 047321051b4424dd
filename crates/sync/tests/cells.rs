//! `RwLock`, `OnceCell`, `Lazy` and `oneshot`.

#[path = "kit/everywhere.rs"]
mod everywhere;

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use asyncio_sync::oneshot::{self, TryRecvError};
use asyncio_sync::{
    Lazy, OnceCell, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock, RwLockReadGuard, RwLockWriteGuard,
};
use asyncio_testing::by_hand;
use everywhere::everywhere;
use futures_lite::future::{block_on, poll_once, yield_now, zip};

static_assertions::assert_impl_all!(RwLock<u32>: Send, Sync, Unpin);
static_assertions::assert_impl_all!(RwLock<Cell<u32>>: Send);
static_assertions::assert_not_impl_any!(RwLock<Cell<u32>>: Sync);
static_assertions::assert_not_impl_any!(RwLockReadGuard<'static, Cell<u32>>: Send, Sync);
static_assertions::assert_not_impl_any!(RwLockWriteGuard<'static, Cell<u32>>: Sync);
static_assertions::assert_not_impl_any!(OwnedRwLockReadGuard<Cell<u32>>: Send, Sync);
static_assertions::assert_not_impl_any!(OwnedRwLockWriteGuard<Cell<u32>>: Sync);
static_assertions::assert_impl_all!(OwnedRwLockWriteGuard<u32>: Send, Sync);
static_assertions::assert_impl_all!(OnceCell<u32>: Send, Sync, Unpin);
static_assertions::assert_not_impl_any!(OnceCell<Cell<u32>>: Sync);
static_assertions::assert_impl_all!(Lazy<u32>: Send, Sync, Unpin);
static_assertions::assert_impl_all!(oneshot::Sender<Cell<u32>>: Send, Sync, Unpin);
static_assertions::assert_impl_all!(oneshot::Receiver<Cell<u32>>: Send, Sync, Unpin);
static_assertions::assert_not_impl_any!(oneshot::Sender<std::rc::Rc<u32>>: Send, Sync);
static_assertions::assert_not_impl_any!(oneshot::Receiver<std::rc::Rc<u32>>: Send, Sync);

#[test]
fn many_read_or_one_writes() {
    let lock = RwLock::new(1);
    let (one, two) = (block_on(lock.read()), lock.try_read().unwrap());
    assert_eq!(*one + *two, 2);
    assert!(lock.try_write().is_none());
    let mut writes = by_hand(lock.write()).waits();
    assert!(lock.try_read().is_none(), "it would overtake the writer");
    let mut reads = by_hand(lock.read()).waits();
    drop((one, two));
    let mut writing = writes.poll().unwrap();
    *writing = 5;
    assert!(reads.poll().is_none());
    drop(writing);
    assert_eq!(*reads.poll().unwrap(), 5);
}

#[test]
fn readers_behind_a_writer_that_gives_up_go_on() {
    let lock = RwLock::new(1);
    let reading = block_on(lock.read());
    let writes = by_hand(lock.write()).waits();
    let mut readers = [by_hand(lock.read()).waits(), by_hand(lock.read()).waits()];
    drop(writes);
    for reader in &mut readers {
        assert!(reader.poll().is_some());
    }
    drop((reading, readers));
    assert!(lock.try_write().is_some());
}

#[test]
fn a_writer_can_become_a_reader_without_a_writer_between() {
    let lock = Arc::new(RwLock::new(1));
    let writing = block_on(lock.write());
    let mut reads = by_hand(lock.read()).waits();
    let mut writes = by_hand(lock.write()).waits();
    let reading = RwLockWriteGuard::downgrade(writing);
    let other = reads.poll().unwrap();
    assert!(writes.poll().is_none());
    assert_eq!(*reading + *other, 2);
    drop((reading, other));
    drop(writes.poll().unwrap());
    drop((reads, writes));
    {
        let (one, two) = (block_on(lock.clone().read_owned()), lock.read_blocking());
        assert_eq!(*one + *two, 2);
    }
    *block_on(lock.clone().write_owned()) += 1;
    *lock.write_blocking() += 1;
    let mut lock = Arc::into_inner(lock).unwrap();
    *lock.get_mut() += 1;
    assert_eq!(lock.into_inner(), 4);
}

#[test]
fn readers_and_writers_of_many_executors_agree() {
    static PAIR: RwLock<(usize, usize)> = RwLock::new((0, 0));
    everywhere(|| async {
        let write = async {
            for _ in 0..500 {
                let mut pair = PAIR.write().await;
                pair.0 += 1;
                yield_now().await;
                pair.1 += 1;
            }
        };
        let read = async {
            for _ in 0..500 {
                let pair = PAIR.read().await;
                yield_now().await;
                assert_eq!(pair.0, pair.1);
            }
        };
        zip(write, zip(read, async { drop(PAIR.read().await) })).await;
    });
    assert_eq!(*PAIR.try_read().unwrap(), (2500, 2500));
}

#[test]
fn a_cell_is_written_once_whoever_asks() {
    everywhere(|| async {
        let cell = OnceCell::new();
        let made = AtomicUsize::new(0);
        let make = async || {
            made.fetch_add(1, Ordering::SeqCst);
            yield_now().await;
            7
        };
        let (one, two) = zip(cell.get_or_init(make), cell.get_or_init(make)).await;
        assert_eq!((one, two, made.load(Ordering::SeqCst)), (&7, &7, 1));
    });
}

#[test]
fn the_next_in_line_makes_the_value_when_the_first_gives_up_or_fails() {
    let cell = OnceCell::new();
    let mut first = by_hand(cell.get_or_init(async || std::future::pending::<u32>().await)).waits();
    let mut second = by_hand(cell.get_or_try_init(async || Err("failed"))).waits();
    let mut third = by_hand(cell.get_or_init(async || 3)).waits();
    assert!(first.poll().is_none());
    drop(first);
    assert_eq!(second.poll(), Some(Err("failed")));
    assert_eq!(third.poll(), Some(&3));
    drop((second, third));
    let mut cell = cell;
    assert_eq!((cell.get(), cell.set(4)), (Some(&3), Err(4)));
    assert_eq!((cell.take(), cell.get()), (Some(3), None));
    assert_eq!(cell.set(5), Ok(()));
    assert_eq!(cell.into_inner(), Some(5));
    assert_eq!(OnceCell::from(6).get_mut(), Some(&mut 6));
}

#[test]
fn a_value_that_is_set_while_it_is_made_wins() {
    let cell = OnceCell::new();
    let mut makes = by_hand(cell.get_or_init(async || {
        yield_now().await;
        1
    }))
    .waits();
    assert!(cell.set(2).is_ok());
    assert_eq!(makes.poll(), Some(&2));
}

#[test]
fn a_lazy_value_is_made_at_its_first_use() {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    static VALUE: Lazy<usize> = Lazy::new(|| {
        Box::pin(async {
            yield_now().await;
            MADE.fetch_add(1, Ordering::SeqCst) + 10
        })
    });
    assert!(VALUE.get().is_none());
    // Dropped half-way: the next one begins anew.
    assert!(block_on(poll_once(VALUE.force())).is_none());
    everywhere(|| async {
        assert_eq!(VALUE.force().await, &10);
    });
    assert_eq!(MADE.load(Ordering::SeqCst), 1);
}

#[test]
fn one_value_goes_from_a_thread_to_a_task() {
    everywhere(|| async {
        for round in 0..100 {
            let (sender, receiver) = oneshot::channel();
            let thread = thread::spawn(move || sender.send(round));
            assert_eq!(receiver.await, Ok(round));
            assert_eq!(thread.join().unwrap(), Ok(()));
        }
    });
}

#[test]
fn a_value_that_nobody_wants_is_given_back() {
    let (sender, receiver) = oneshot::channel();
    assert!(!sender.is_closed());
    let mut closed = by_hand(sender.closed()).waits();
    drop(receiver);
    assert_eq!(closed.wakes(), 1);
    assert!(closed.poll().is_some());
    drop(closed);
    assert!(sender.is_closed());
    assert_eq!(sender.send(5).unwrap_err().0, 5);
}

#[test]
fn a_receiver_can_look_and_close() {
    let (sender, mut receiver) = oneshot::channel();
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    sender.send(1).unwrap();
    receiver.close();
    assert_eq!(receiver.try_recv(), Ok(1), "it was sent before");
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    assert!(block_on(&mut receiver).is_err());

    let (sender, mut receiver) = oneshot::channel();
    receiver.close();
    assert_eq!(sender.send(2).unwrap_err().0, 2);
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));

    let (sender, receiver) = oneshot::channel::<u32>();
    let mut waits = by_hand(receiver).waits();
    drop(sender);
    assert_eq!(waits.wakes(), 1);
    assert!(waits.poll().unwrap().is_err());

    let (sender, receiver) = oneshot::channel();
    let thread = thread::spawn(move || receiver.recv_blocking());
    sender.send(3).unwrap();
    assert_eq!(thread.join().unwrap(), Ok(3));
}

/// A value is dropped once, by whoever has it: the class of a poll, a drop of the receiver, and a send.
#[test]
fn no_value_is_dropped_twice_or_kept() {
    let value = Arc::new(());
    let (sender, receiver) = oneshot::channel();
    let waits = by_hand(receiver).waits();
    drop(waits);
    drop(sender.send(value.clone()));
    let (sender, receiver) = oneshot::channel();
    sender.send(value.clone()).unwrap();
    drop(receiver);
    // A dropped receiver does not keep the task that it woke.
    let (sender, receiver) = oneshot::channel::<u32>();
    let waits = by_hand(receiver).waits();
    drop(waits);
    drop(sender);
    assert_eq!(Arc::strong_count(&value), 1);
}

#[test]
fn a_sender_learns_in_any_case_that_the_receiver_is_gone() {
    for round in 0..2000 {
        let (sender, receiver) = oneshot::channel::<u32>();
        let thread = thread::spawn(move || {
            if round % 2 == 0 {
                thread::yield_now();
            }
            drop(receiver);
        });
        block_on(zip(sender.closed(), sender.closed()));
        assert!(sender.is_closed());
        thread.join().unwrap();
    }
}
