//! What is taken and given back: locks, semaphores, and values that one task makes for all.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use asyncio::yield_now;
use asyncio_sync::{BoundedSemaphore, Lazy, Lock, OnceCell, RwLock, Semaphore};

use crate::kit::{World, explore, turns};

type Locked = Rc<World<Arc<Lock<u32>>>>;

/// Rival 0 has the lock; the others want it, each for a turn.
fn lock_rivals(world: &Locked) {
    let held = world.thing.clone().try_acquire_owned().expect("a new lock");
    world.rival(0, |world| async move {
        world.pause().await;
        drop(held);
    });
    for number in [1, 2] {
        world.rival(number, |world| async move {
            let mut value = world.thing.acquire().await;
            yield_now().await;
            *value += 1;
        });
    }
}

async fn check_lock(world: &World<Arc<Lock<u32>>>) {
    assert_eq!(world.order(), [0, 1, 2], "first come, first served");
    assert!(!world.thing.locked());
    assert_eq!(world.thing.holder(), None);
    assert_eq!(world.thing.try_acquire().as_deref(), Some(&2));
    assert_eq!(*world.thing.acquire().await, 2);
}

fn explore_lock<F: Future<Output = ()> + 'static>(operation: impl Fn(Locked) -> F) {
    explore(|| Arc::new(Lock::new(0)), lock_rivals, operation, check_lock);
}

/// SYN-02, SYN-03: who is cancelled leaves the line, or hands the lock on.
#[test]
fn a_lock_goes_on_when_a_waiter_is_cancelled() {
    explore_lock(|world| async move {
        let held = world.thing.acquire().await;
        assert!(world.thing.locked() && *held <= 2);
        yield_now().await;
    });
}

/// SYN-03.
#[test]
fn an_owned_guard_is_never_lost_on_its_way() {
    explore_lock(|world| async move {
        let held = world.thing.clone().acquire_owned().await;
        turns(2).await;
        drop(held);
    });
}

/// SYN-06: the lock is released at every exit.
#[test]
fn a_scope_of_a_lock_ends_with_its_release() {
    explore_lock(|world| async move {
        let read = world.thing.with(async |value| {
            yield_now().await;
            *value
        });
        assert!(read.await <= 2);
    });
}

/// SYN-04, SYN-05: a leaked lock is released by another task, whoever waits for it.
#[test]
fn a_lock_that_another_task_releases_goes_on() {
    explore(
        || Arc::new(Lock::new(0)),
        |world: &Locked| {
            asyncio_sync::LockGuard::leak(world.thing.try_acquire().expect("a new lock"));
            world.rival(0, |world| async move {
                world.pause().await;
                assert!(world.thing.locked());
                world.thing.release().expect("leaked before");
                assert!(world.thing.release().is_err());
            });
            for number in [1, 2] {
                world.rival(number, |world| async move { *world.thing.acquire().await += 1 });
            }
        },
        |world| async move { drop(world.thing.acquire().await) },
        check_lock,
    );
}

type Lending = Rc<World<Arc<Semaphore>>>;

/// All three permits are out at first; rival 1 wants one, rival 2 two.
fn explore_semaphore<F: Future<Output = ()> + 'static>(operation: impl Fn(Lending) -> F) {
    explore(
        || Arc::new(Semaphore::new(3)),
        |world| {
            let held = world.thing.try_acquire_many_owned(3).expect("a new semaphore");
            world.rival(0, |world| async move {
                let mut held = held;
                world.pause().await;
                // One after the other, so that who wants many must wait for the last.
                while let Some(one) = held.split(1) {
                    drop(one);
                    yield_now().await;
                }
            });
            for number in [1, 2] {
                world.rival(number, move |world| async move {
                    let held = world.thing.acquire_many(number).await;
                    turns(2).await;
                    assert_eq!(held.count(), number);
                });
            }
        },
        operation,
        async |world| {
            assert_eq!(world.order().len(), 3, "everybody got a turn");
            assert_eq!(world.thing.available_permits(), 3);
            assert!(!world.thing.locked());
            assert!(world.thing.try_acquire_many(3).is_some());
            assert!(world.thing.try_acquire_many(4).is_none());
        },
    );
}

