//! Conditions: a notification that was given to one who is cancelled goes to the next, and the lock is free.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

use asyncio::yield_now;
use asyncio_sync::{CondGuard, Condition, Lock};

use crate::kit::{World, explore, turns};

type Signalled = Rc<World<Condition<bool>>>;

/// One is notified, and each that has waited notifies the next: so a notification that is lost is missed by all that
/// stand behind.
fn pass_on(guard: &CondGuard<'_, bool>) {
    assert!(guard.is_locked() && **guard);
    guard.notify(1);
}

/// Rivals 1 and 2 wait; rival 0 notifies one of them all.
fn explore_condition<F: Future<Output = ()> + 'static>(operation: impl Fn(Signalled) -> F) {
    explore(
        || Condition::new(false),
        |world| {
            world.rival(0, |world| async move {
                world.pause().await;
                let mut guard = world.thing.acquire().await;
                *guard = true;
                guard.notify(1);
                yield_now().await;
            });
            for number in [1, 2] {
                world.rival(number, |world| async move {
                    let mut guard = world.thing.acquire().await;
                    guard.wait_for(|set| set.then_some(())).await;
                    yield_now().await;
                    pass_on(&guard);
                });
            }
        },
        operation,
        async |world| {
            assert_eq!(world.order(), [0, 1, 2]);
            assert!(!world.thing.locked());
            assert_eq!(world.thing.lock().holder(), None);
            let mut guard = world.thing.try_acquire().expect("nobody waits");
            guard.wait_while(|set| !*set).await;
        },
    );
}

/// SYN-12, SYN-17, SYN-19: a wait that is cancelled gives its notification to the next.
#[test]
fn a_notification_is_passed_on_by_one_who_is_cancelled() {
    explore_condition(|world| async move {
        let mut guard = world.thing.acquire().await;
        while !*guard {
            guard.wait().await;
        }
        pass_on(&guard);
    });
    explore_condition(|world| async move {
        let mut guard = world.thing.acquire().await;
        while !*guard {
            world.thing.wait(&mut guard).await;
        }
        pass_on(&guard);
    });
}

/// SYN-18.
#[test]
fn a_wait_for_something_passes_its_notification_on() {
    explore_condition(|world| async move {
        let mut guard = world.thing.acquire().await;
        let found = guard.wait_for(|set| set.then_some(7)).await;
        assert_eq!(found, 7);
        pass_on(&guard);
    });
    explore_condition(|world| async move {
        let mut guard = world.thing.acquire().await;
        guard.wait_while(|set| !*set).await;
        pass_on(&guard);
    });
}

/// SYN-20: who was notified with all others and goes away holds up none.
#[test]
fn a_notification_for_all_reaches_the_others() {
    explore(
        || Condition::new(false),
        |world: &Signalled| {
            world.rival(0, |world| async move {
                world.pause().await;
                let mut guard = world.thing.acquire().await;
                *guard = true;
                guard.notify_all();
            });
            for number in [1, 2] {
                world.rival(number, |world| async move {
                    let mut guard = world.thing.acquire().await;
                    guard.wait().await;
                    yield_now().await;
                });
            }
        },
        |world| async move {
            let mut guard = world.thing.acquire().await;
            guard.wait().await;
            yield_now().await;
        },
        async |world| {
            assert_eq!(world.order(), [0, 1, 2]);
            assert!(world.thing.try_acquire().is_some());
        },
    );
}

/// Rival 0 has the lock of a condition at first; the others want it.
fn explore_lock_of_condition<F: Future<Output = ()> + 'static>(operation: impl Fn(Signalled) -> F) {
    explore(
        || Condition::new(false),
        |world| {
            let lock = world.thing.lock().clone();
            let held = lock.try_acquire_owned().expect("a new lock");
            world.rival(0, |world| async move {
                world.pause().await;
                drop(held);
            });
            for number in [1, 2] {
                world.rival(number, |world| async move {
                    let guard = world.thing.acquire().await;
                    yield_now().await;
                    assert!(guard.is_locked());
                });
            }
        },
        operation,
        async |world| {
            assert_eq!(world.order(), [0, 1, 2]);
            assert!(!world.thing.locked());
            assert!(world.thing.try_acquire().is_some());
        },
    );
}

/// SYN-13, SYN-14, SYN-15, SYN-16.
#[test]
fn the_lock_of_a_condition_goes_on_when_a_waiter_is_cancelled() {
    explore_lock_of_condition(|world| async move {
        let guard = world.thing.acquire().await;
        assert!(world.thing.locked());
        yield_now().await;
        drop(guard);
    });
}

/// Begins to wait, and gives up.
async fn wait_in_vain(guard: &mut CondGuard<'_, bool>) {
    let mut wait = pin!(guard.wait());
    poll_fn(|cx| {
        assert!(wait.as_mut().poll(cx).is_pending());
        Poll::Ready(())
    })
    .await;
}

/// SYN-17: after a wait that was dropped the lock is taken again, in line, and that can be cancelled too.
#[test]
fn a_guard_that_takes_the_lock_again_loses_no_turn() {
    explore_lock_of_condition(|world| async move {
        let mut guard = world.thing.acquire().await;
        wait_in_vain(&mut guard).await;
        assert!(!guard.is_locked());
        turns(2).await;
        guard.relock().await;
        assert!(guard.is_locked() && !*guard);
        yield_now().await;
    });
    explore_condition(|world| async move {
        let mut guard = world.thing.acquire().await;
        wait_in_vain(&mut guard).await;
        // The others wait, or have been notified and have the lock.
        turns(10).await;
        guard.relock().await;
        yield_now().await;
    });
}

/// What goes through a buffer for one item, with a condition for either side.
struct Buffer {
    not_empty: Condition<Vec<u32>>,
    not_full: Condition<Vec<u32>>,
}

const END: u32 = 9;

/// The next item; the end stays where it is, for all.
async fn take(world: &World<Buffer>) -> Option<u32> {
    let mut guard = world.thing.not_empty.acquire().await;
    let item = guard.wait_for(|items| match items.last() {
        Some(&END) => Some(None),
        Some(_) => Some(items.pop()),
        None => None,
    });
    let item = item.await;
    match item {
        Some(item) => {
            // With the lock of the one the other is notified.
            world.thing.not_full.notify(&guard, 1);
            world.see(item);
        }
        None => guard.notify(1),
    }
    item
}

/// SYN-12: two conditions share a lock, and nothing that goes from the one side to the other is lost.
#[test]
fn two_conditions_of_one_lock_lose_no_item() {
    explore(
        || {
            let lock = Arc::new(Lock::new(Vec::new()));
            Buffer {
                not_empty: Condition::with_lock(lock.clone()),
                not_full: Condition::with_lock(lock),
            }
        },
        |world| {
            world.rival(0, |world| async move {
                world.pause().await;
                for item in [1, 2, 3, END] {
                    let mut guard = world.thing.not_full.acquire().await;
                    guard.wait_while(|items| !items.is_empty()).await;
                    guard.push(item);
                    world.thing.not_empty.notify(&guard, 1);
                }
            });
            for number in [1, 2] {
                world.rival(
                    number,
                    |world| async move { while take(&world).await.is_some() {} },
                );
            }
        },
        |world| async move {
            take(&world).await;
        },
        async |world| {
            assert_eq!(world.sorted(), [1, 2, 3], "each item once");
            assert_eq!(world.order().len(), 3);
            assert_eq!(*world.thing.not_full.try_acquire().expect("free"), [END]);
        },
    );
}
