//! Events and barriers: who is cancelled leaves, and the others are woken and counted all the same.

use std::future::Future;
use std::rc::Rc;

use asyncio::{create_task, join, yield_now};
use asyncio_sync::{Barrier, Event};

use crate::kit::{World, explore};

/// SYN-07, SYN-08, SYN-09, SYN-10, SYN-11: a wake is for all, and who was woken stays woken when the flag is cleared.
#[test]
fn an_event_wakes_the_others_when_one_is_cancelled() {
    explore(
        Event::new,
        |world| {
            world.rival(0, |world| async move {
                world.pause().await;
                world.thing.set();
                world.thing.set();
                world.thing.clear();
            });
            for number in [1, 2] {
                world.rival(number, |world| async move { world.thing.wait().await });
            }
        },
        |world| async move {
            world.thing.wait().await;
            assert!(!world.thing.is_set());
        },
        async |world| {
            assert_eq!(world.order(), [0, 1, 2]);
            assert!(!world.thing.is_set(), "cleared");
            join!(world.thing.wait(), async {
                yield_now().await;
                world.thing.set();
            })
            .await;
        },
    );
}

const PARTIES: usize = 4;

type Meeting = Rc<World<Barrier>>;

/// Rivals 1 and 2 wait; rival 0 makes `end` of it.
fn explore_barrier<F: Future<Output = ()> + 'static>(
    end: impl Fn(Meeting) -> F + Clone + 'static,
    passes: bool,
) {
    explore(
        || Barrier::new(PARTIES),
        |world| {
            let end = end.clone();
            world.rival(0, |world| async move {
                world.pause().await;
                end(world).await;
            });
            for number in [1, 2] {
                world.rival(number, move |world| async move {
                    let index = world.thing.wait().await;
                    assert_eq!(index.is_ok(), passes);
                    world.see(index.map_or(0, |index| index as u32));
                });
            }
        },
        move |world| async move {
            let index = world.thing.wait().await;
            assert_eq!(index.is_ok(), passes);
            world.see(index.map_or(0, |index| index as u32));
        },
        async |world| {
            assert_eq!(world.order().len(), 3, "everybody went on");
            assert_eq!(world.thing.n_waiting(), 0);
            let mut seen = world.sorted();
            if passes {
                seen.dedup();
                assert_eq!(seen, world.sorted(), "an index is given once");
                assert!(seen.iter().all(|index| *index < PARTIES as u32));
            }
            assert!(seen.len() >= 2);
            world.thing.reset();
            // A phase that nobody disturbs.
            let whole = join!(
                world.thing.wait(),
                world.thing.wait(),
                world.thing.wait(),
                world.thing.wait()
            );
            assert_eq!(whole.await, (Ok(0), Ok(1), Ok(2), Ok(3)));
        },
    );
}

/// SYN-26, SYN-27, SYN-28, SYN-32: one that is cancelled is not counted, and does not break the barrier.
#[test]
fn a_barrier_waits_for_one_more_when_one_is_cancelled() {
    let fill = |world: Meeting| async move {
        let missing = PARTIES - world.thing.n_waiting();
        let expected = if world.gone.get() { 2 } else { 1 };
        assert_eq!(
            missing, expected,
            "rivals 1 and 2 wait, and the operation unless it left"
        );
        if missing == 2 {
            let world = world.clone();
            drop(create_task(async move {
                let index = world.thing.wait().await.expect("not broken");
                world.see(index as u32);
            }));
            yield_now().await;
        }
        let index = world.thing.wait().await.expect("not broken");
        assert_eq!(index, PARTIES - 1, "the last to come");
        assert!(!world.thing.broken());
        world.see(index as u32);
    };
    explore_barrier(fill, true);
}

/// SYN-29, SYN-30, SYN-33: all are sent away, also beside one that is cancelled.
#[test]
fn a_barrier_that_is_reset_or_aborted_sends_the_others_away() {
    explore_barrier(|world| async move { world.thing.reset() }, false);
    let abort = |world: Meeting| async move {
        world.thing.abort();
        assert!(world.thing.broken());
        assert!(world.thing.wait().await.is_err());
    };
    explore_barrier(abort, false);
}