/// SYN-21, SYN-22, SYN-23, SYN-24: a permit that was given to one who is cancelled comes back.
#[test]
fn a_semaphore_counts_right_after_every_cancel() {
    explore_semaphore(|world| async move {
        let held = world.thing.acquire().await;
        yield_now().await;
        drop(held);
    });
}

/// SYN-22: one who wants all, and goes away, holds up nobody.
#[test]
fn one_who_wanted_all_permits_lets_the_others_through() {
    explore_semaphore(|world| async move {
        let held = world.thing.acquire_many(3).await;
        yield_now().await;
        drop(held);
    });
}

/// SYN-22: what was kept for one who wanted many is there for the others as soon as that one has left.
#[test]
fn one_who_leaves_unserved_lets_those_behind_it_through() {
    explore(
        || Arc::new(Semaphore::new(3)),
        |world: &Lending| {
            let held = world.thing.try_acquire_many_owned(2).expect("a new semaphore");
            world.rival(0, |world| async move {
                world.pause().await;
                if world.gone.get() {
                    turns(20).await;
                    assert_eq!(world.order(), [1, 2], "there is a permit, and nobody in front");
                }
                drop(held);
            });
            for number in [1, 2] {
                world.rival(number, |world| async move { drop(world.thing.acquire().await) });
            }
        },
        |world| async move { drop(world.thing.acquire_many(3).await) },
        async |world| {
            assert_eq!(world.order().len(), 3);
            assert_eq!(world.thing.available_permits(), 3);
            assert!(world.thing.try_acquire_many(3).is_some());
        },
    );
}

/// SYN-22.
#[test]
fn owned_permits_are_never_lost_on_their_way() {
    explore_semaphore(|world| async move {
        let one = world.thing.clone().acquire_owned().await;
        yield_now().await;
        drop(one);
        let two = world.thing.clone().acquire_many_owned(2).await;
        yield_now().await;
        drop(two);
    });
}

type Bounded = Rc<World<Arc<BoundedSemaphore>>>;

fn explore_bounded<F: Future<Output = ()> + 'static>(operation: impl Fn(Bounded) -> F) {
    explore(
        || Arc::new(BoundedSemaphore::new(2)),
        |world| {
            let held = world.thing.try_acquire_many_owned(2).expect("a new semaphore");
            world.rival(0, |world| async move {
                world.pause().await;
                drop(held);
            });
            for number in [1, 2] {
                world.rival(number, |world| async move {
                    let held = world.thing.acquire_many(2).await;
                    turns(2).await;
                    drop(held);
                });
            }
        },
        operation,
        async |world| {
            assert_eq!(world.order(), [0, 1, 2]);
            assert_eq!(world.thing.available_permits(), 2);
            assert!(world.thing.release().is_err(), "none is missing");
            assert!(world.thing.try_acquire_many(2).is_some());
        },
    );
}

/// SYN-25: neither a permit less nor one too many.
#[test]
fn a_bounded_semaphore_is_full_after_every_cancel() {
    explore_bounded(|world| async move {
        let held = world.thing.acquire().await;
        yield_now().await;
        drop(held);
    });
    explore_bounded(|world| async move { drop(world.thing.acquire_many(2).await) });
    explore_bounded(|world| async move {
        let held = world.thing.clone().acquire_owned().await;
        yield_now().await;
        drop(held);
        drop(world.thing.clone().acquire_many_owned(2).await);
    });
}

type Shared = Rc<World<Arc<RwLock<u32>>>>;

/// Rival 0 writes; rival 1 wants to read, rival 2 to write.
fn explore_rw_lock<F: Future<Output = ()> + 'static>(operation: impl Fn(Shared) -> F) {
    explore(
        || Arc::new(RwLock::new(0)),
        |world| {
            world.rival(0, |world| async move {
                let held = world.thing.try_write();
                world.pause().await;
                drop(held);
            });
            world.rival(1, |world| async move {
                let value = world.thing.read().await;
                yield_now().await;
                assert_eq!(*value, 0);
            });
            world.rival(2, |world| async move {
                let mut value = world.thing.write().await;
                yield_now().await;
                *value += 1;
            });
        },
        |world| {
            let operation = operation(world);
            // Rival 0 first.
            async move {
                yield_now().await;
                operation.await;
            }
        },
        async |world| {
            assert_eq!(world.order(), [0, 1, 2]);
            assert_eq!(world.thing.holder(), None);
            assert_eq!(world.thing.try_write().as_deref(), Some(&1));
            let (one, two) = (world.thing.read().await, world.thing.read().await);
            assert_eq!((*one, *two), (1, 1));
        },
    );
}

