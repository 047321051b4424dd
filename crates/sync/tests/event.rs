//! `Event` and `Condition`: news reaches who waits for it.

#[path = "kit/everywhere.rs"]
mod everywhere;

use std::sync::Arc;
use std::thread;

use asyncio_sync::{CondGuard, CondWait, Condition, Event, EventWait, Lock};
use asyncio_testing::by_hand;
use everywhere::everywhere;
use futures_lite::future::{block_on, poll_once, zip};

static_assertions::assert_impl_all!(Event: Send, Sync, Unpin);
static_assertions::assert_impl_all!(EventWait<'static>: Send, Sync);
static_assertions::assert_not_impl_any!(EventWait<'static>: Unpin);
static_assertions::assert_impl_all!(Condition<std::cell::Cell<u32>>: Send, Sync, Unpin);
static_assertions::assert_not_impl_any!(Condition<std::rc::Rc<u32>>: Send, Sync);
static_assertions::assert_not_impl_any!(CondGuard<'static, std::cell::Cell<u32>>: Sync);
static_assertions::assert_impl_all!(CondGuard<'static, u32>: Send, Sync, Unpin);
static_assertions::assert_impl_all!(CondWait<'static, 'static, 'static, u32>: Send, Sync);

/// SYN-07, SYN-08, SYN-11: false at first; ready at once when it is set.
#[test]
fn an_event_is_waited_for_until_it_is_set() {
    let event = Event::default();
    assert!(!event.is_set());
    let mut waits = by_hand(event.wait()).waits();
    event.set();
    assert!(event.is_set());
    assert!(waits.poll().is_some());
    assert!(block_on(poll_once(event.wait())).is_some());
    event.wait_blocking();
}

/// SYN-09: everybody is woken; setting it twice is harmless.
#[test]
fn setting_an_event_wakes_all() {
    let event = Event::new();
    let mut all: Vec<_> = (0..20).map(|_| by_hand(event.wait()).waits()).collect();
    drop(all.remove(7));
    event.set();
    event.set();
    for waits in &mut all {
        assert_eq!(waits.wakes(), 1);
        assert!(waits.poll().is_some());
    }
}

/// SYN-08, SYN-10: who was woken stays woken though it is cleared before it runs; who comes then waits.
#[test]
fn clearing_an_event_does_not_call_back_who_was_woken() {
    let event = Event::new();
    let mut woken = by_hand(event.wait()).waits();
    event.set();
    event.clear();
    assert!(!event.is_set());
    let mut late = by_hand(event.wait()).waits();
    assert!(woken.poll().is_some());
    assert!(late.poll().is_none());
    event.set();
    assert!(late.poll().is_some());
}

/// SYN-01.
#[test]
fn an_event_reaches_tasks_of_many_executors_and_threads() {
    everywhere(|| async {
        let event = Arc::new(Event::new());
        let other = event.clone();
        let setter = thread::spawn(move || other.set());
        event.wait().await;
        setter.join().unwrap();
        let other = event.clone();
        event.clear();
        let waiter = thread::spawn(move || other.wait_blocking());
        event.set();
        waiter.join().unwrap();
    });
}

/// SYN-12, SYN-13, SYN-14, SYN-15, SYN-16: a condition's lock is a lock, its own or a shared one.
#[test]
fn a_condition_locks_its_lock() {
    let lock = Arc::new(Lock::new(1));
    let condition = Condition::with_lock(lock.clone());
    assert!(!condition.locked() && Arc::ptr_eq(condition.lock(), &lock));
    let mut guard = block_on(condition.acquire());
    *guard += 1;
    assert!(condition.locked() && lock.locked() && condition.try_acquire().is_none());
    drop(guard);
    assert!(!lock.locked());
    assert_eq!(*lock.try_acquire().unwrap(), 2);
    let own: Condition<u32> = Condition::default();
    assert_eq!(*own.try_acquire().unwrap(), 0);
}

/// SYN-17, SYN-19: the lock is free during the wait, and held after it; a notified one waits until the lock is free.
#[test]
fn a_wait_releases_the_lock_and_takes_it_again() {
    let condition = Condition::new(0);
    let mut first = by_hand(async {
        let mut guard = condition.acquire().await;
        guard.wait().await;
        *guard += 1;
        guard.is_locked()
    })
    .waits();
    let guard = condition
        .try_acquire()
        .expect("the one that waits has released it");
    guard.notify(1);
    assert_eq!(first.wakes(), 1);
    assert!(first.poll().is_none(), "the notifier has the lock");
    drop(guard);
    assert_eq!(first.poll(), Some(true));
    assert_eq!(*condition.try_acquire().unwrap(), 1);
}

fn waiting(condition: &Condition<u32>) -> asyncio_testing::ByHand<impl Future<Output = ()>> {
    by_hand(async {
        let mut guard = condition.acquire().await;
        guard.wait().await;
    })
    .waits()
}

/// SYN-19, SYN-20: up to so many, the longest first; or all.
#[test]
fn a_notification_wakes_as_many_as_it_says() {
    let condition = Condition::new(0);
    let mut all: Vec<_> = (0..5).map(|_| waiting(&condition)).collect();
    condition.try_acquire().unwrap().notify(2);
    let woken: Vec<_> = all.iter().map(asyncio_testing::ByHand::wakes).collect();
    assert_eq!(woken, [1, 1, 0, 0, 0]);
    assert!(all[0].poll().is_some() && all[1].poll().is_some());
    condition.try_acquire().unwrap().notify_all();
    assert!(all[2..].iter_mut().all(|waits| waits.poll().is_some()));
    // Nobody is left: it is not kept for later.
    condition.try_acquire().unwrap().notify(3);
    assert!(waiting(&condition).poll().is_none());
}

/// SYN-17: a notification that was given to one that is cancelled goes to the next; also while it waits for the lock.
#[test]
fn a_notification_is_passed_on() {
    let condition = Condition::new(0);
    let first = waiting(&condition);
    let mut second = waiting(&condition);
    let mut third = waiting(&condition);
    condition.try_acquire().unwrap().notify(1);
    drop(first);
    assert_eq!((second.wakes(), third.wakes()), (1, 0));
    let held = condition.try_acquire().unwrap();
    assert!(second.poll().is_none(), "it is in line for the lock");
    drop(second);
    assert_eq!(third.wakes(), 1);
    drop(held);
    assert!(third.poll().is_some());
    assert!(!condition.locked());
}

/// SYN-17: a wait that is dropped leaves the guard unlocked, and it can take the lock again.
#[test]
fn a_guard_of_a_dropped_wait_can_lock_again() {
    let condition = Condition::new(7);
    let mut guard = block_on(condition.acquire());
    assert!(block_on(poll_once(guard.wait())).is_none());
    assert!(!guard.is_locked() && !condition.locked());
    let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| *guard));
    assert!(read.is_err());
    let wait = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| block_on(guard.wait())));
    assert!(wait.is_err());
    block_on(guard.relock());
    block_on(guard.relock());
    assert_eq!((*guard, condition.locked()), (7, true));
    drop(guard);
    assert!(!condition.locked());
}

/// SYN-18: true at once needs no wait; else it is asked again after each notification, and its value comes back.
#[test]
fn waiting_for_something_gives_it_back() {
    let condition = Condition::new(Vec::new());
    let mut asked = 0;
    let mut takes = by_hand(async {
        let mut guard = condition.acquire().await;
        let item = guard.wait_for(|list: &mut Vec<u32>| {
            asked += 1;
            list.pop()
        });
        (item.await, guard.is_locked())
    })
    .waits();
    condition.try_acquire().unwrap().notify(1);
    assert!(takes.poll().is_none(), "there is nothing yet");
    let mut guard = condition.try_acquire().unwrap();
    guard.push(5);
    guard.notify(1);
    drop(guard);
    assert_eq!(takes.poll(), Some((5, true)));
    drop(takes);
    assert_eq!(asked, 3);
    let mut guard = block_on(condition.acquire());
    block_on(guard.wait_while(|list| !list.is_empty()));
}

/// SYN-12: two conditions of one lock, and a guard of one used with the other.
#[test]
fn conditions_that_share_a_lock_pass_items_on() {
    let lock = Arc::new(Lock::new(Vec::new()));
    let (filled, emptied) = (Condition::with_lock(lock.clone()), Condition::with_lock(lock));
    let producer = async {
        for item in 0..100 {
            let mut list = filled.acquire().await;
            emptied.wait_while(&mut list, |list| !list.is_empty()).await;
            list.push(item);
            list.notify(1);
        }
    };
    let consumer = async {
        for item in 0..100 {
            let mut list = filled.acquire().await;
            assert_eq!(list.wait_for(|list| list.pop()).await, item);
            emptied.notify(&list, 1);
        }
    };
    block_on(zip(producer, consumer));
}

/// SYN-19: without the lock nobody notifies.
#[test]
fn a_guard_of_another_lock_is_refused() {
    let (one, two) = (Condition::new(0), Condition::new(0));
    let guard = block_on(one.acquire());
    let refused = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| two.notify(&guard, 1)));
    let message = *refused.unwrap_err().downcast::<&str>().unwrap();
    assert_eq!(message, "the guard must hold the lock of this condition");
}

#[test]
fn a_condition_works_between_threads_and_executors() {
    everywhere(|| async {
        let condition = Arc::new(Condition::new(0_u32));
        let other = condition.clone();
        let counts = thread::spawn(move || {
            block_on(async {
                for _ in 0..50 {
                    let mut count = other.acquire().await;
                    count.wait_while(|count| *count % 2 == 0).await;
                    *count += 1;
                    count.notify_all();
                }
            });
        });
        for _ in 0..50 {
            let mut count = condition.acquire().await;
            count.wait_while(|count| *count % 2 == 1).await;
            *count += 1;
            count.notify_all();
        }
        // The other may have a last wait to end.
        counts.join().unwrap();
        assert_eq!(*condition.acquire().await, 100);
    });
}
