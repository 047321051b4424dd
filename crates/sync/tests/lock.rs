//! `Lock`: who has it, who is next, and that nobody is forgotten.

#[path = "kit/everywhere.rs"]
mod everywhere;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use asyncio_sync::{Acquire, Lock, LockGuard, OwnedLockGuard};
use asyncio_testing::by_hand;
use everywhere::everywhere;
use futures_lite::future::{block_on, zip};

static_assertions::assert_impl_all!(Lock<u32>: Send, Sync, Unpin);
static_assertions::assert_impl_all!(Lock<std::cell::Cell<u32>>: Send, Sync);
static_assertions::assert_not_impl_any!(Lock<std::rc::Rc<u32>>: Send, Sync);
static_assertions::assert_impl_all!(LockGuard<'static, u32>: Send, Sync);
static_assertions::assert_impl_all!(LockGuard<'static, std::cell::Cell<u32>>: Send);
static_assertions::assert_not_impl_any!(LockGuard<'static, std::cell::Cell<u32>>: Sync);
static_assertions::assert_impl_all!(OwnedLockGuard<std::cell::Cell<u32>>: Send);
static_assertions::assert_not_impl_any!(OwnedLockGuard<std::cell::Cell<u32>>: Sync);
static_assertions::assert_not_impl_any!(OwnedLockGuard<std::rc::Rc<u32>>: Send, Sync);
static_assertions::assert_impl_all!(Acquire<'static, u32>: Send, Sync);
static_assertions::assert_not_impl_any!(Acquire<'static, u32>: Unpin);

/// SYN-02, SYN-05: not held at first, and not re-entrant.
#[test]
fn a_lock_is_free_at_first_and_then_held_by_one() {
    let lock: Lock = Lock::default();
    assert!(!lock.locked());
    let held = block_on(lock.acquire());
    assert!(lock.locked());
    let again = by_hand(lock.acquire()).waits();
    assert!(lock.try_acquire().is_none());
    drop((again, held));
    assert!(!lock.locked());
    assert!(lock.try_acquire().is_some());
}

/// SYN-03: first come, first served, and a newcomer cannot overtake.
#[test]
fn a_lock_goes_to_the_one_that_has_waited_longest() {
    let lock = Lock::new(());
    let held = block_on(lock.acquire());
    let mut first = by_hand(lock.acquire()).waits();
    let mut second = by_hand(lock.acquire()).waits();
    drop(held);
    // Before the first has run.
    let mut newcomer = by_hand(lock.acquire()).waits();
    assert!(lock.try_acquire().is_none() && second.poll().is_none());
    let held = first.poll().unwrap();
    assert!(newcomer.poll().is_none());
    drop(held);
    assert!(newcomer.poll().is_none());
    drop(second.poll().unwrap());
    drop(newcomer.poll().unwrap());
    assert!(!lock.locked());
}

/// SYN-03: unless every queued waiter is cancelled.
#[test]
fn a_newcomer_gets_the_lock_when_all_who_waited_are_gone() {
    let lock = Lock::new(());
    let held = block_on(lock.acquire());
    let waiters = [by_hand(lock.acquire()).waits(), by_hand(lock.acquire()).waits()];
    drop(held);
    assert!(lock.try_acquire().is_none());
    drop(waiters);
    assert!(lock.try_acquire().is_some());
}

/// SYN-04: exactly the head is woken, and once.
#[test]
fn a_release_wakes_the_first_in_line_alone() {
    let lock = Lock::new(());
    let held = block_on(lock.acquire());
    let first = by_hand(lock.acquire()).waits();
    let second = by_hand(lock.acquire()).waits();
    drop(held);
    assert_eq!((first.wakes(), second.wakes()), (1, 0));
    drop(first);
    assert_eq!(second.wakes(), 1, "the turn is passed on");
    drop(second);
    assert!(!lock.locked());
}

/// SYN-04: a release of what nobody holds is an error; any task may release what was leaked.
#[test]
fn a_leaked_lock_is_released_by_hand_and_once() {
    let lock = Arc::new(Lock::new(1));
    assert!(lock.release().is_err());
    let guard = block_on(lock.acquire());
    assert!(lock.release().is_err(), "the guard will release it");
    LockGuard::leak(guard);
    assert!(lock.locked());
    let other = lock.clone();
    thread::spawn(move || other.release().unwrap()).join().unwrap();
    assert!(!lock.locked());
    assert!(lock.release().is_err());
}

/// SYN-06: the lock is released on every exit.
#[test]
fn a_block_with_the_lock_releases_it_however_it_ends() {
    let lock = Lock::new(0);
    let value = block_on(lock.with(async |value| {
        *value += 1;
        *value
    }));
    assert_eq!((value, lock.locked()), (1, false));
    let failed: Result<(), &str> = block_on(lock.with(async |_| Err("no")));
    assert!(failed.is_err() && !lock.locked());
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        block_on(lock.with(async |_| panic!("inside")));
    }));
    assert!(panicked.is_err() && !lock.locked());
    drop(by_hand(lock.with(async |_| std::future::pending::<()>().await)).waits());
    assert!(!lock.locked());
}

/// SYN-01: a woken waiter that is dropped passes its turn on, at any place in line.
#[test]
fn each_waiter_that_gives_up_leaves_the_others_in_order() {
    for leaves in 0..3 {
        let lock = Lock::new(());
        let held = block_on(lock.acquire());
        let mut waiters: Vec<_> = (0..3).map(|_| by_hand(lock.acquire()).waits()).collect();
        drop(held);
        drop(waiters.remove(leaves));
        for waiter in &mut waiters {
            drop(waiter.poll().expect("its turn has come"));
        }
        assert!(!lock.locked());
    }
}

#[test]
fn a_waiter_is_woken_by_the_waker_of_its_last_poll() {
    let lock = Lock::new(());
    let held = block_on(lock.acquire());
    let mut waits = Box::pin(lock.acquire());
    assert!(block_on(futures_lite::future::poll_once(&mut waits)).is_none());
    let waiter = by_hand(waits).waits();
    drop(held);
    assert_eq!(waiter.wakes(), 1);
}

#[test]
fn owned_guards_hold_the_lock_and_give_it_back() {
    let lock = Arc::new(Lock::new(vec![1]));
    let mut owned = block_on(lock.clone().acquire_owned());
    owned.push(2);
    assert!(lock.clone().try_acquire_owned().is_err());
    assert!(Arc::ptr_eq(OwnedLockGuard::lock(&owned), &lock));
    drop(owned);
    let owned = lock.clone().try_acquire_owned().unwrap();
    assert_eq!(*owned, [1, 2]);
    let mut waits = by_hand(lock.clone().acquire_owned()).waits();
    drop(owned);
    drop(waits.poll().unwrap());
    assert!(!lock.locked());
}

#[test]
fn the_value_can_be_reached_without_waiting_when_nobody_shares_the_lock() {
    let mut lock = Lock::from(1);
    *lock.get_mut() += 1;
    assert_eq!(format!("{lock:?}"), "Lock { value: 2 }");
    let held = lock.try_acquire();
    assert_eq!(format!("{lock:?}"), "Lock { value: <locked> }");
    drop(held);
    assert_eq!(lock.into_inner(), 2);
}

/// SYN-01: usable from several executors and threads at once, with no loop of ours.
#[test]
fn tasks_of_many_executors_share_a_lock() {
    static COUNT: Lock<usize> = Lock::new(0);
    const EACH: usize = 2000;
    let counting = || async {
        for _ in 0..EACH {
            let mut count = COUNT.acquire().await;
            let seen = *count;
            futures_lite::future::yield_now().await;
            *count = seen + 1;
        }
    };
    let threads: Vec<_> = (0..2)
        .map(|_| {
            thread::spawn(|| {
                for _ in 0..EACH {
                    *COUNT.acquire_blocking() += 1;
                }
            })
        })
        .collect();
    everywhere(move || async move {
        zip(counting(), counting()).await;
    });
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(*COUNT.try_acquire().unwrap(), (5 * 2 + 2) * EACH);
}
