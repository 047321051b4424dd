//! Putting: an item is in the queue, or with the one who was to put it, and a place is never lost.

use std::future::Future;
use std::rc::Rc;

use asyncio::yield_now;
use asyncio_queue::QueueShutDown;

use crate::kinds::{Fifo, Kind, every_kind, is_over, is_whole};
use crate::kit::{World, explore, turns};

/// What is in the queue at first, so that it is full.
const FIRST: u32 = 9;
/// What the operation puts.
const OWN: u32 = 3;

/// Seen when the operation has ended by itself.
const ENDED: u32 = 100;

/// What is left is got, and then everything was seen once.
fn each_item_is_in_one_place<K: Kind>(world: &World<K>) {
    while let Ok(item) = world.thing.get_nowait() {
        world.see(item);
        world.thing.task_done().expect("it was put");
    }
    let seen = world.sorted();
    let expected: &[u32] = if seen.contains(&ENDED) {
        &[1, 2, OWN, FIRST, ENDED]
    } else {
        // Its item went with it.
        &[1, 2, FIRST]
    };
    assert_eq!(seen, expected, "each item is in one place");
}

/// A full queue; rivals 1 and 2 put an item each, and rival 0 gets three.
fn explore_put<K: Kind, F: Future<Output = ()> + 'static>(operation: impl Fn(Rc<World<K>>) -> F) {
    explore(
        || {
            let queue = K::make(Some(1));
            queue.put_nowait(FIRST).expect("a new queue");
            queue
        },
        |world| {
            world.rival(0, |world| async move {
                world.pause().await;
                for _ in 0..3 {
                    world.see(world.thing.get().await.expect("open"));
                    world.thing.task_done().expect("it was put");
                }
            });
            for number in [1, 2] {
                world.rival(number, move |world| async move {
                    world.thing.put(number as u32).await.expect("open");
                });
            }
        },
        |world| {
            let operation = operation(world.clone());
            async move {
                operation.await;
                // It says so itself if it has put its item.
                world.see(ENDED);
            }
        },
        async |world| {
            assert_eq!(world.order().len(), 3, "everybody put an item");
            each_item_is_in_one_place(world);
            is_whole(world).await;
        },
    );
}

fn put_one<K: Kind>() {
    explore_put::<K, _>(|world| async move { world.thing.put(OWN).await.expect("open") });
}

/// QUE-02, QUE-07, QUE-14, QUE-15: the place that one was promised who is cancelled goes to the next.
#[test]
fn a_place_goes_to_the_next_when_a_putter_is_cancelled() {
    every_kind!(put_one);
}

fn put_into_a_slot<K: Kind>() {
    explore_put::<K, _>(|world| async move {
        let slot = world.thing.reserve().await.expect("open");
        yield_now().await;
        slot.put(OWN);
    });
}

#[test]
fn a_place_that_was_reserved_goes_to_the_next_when_it_is_given_up() {
    every_kind!(put_into_a_slot);
}

/// In which way the queue is shut down while they wait.
#[derive(Clone, Copy)]
struct End {
    /// A place was promised to the first of them before.
    promised: bool,
    immediate: bool,
}

impl End {
    const ALL: [(bool, bool); 4] = [(false, false), (true, false), (false, true), (true, true)];

    fn of<K: Kind>(self, world: &World<K>) {
        if self.promised {
            world.see(world.thing.get_nowait().expect("an item"));
            world.thing.task_done().expect("it was put");
        }
        if self.immediate {
            world
                .thing
                .shutdown_immediate()
                .into_iter()
                .for_each(|item| world.see(item));
        } else {
            world.thing.shutdown();
        }
    }
}

/// Puts an item, or gets it back.
async fn put_or_keep<K: Kind>(world: &World<K>, item: u32) {
    if let Err(QueueShutDown(item)) = world.thing.put(item).await {
        world.see(item);
    }
}

