//! One task that waits for another, in every way there is, and who is then seen to wait for it.

#![allow(dead_code, reason = "no test uses all of it")]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::future::pending;
use std::rc::Rc;
use std::sync::mpsc::channel;
use std::time::Duration;

use asyncio_sync::{Lock, RwLock, Semaphore};
use asyncio_tasks::{
    FutureCallGraph, Task, TaskRef, TaskSet, as_completed, capture_call_graph_of, create_task, gather_tasks,
    shield, task, task_group_infallible, timeout, timeout_scope, wait, wait_for,
};
use asyncio_timers::sleep;

const LONG: Duration = Duration::from_secs(3600);

/// These always show.
pub(crate) const PLAIN: [&str; 5] = ["await", "shield", "timeout", "timeout_scope", "wait_for"];
/// These show while somebody may look.
pub(crate) const WATCHED: [&str; 8] = [
    "gather",
    "wait",
    "as_completed",
    "set",
    "group",
    "lock",
    "rw_lock",
    "semaphore",
];

/// What is waited for when it is no task.
#[derive(Default)]
struct Things {
    lock: Lock<()>,
    rw_lock: RwLock<()>,
}

/// Lets everything come to rest.
pub(crate) async fn rest() {
    sleep(Duration::from_millis(1)).await;
}

pub(crate) fn names(graph: &FutureCallGraph) -> Vec<String> {
    let names = graph.awaited_by.iter().map(|graph| graph.task.get_name());
    names.map(|name| name.to_string()).collect()
}

/// The names of those who are seen to wait for a task when one waits for it in that way, and is called so.
pub(crate) async fn waiters(how: &'static str) -> Vec<String> {
    let (awaited, waiter) = begin(how).await;
    rest().await;
    let seen = names(&capture_call_graph_of(&awaited));
    waiter.abort();
    rest().await;
    seen
}

async fn begin(how: &'static str) -> (TaskRef, Task<()>) {
    let things = Rc::new((Things::default(), Semaphore::new(1)));
    let has = things.clone();
    let one: Task<()> = create_task(async move {
        let (things, permits) = &*has;
        let _all = (
            things.lock.acquire().await,
            things.rw_lock.read().await,
            permits.acquire().await,
        );
        pending().await
    });
    rest().await;
    let awaited = one.task_ref();
    let other = || create_task(pending::<()>());
    let name = task().name(how);
    let waiter = match how {
        "await" => name.create(async move { one.await.unwrap() }),
        "shield" => name.create(async move { shield(one).await.unwrap() }),
        "timeout" => name.create(async move { timeout(LONG, one).await.unwrap().unwrap() }),
        "timeout_scope" => {
            name.create(async move { timeout_scope(LONG, async |_| one.await.unwrap()).await.unwrap() })
        }
        "wait_for" => name.create(async move { drop(wait_for(one, LONG).await) }),
        "gather" => name.create(async move { drop(gather_tasks([one, other()]).await) }),
        "wait" => name.create(async move { drop(wait(&mut vec![one, other()]).await) }),
        "as_completed" => name.create(async move { drop(as_completed([one, other()]).next().await) }),
        "set" => name.create(async move {
            let mut set = TaskSet::new();
            set.add(one);
            set.join_next().await;
        }),
        "group" => {
            let (tell, told) = channel();
            let group = task_group_infallible(async move |tg| {
                let child = tg.start(pending::<()>());
                tell.send(child.task_ref().expect("the group takes tasks"))
                    .unwrap();
            });
            let waiter = name.create(group);
            rest().await;
            return (told.try_recv().expect("the group has begun"), waiter);
        }
        _ => {
            one.detach();
            name.create(async move {
                let (things, permits) = &*things;
                match how {
                    "lock" => drop(things.lock.acquire().await),
                    "rw_lock" => drop(things.rw_lock.write().await),
                    "semaphore" => drop(permits.acquire().await),
                    _ => panic!("there is no way to wait that is called {how}"),
                }
            })
        }
    };
    (awaited, waiter)
}