#[test]
fn a_reader_or_writer_that_is_cancelled_blocks_nobody() {
    explore_rw_lock(|world| async move {
        let value = world.thing.read().await;
        yield_now().await;
        assert!(*value <= 1);
    });
    explore_rw_lock(|world| async move {
        let value = world.thing.write().await;
        yield_now().await;
        assert!(*value <= 1);
    });
}

#[test]
fn owned_guards_of_a_value_to_read_or_write_are_never_lost() {
    explore_rw_lock(|world| async move {
        let value = world.thing.clone().read_owned().await;
        yield_now().await;
        assert!(*value <= 1);
    });
    explore_rw_lock(|world| async move {
        let value = world.thing.clone().write_owned().await;
        yield_now().await;
        assert!(*value <= 1);
    });
}

/// Each that makes the value is counted when it has made it.
async fn make_one(world: &World<OnceCell<u32>>) -> u32 {
    turns(2).await;
    world.see(1);
    7
}

async fn check_cell(world: &World<OnceCell<u32>>) {
    assert_eq!(world.order().len(), 3, "everybody has the value");
    assert_eq!(*world.seen.borrow(), [1], "it was made once");
    assert_eq!(world.thing.get(), Some(&7));
}

#[test]
fn a_value_is_made_once_whoever_gives_up() {
    explore(
        OnceCell::new,
        |world| {
            for number in 0..3 {
                world.rival(number, |world| async move {
                    let made = world.thing.get_or_init(async || {
                        world.pause().await;
                        make_one(&world).await
                    });
                    assert_eq!(made.await, &7);
                });
            }
        },
        |world| async move {
            assert_eq!(world.thing.get_or_init(async || make_one(&world).await).await, &7);
        },
        check_cell,
    );
}

#[test]
fn a_value_that_could_not_be_made_is_made_by_the_next() {
    explore(
        OnceCell::new,
        |world| {
            world.rival(0, |world| async move {
                let made = world.thing.get_or_try_init(async || {
                    world.pause().await;
                    Err("no luck")
                });
                let made = made.await;
                assert!(made == Err("no luck") || made == Ok(&7));
            });
            for number in [1, 2] {
                world.rival(number, |world| async move {
                    let made = world
                        .thing
                        .get_or_try_init(async || Ok::<_, Infallible>(make_one(&world).await));
                    assert_eq!(made.await, Ok(&7));
                });
            }
        },
        |world| async move {
            yield_now().await;
            let made = world
                .thing
                .get_or_try_init(async || Ok::<_, Infallible>(make_one(&world).await));
            assert_eq!(made.await, Ok(&7));
        },
        check_cell,
    );
}

type Making = Pin<Box<dyn Future<Output = u32>>>;

#[test]
fn a_lazy_value_is_made_once_whoever_gives_up() {
    explore(
        || {
            let made = Rc::new(Cell::new(0));
            let counted = made.clone();
            let make: Box<dyn Fn() -> Making> = Box::new(move || {
                let made = made.clone();
                Box::pin(async move {
                    turns(14).await;
                    made.set(made.get() + 1);
                    7
                })
            });
            (Lazy::new(make), counted)
        },
        |world| {
            for number in 0..3 {
                world.rival(number, |world| async move {
                    assert_eq!(world.thing.0.force().await, &7)
                });
            }
        },
        |world| async move { assert_eq!(world.thing.0.force().await, &7) },
        async |world| {
            assert_eq!(world.order().len(), 3, "everybody has the value");
            assert_eq!(world.thing.1.get(), 1, "it was made once");
            assert_eq!(world.thing.0.get(), Some(&7));
        },
    );
}
