//! Getting: every item is got once, by one who was not cancelled, or thrown out by a shutdown; and waiting for the end
//! of all work.

use std::future::Future;
use std::pin::pin;
use std::rc::Rc;

use asyncio::yield_now;
use asyncio_queue::QueueItem;
use futures_lite::StreamExt;

use crate::kinds::{Fifo, Kind, every_kind, is_over, is_whole};
use crate::kit::{World, explore};

/// As many as come for an item each; the operation makes one more.
const GETTERS: [usize; 2] = [1, 2];
const BOUNDS: [Option<usize>; 3] = [None, Some(1), Some(2)];

/// An item came out, and is done.
fn got<K: Kind>(world: &World<K>, item: u32) {
    world.see(item);
    world.thing.task_done().expect("it was put");
}

/// Rivals 1 and 2 get an item each; rival 0 puts two, and a third one for the operation.
fn explore_get<K: Kind, F: Future<Output = ()> + 'static>(operation: impl Fn(Rc<World<K>>) -> F) {
    for bound in BOUNDS {
        explore(
            || K::make(bound),
            |world| {
                world.rival(0, |world| async move {
                    world.pause().await;
                    for item in 1..=3 {
                        // One that nobody gets finds room all the same.
                        world.thing.put(item).await.expect("open");
                    }
                });
                for number in GETTERS {
                    world.rival(number, |world| async move {
                        let item = world.thing.get().await.expect("open");
                        got(&world, item);
                    });
                }
            },
            &operation,
            async |world| {
                assert_eq!(world.order().len(), 3, "everybody got an item");
                if let Ok(item) = world.thing.get_nowait() {
                    got(world, item);
                }
                assert_eq!(world.sorted(), [1, 2, 3], "each item once");
                is_whole(world).await;
            },
        );
    }
}

fn get_one<K: Kind>() {
    explore_get::<K, _>(|world| async move {
        let item = world.thing.get().await.expect("open");
        got(&world, item);
    });
}

/// QUE-02, QUE-09, QUE-14, QUE-15: the item that one was promised who is cancelled goes to the next.
#[test]
fn an_item_goes_to_the_next_when_a_getter_is_cancelled() {
    every_kind!(get_one);
}

fn get_one_that_reports<K: Kind>() {
    explore_get::<K, _>(|world| async move {
        let item = world.thing.get_item().await.expect("open");
        world.see(*item);
        // However it ends, the item is reported as done.
        yield_now().await;
        assert!(QueueItem::into_inner(item) <= 3);
    });
}

/// QUE-11: an item that reports itself is done also if the work on it is cancelled.
#[test]
fn an_item_that_is_dropped_half_way_is_done() {
    every_kind!(get_one_that_reports);
}

fn get_from_a_stream<K: Kind>() {
    explore_get::<K, _>(|world| async move {
        let mut items = pin!(world.thing.items());
        let item = items.next().await.expect("open");
        got(&world, item);
    });
}

#[test]
fn a_stream_of_items_that_is_dropped_keeps_none() {
    every_kind!(get_from_a_stream);
}

/// In which way the queue is shut down, with what was put last.
#[derive(Clone, Copy)]
enum End {
    /// All can be got, then comes the error.
    Drained,
    /// In the turn in which the items came.
    Immediate,
    /// Nothing comes.
    Empty,
}

/// All get until there is nothing any more.
fn get_until_shutdown<K: Kind>(bound: Option<usize>, end: End) {
    explore(
        || K::make(bound),
        |world| {
            world.rival(0, move |world| async move {
                world.pause().await;
                match end {
                    End::Drained => {
                        for item in 1..=4 {
                            world.thing.put(item).await.expect("open");
                        }
                        world.thing.shutdown();
                    }
                    End::Immediate => {
                        for item in 1..=4 {
                            if world.thing.put_nowait(item).is_err() {
                                world.see(item);
                            }
                        }
                        for item in world.thing.shutdown_immediate() {
                            world.see(item);
                        }
                    }
                    End::Empty => {
                        (1..=4).for_each(|item| world.see(item));
                        world.thing.shutdown();
                        world.thing.shutdown();
                    }
                }
            });
            for number in GETTERS {
                world.rival(number, |world| async move {
                    while let Ok(item) = world.thing.get().await {
                        got(&world, item);
                        yield_now().await;
                    }
                });
            }
        },
        |world| async move {
            while let Ok(item) = world.thing.get().await {
                got(&world, item);
                yield_now().await;
            }
        },
        async |world| {
            assert_eq!(world.order().len(), 3, "everybody was told");
            assert_eq!(world.sorted(), [1, 2, 3, 4], "each item once");
            is_over(world).await;
        },
    );
}

/// QUE-13, QUE-18: what was promised to a getter that is cancelled is got by another before the error comes.
#[test]
fn a_shutdown_leaves_what_is_there_to_the_others() {
    every_kind!(get_until_shutdown, None, End::Drained);
    every_kind!(get_until_shutdown, Some(1), End::Drained);
    every_kind!(get_until_shutdown, Some(3), End::Drained);
}

/// QUE-13: a promised item is thrown out as well, and whoever was promised it is told.
#[test]
fn an_immediate_shutdown_throws_out_what_was_promised() {
    every_kind!(get_until_shutdown, None, End::Immediate);
    every_kind!(get_until_shutdown, Some(2), End::Immediate);
    every_kind!(get_until_shutdown, Some(2), End::Empty);
}

/// Two items are there; rival 0 finishes them, or throws them out.
fn join_them<K: Kind>(thrown_out: bool) {
    explore(
        || {
            let queue = K::make(Some(2));
            for item in [1, 2] {
                queue.put_nowait(item).expect("there is room");
            }
            queue
        },
        |world| {
            world.rival(0, move |world| async move {
                let first = world.thing.get().await.expect("open");
                world.pause().await;
                got(&world, first);
                if thrown_out {
                    assert_eq!(world.thing.unfinished(), 1);
                    assert_eq!(world.thing.shutdown_immediate().len(), 1);
                } else {
                    let second = world.thing.get().await.expect("open");
                    yield_now().await;
                    got(&world, second);
                }
            });
            for number in GETTERS {
                world.rival(number, |world| async move { world.thing.join().await });
            }
        },
        |world| async move {
            world.thing.join().await;
            assert_eq!(world.thing.unfinished(), 0);
        },
        async |world| {
            assert_eq!(world.order(), [0, 1, 2]);
            assert!(world.thing.task_done().is_err(), "all is done");
            if thrown_out {
                is_over(world).await;
            } else {
                assert_eq!(world.sorted(), [1, 2]);
                is_whole(world).await;
            }
        },
    );
}

/// QUE-11, QUE-12, QUE-13.
#[test]
fn all_who_join_are_woken_when_one_is_cancelled() {
    every_kind!(join_them, false);
    every_kind!(join_them, true);
}
