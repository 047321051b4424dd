//! `Semaphore` and `BoundedSemaphore`: permits are neither lost nor made.

#[path = "kit/everywhere.rs"]
mod everywhere;

use std::sync::Arc;
use std::thread;

use asyncio_sync::{AcquirePermit, BoundedSemaphore, OwnedPermit, Permit, Semaphore};
use asyncio_testing::by_hand;
use everywhere::everywhere;
use futures_lite::future::block_on;

static_assertions::assert_impl_all!(Semaphore: Send, Sync, Unpin);
static_assertions::assert_impl_all!(BoundedSemaphore: Send, Sync, Unpin);
static_assertions::assert_impl_all!(Permit<'static>: Send, Sync, Unpin);
static_assertions::assert_impl_all!(OwnedPermit: Send, Sync, Unpin);
static_assertions::assert_impl_all!(AcquirePermit<'static>: Send, Sync);
static_assertions::assert_not_impl_any!(AcquirePermit<'static>: Unpin);

/// SYN-21: one permit, unless more are asked for; a negative number is no `usize`.
#[test]
fn a_semaphore_begins_with_its_permits() {
    assert_eq!(Semaphore::default().available_permits(), 1);
    assert_eq!(Semaphore::new(3).available_permits(), 3);
    assert!(Semaphore::new(0).locked());
    let too_many = std::panic::catch_unwind(|| Semaphore::new(usize::MAX));
    assert!(too_many.is_err());
}

/// SYN-22: strict order, even when there are permits and an older one waits for more.
#[test]
fn one_who_wants_many_is_not_overtaken() {
    let semaphore = Semaphore::new(3);
    let held = semaphore.try_acquire_many(2).unwrap();
    let mut many = by_hand(semaphore.acquire_many(3)).waits();
    let mut one = by_hand(semaphore.acquire()).waits();
    assert!(semaphore.try_acquire().is_none() && semaphore.locked());
    assert_eq!(semaphore.available_permits(), 1);
    drop(held);
    assert_eq!((many.wakes(), one.wakes()), (1, 0));
    let held = many.poll().unwrap();
    assert!(one.poll().is_none());
    drop(held);
    assert!(one.poll().is_some());
}

/// SYN-22: one that is cancelled lets those behind it go on with what is there.
#[test]
fn who_stands_behind_one_that_gives_up_gets_the_permits_that_are_there() {
    let semaphore = Semaphore::new(2);
    let held = block_on(semaphore.acquire());
    let many = by_hand(semaphore.acquire_many(2)).waits();
    let mut one = by_hand(semaphore.acquire()).waits();
    drop(many);
    assert_eq!(one.wakes(), 1);
    drop((one.poll().unwrap(), held));
    assert_eq!(semaphore.available_permits(), 2);
}

/// SYN-22: permits that were granted to one that is cancelled then go to the next.
#[test]
fn permits_that_were_granted_in_vain_are_not_lost() {
    let semaphore = Semaphore::new(0);
    let granted = by_hand(semaphore.acquire_many(2)).waits();
    let mut next = by_hand(semaphore.acquire()).waits();
    semaphore.release_many(2);
    assert_eq!((granted.wakes(), next.wakes()), (1, 0));
    drop(granted);
    assert!(next.poll().is_some());
    assert_eq!(semaphore.available_permits(), 2);
}

/// SYN-23.
#[test]
fn a_semaphore_is_locked_when_a_newcomer_would_wait() {
    let semaphore = Semaphore::new(1);
    assert!(!semaphore.locked());
    let held = semaphore.try_acquire();
    assert!(semaphore.locked());
    let waits = by_hand(semaphore.acquire()).waits();
    drop(held);
    assert!(semaphore.locked(), "the permit is on its way");
    drop(waits);
    assert!(!semaphore.locked());
}

/// SYN-24: beyond the first number, and one is woken.
#[test]
fn a_release_adds_a_permit_and_wakes_one() {
    let semaphore = Semaphore::new(1);
    semaphore.release();
    assert_eq!(semaphore.available_permits(), 2);
    semaphore.try_acquire_many(2).unwrap().forget();
    let first = by_hand(semaphore.acquire()).waits();
    let second = by_hand(semaphore.acquire()).waits();
    semaphore.release();
    assert_eq!((first.wakes(), second.wakes()), (1, 0));
    drop((first, second));
    assert_eq!(semaphore.available_permits(), 1);
    assert_eq!(semaphore.forget_permits(5), 1);
}

/// SYN-25: a release above the bound is an error, and changes nothing.
#[test]
fn a_bounded_semaphore_cannot_be_released_too_often() {
    let semaphore = Arc::new(BoundedSemaphore::new(2));
    assert!(semaphore.release().is_err());
    let held = block_on(semaphore.acquire());
    assert!(
        semaphore.release().is_err(),
        "the permit will come back by itself"
    );
    drop(held);
    block_on(semaphore.clone().acquire_many_owned(2)).forget();
    assert!(semaphore.locked() && semaphore.try_acquire_many_owned(1).is_none());
    assert!(semaphore.release().is_ok() && semaphore.release().is_ok());
    let error = semaphore.release().unwrap_err();
    assert!(error.to_string().contains("its bound is 2"), "{error}");
    assert_eq!(semaphore.available_permits(), 2);
    assert_eq!(BoundedSemaphore::default().available_permits(), 1);
}

#[test]
fn what_a_bounded_semaphore_can_never_have_is_refused_by_name() {
    let semaphore = BoundedSemaphore::new(2);
    let refused = std::panic::catch_unwind(|| drop(semaphore.acquire_many(3)));
    let message = *refused.unwrap_err().downcast::<String>().unwrap();
    assert_eq!(message, "3 permits can never be had: the semaphore's bound is 2");
}

#[test]
fn permits_can_be_split_and_merged() {
    let semaphore = Arc::new(Semaphore::new(5));
    let mut held = semaphore.try_acquire_many(4).unwrap();
    assert!(held.split(5).is_none());
    let two = held.split(2).unwrap();
    assert_eq!((held.count(), two.count()), (2, 2));
    drop(two);
    assert_eq!(semaphore.available_permits(), 3);
    held.merge(semaphore.try_acquire().unwrap());
    assert_eq!(held.count(), 3);
    drop(held);

    let mut owned = semaphore.try_acquire_many_owned(3).unwrap();
    let part = owned.split(1).unwrap();
    owned.merge(semaphore.try_acquire_many_owned(2).unwrap());
    assert_eq!((owned.count(), part.count()), (4, 1));
    part.forget();
    drop(owned);
    assert_eq!(semaphore.available_permits(), 4);

    let other = Semaphore::new(1);
    let mixed = std::panic::catch_unwind(|| {
        let mut mine = semaphore.try_acquire().unwrap();
        mine.merge(other.try_acquire().unwrap());
    });
    assert!(mixed.is_err());
    assert_eq!((semaphore.available_permits(), other.available_permits()), (4, 1));
}

#[test]
fn no_permits_are_had_at_once() {
    let semaphore = Semaphore::new(0);
    assert_eq!(block_on(semaphore.acquire_many(0)).count(), 0);
}

/// SYN-01: on many executors and threads at once, never more than the permits are out.
#[test]
fn tasks_of_many_executors_share_permits() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static SEMAPHORE: Semaphore = Semaphore::new(3);
    static INSIDE: AtomicUsize = AtomicUsize::new(0);
    const EACH: usize = 1000;
    fn enter(count: usize) {
        let inside = INSIDE.fetch_add(count, Ordering::SeqCst) + count;
        assert!(inside <= 3, "{inside} inside");
    }
    let threads: Vec<_> = (0..2)
        .map(|_| {
            thread::spawn(|| {
                for _ in 0..EACH {
                    let _permit = SEMAPHORE.acquire_blocking();
                    enter(1);
                    INSIDE.fetch_sub(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    everywhere(|| async {
        for round in 0..EACH {
            let count = round % 3 + 1;
            let _permits = SEMAPHORE.acquire_many(count).await;
            enter(count);
            futures_lite::future::yield_now().await;
            INSIDE.fetch_sub(count, Ordering::SeqCst);
        }
    });
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(SEMAPHORE.available_permits(), 3);
}