/// A full queue; rivals 1 and 2 put an item each, and rival 0 shuts it down.
fn put_during_shutdown<K: Kind>() {
    for (promised, immediate) in End::ALL {
        let end = End { promised, immediate };
        explore(
            || {
                let queue = K::make(Some(1));
                queue.put_nowait(FIRST).expect("a new queue");
                queue
            },
            |world| {
                world.rival(0, move |world| async move {
                    world.pause().await;
                    end.of(&world);
                });
                for number in [1, 2] {
                    world.rival(number, move |world| async move {
                        put_or_keep(&world, number as u32).await;
                    });
                }
            },
            |world| async move {
                put_or_keep(&world, OWN).await;
                world.see(ENDED);
            },
            async |world| {
                assert_eq!(world.order(), [0, 1, 2], "everybody was told");
                each_item_is_in_one_place(world);
                is_over(world).await;
            },
        );
    }
}

/// QUE-07, QUE-13, QUE-18: who waits for a place gets the item back, also one who was promised a place.
#[test]
fn a_shutdown_gives_all_items_back_when_a_putter_is_cancelled() {
    every_kind!(put_during_shutdown);
}

/// The operation waits for a place as the others do, and is refused one.
fn reserve_during_shutdown<K: Kind>() {
    for (promised, immediate) in End::ALL {
        let end = End { promised, immediate };
        explore(
            || {
                let queue = K::make(Some(1));
                queue.put_nowait(FIRST).expect("a new queue");
                queue
            },
            |world| {
                world.rival(0, move |world| async move {
                    world.pause().await;
                    end.of(&world);
                });
                for number in [1, 2] {
                    world.rival(number, move |world| async move {
                        assert!(world.thing.reserve().await.is_err());
                        world.see(number as u32);
                    });
                }
            },
            |world| async move {
                assert!(world.thing.reserve().await.is_err());
                world.see(OWN);
                world.see(ENDED);
            },
            async |world| {
                assert_eq!(world.order(), [0, 1, 2], "everybody was told");
                each_item_is_in_one_place(world);
                is_over(world).await;
            },
        );
    }
}

#[test]
fn a_shutdown_refuses_a_place_to_all_who_wait_for_one() {
    every_kind!(reserve_during_shutdown);
}

/// The operation has a slot when the queue is shut down; rivals 1 and 2 get what comes, until the error.
fn keep_a_slot_through_shutdown<K: Kind>(immediate: bool) {
    explore(
        || K::make(Some(2)),
        |world| {
            world.rival(0, move |world| async move {
                world.pause().await;
                end_of_slot(&world, immediate);
            });
            for number in [1, 2] {
                world.rival(number, |world| async move {
                    while let Ok(item) = world.thing.get().await {
                        world.see(item);
                        world.thing.task_done().expect("it was put");
                    }
                });
            }
        },
        |world| async move {
            let slot = world.thing.reserve().await.expect("open");
            // Until it has been shut down.
            world.pause().await;
            turns(4).await;
            slot.put(OWN);
            world.see(ENDED);
        },
        async |world| {
            assert_eq!(world.order().len(), 3, "everybody was told");
            let seen = world.sorted();
            let expected: &[u32] = match (seen.contains(&ENDED), immediate) {
                (true, false) => &[OWN, ENDED],
                // It is dropped, as those were that had been put before.
                (true, true) => &[ENDED],
                (false, _) => &[],
            };
            assert_eq!(seen, expected);
            is_over(world).await;
        },
    );
}

fn end_of_slot<K: Kind>(world: &World<K>, immediate: bool) {
    if immediate {
        assert!(world.thing.shutdown_immediate().is_empty());
    } else {
        world.thing.shutdown();
    }
}

/// QUE-13: those who get wait for what a slot may bring, and are told when it is given up.
#[test]
fn a_slot_that_is_given_up_ends_a_queue_that_was_shut_down() {
    every_kind!(keep_a_slot_through_shutdown, false);
    every_kind!(keep_a_slot_through_shutdown, true);
}
