//! Which waits make a deadlock: those of which no other end is known.

use std::rc::Rc;
use std::time::Duration;

use asyncio_loop::Runner;
use asyncio_sync::{BoundedSemaphore, Lock, Semaphore};
use asyncio_tasks::{ReturnWhen, Task, TaskGraph, TaskSet, all_tasks, as_completed, create_task, wait};
use asyncio_timers::sleep;

/// Lets everything come to rest.
async fn rest() {
    sleep(Duration::from_millis(1)).await;
}

/// In debug mode it is noted who holds what.
fn run<F: Future>(future: F) -> F::Output {
    Runner::new().debug(true).run(future).expect("it runs")
}

/// How many deadlocks there are when one holds a lock and waits for two tasks, of which the one or the other wants the lock.
fn circles<F: Future>(wants: [bool; 2], waits: impl FnOnce([Task<()>; 2]) -> F + 'static) -> usize
where
    F::Output: 'static,
{
    run(async move {
        let lock = Rc::new(Lock::new(()));
        let _waiter = create_task(async move {
            let _held = lock.acquire().await;
            let child = |wants: bool| {
                let lock = lock.clone();
                create_task(async move {
                    if wants {
                        let _held = lock.acquire().await;
                    } else {
                        std::future::pending().await
                    }
                })
            };
            waits(wants.map(child)).await;
        });
        rest().await;
        TaskGraph::of(&all_tasks()).deadlocks().len()
    })
}

// GRA-08
#[test]
fn who_waits_for_any_of_several_is_in_a_deadlock_only_if_all_of_them_are() {
    let first = async |tasks: [Task<()>; 2]| {
        let mut tasks = Vec::from(tasks);
        let when = ReturnWhen::FirstCompleted;
        wait(&mut tasks).return_when(when).await.len()
    };
    let completed = async |tasks: [Task<()>; 2]| {
        let mut completed = as_completed(tasks);
        completed.next().await.is_some()
    };
    let set = async |tasks: [Task<()>; 2]| {
        let mut set = TaskSet::new();
        for task in tasks {
            set.create_task(async move { task.await.is_ok() });
        }
        set.join_next().await.is_some()
    };
    let all = async |tasks: [Task<()>; 2]| wait(&mut Vec::from(tasks)).await.len();
    assert_eq!(circles([true, false], first), 0);
    assert_eq!(circles([true, true], first), 1);
    assert_eq!(circles([true, false], completed), 0);
    assert_eq!(circles([true, true], completed), 1);
    assert_eq!(circles([true, false], set), 0);
    assert_eq!(circles([true, true], set), 1);
    assert_eq!(circles([true, false], all), 1);
}

// GRA-08
#[test]
fn a_permit_of_a_semaphore_that_others_have_too_makes_no_deadlock() {
    run(async {
        let semaphore = Rc::new(Semaphore::new(2));
        let permits = semaphore.clone();
        let sleeps = create_task(async move {
            let _permit = permits.acquire().await;
            std::future::pending::<()>().await
        });
        rest().await;
        let permits = semaphore.clone();
        let waits = create_task(async move {
            let _permit = permits.acquire().await;
            let again = permits.clone();
            create_task(async move { drop(again.acquire().await) }).await
        });
        rest().await;
        let graph = TaskGraph::of(&all_tasks());
        assert!(graph.to_string().contains("a permit of a semaphore"), "{graph}");
        assert!(graph.deadlocks().is_empty(), "{graph}");
        // It is none: with the other's permit they go on.
        sleeps.abort();
        waits.await.expect("it ends").expect("it ends");
    });
}

// GRA-08
#[test]
fn who_waits_for_the_only_permit_while_having_it_is_in_a_deadlock() {
    run(async {
        let (one, bounded) = (Rc::new(Semaphore::new(1)), Rc::new(BoundedSemaphore::new(1)));
        let _one = create_task(async move {
            let _permit = one.acquire().await;
            drop(one.acquire().await);
        });
        let _other = create_task(async move {
            let _permit = bounded.acquire().await;
            drop(bounded.acquire().await);
        });
        rest().await;
        let graph = TaskGraph::of(&all_tasks());
        assert_eq!(graph.deadlocks().len(), 2, "{graph}");
    });
}
