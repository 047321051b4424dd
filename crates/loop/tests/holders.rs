//! From a task that waits for a lock or a permit to the task that has it, as people read it; and the circles that this makes.

use std::rc::Rc;
use std::time::Duration;

use asyncio_loop::Runner;
use asyncio_sync::{Lock, RwLock, Semaphore};
use asyncio_tasks::{AwaitEdge, EdgeKind, TaskGraph, all_tasks, task, task_group_infallible};
use asyncio_timers::sleep;

/// Lets everything come to rest.
async fn rest() {
    sleep(Duration::from_millis(1)).await;
}

/// In debug mode it is noted who holds what.
fn run<F: Future>(future: F) -> F::Output {
    Runner::new().debug(true).run(future).expect("it runs")
}

fn graph() -> TaskGraph {
    TaskGraph::of(&all_tasks())
}

/// The place in its tree of the task of this name.
fn node(graph: &TaskGraph, name: &str) -> usize {
    let mut nodes = graph.nodes().iter();
    nodes.position(|node| &*node.name == name).expect(name)
}

/// What the task of this name waits for, without the address of that.
fn wait_of(graph: &TaskGraph, name: &str) -> String {
    let wait = graph.describe_wait(node(graph, name));
    match (wait.find(" (0x"), wait.find("),")) {
        (Some(from), Some(to)) => format!("{}{}", &wait[..from], &wait[to + 1..]),
        _ => wait,
    }
}

/// A line of this file, as locations have it.
fn place(line: u32) -> String {
    format!("{}:{line}:", file!())
}

/// The deadlocks by the names of their tasks.
fn deadlocks(graph: &TaskGraph) -> Vec<Vec<&str>> {
    let circles = graph.deadlocks().into_iter();
    let name = |node: usize| &*graph.nodes()[node].name;
    circles
        .map(|circle| circle.into_iter().map(name).collect())
        .collect()
}

/// One task takes what it gets from `take` and keeps it, and another then wants the same.
async fn check<T: 'static, W: 'static>(
    what: &str,
    take: impl Future<Output = (T, u32)> + 'static,
    want: impl Future<Output = W> + 'static,
) {
    let (tell, told) = std::sync::mpsc::channel();
    let keeper = task().name("keeper").create(async move {
        let (kept, line) = take.await;
        let _ = tell.send(line);
        std::future::pending::<()>().await;
        drop(kept);
    });
    rest().await;
    let line = told.try_recv().expect("nobody else has it");
    let wants = task().name("wants").create(want);
    rest().await;
    let graph = graph();
    let wait = wait_of(&graph, "wants");
    assert!(
        wait.starts_with(&format!("{what}, held by keeper since {}", place(line))),
        "{wait}"
    );
    let (keeper_at, wants_at) = (node(&graph, "keeper"), node(&graph, "wants"));
    assert_eq!(graph.waits_for(wants_at), [(keeper_at, EdgeKind::Holds)]);
    assert_eq!(graph.awaited_by(keeper_at), [(wants_at, EdgeKind::Holds)]);
    // The one who waits stands above the one for whom it does.
    let text = graph.to_string();
    assert!(text.contains("└── keeper (made at "), "{text}");
    assert!(deadlocks(&graph).is_empty(), "{text}");
    wants.abort();
    keeper.abort();
    rest().await;
}

// GRA-05, GRA-08
#[test]
fn who_waits_for_a_permit_or_a_lock_is_told_who_has_it_and_since_where() {
    run(async {
        let lock = std::sync::Arc::new(Lock::new(()));
        let of = lock.clone();
        let take = async move { (of.acquire_owned().await, line!()) };
        check("a lock", take, lock.acquire_owned()).await;

        let permits = std::sync::Arc::new(Semaphore::new(1));
        let of = permits.clone();
        let take = async move { (of.acquire_owned().await, line!()) };
        check("a permit of a semaphore", take, permits.acquire_owned()).await;

        let lock = std::sync::Arc::new(RwLock::new(()));
        let of = lock.clone();
        let take = async move { (of.write_owned().await, line!()) };
        check("a lock", take, lock.clone().read_owned()).await;
        let of = lock.clone();
        let take = async move { (of.read_owned().await, line!()) };
        check("a lock", take, lock.write_owned()).await;
    });
}

// GRA-08
#[test]
fn what_was_granted_and_not_taken_up_is_said_so_and_is_no_deadlock() {
    run(async {
        let lock = Rc::new(Lock::new(()));
        let guard = lock.acquire().await;
        let wants = |name: &'static str| {
            let lock = lock.clone();
            task()
                .name(name)
                .create(async move { drop(lock.acquire().await) })
        };
        let (first, second) = (wants("first"), wants("second"));
        rest().await;
        drop(guard);
        // The first has not had a step since.
        let seen = graph();
        for name in ["first", "second"] {
            assert_eq!(
                wait_of(&seen, name),
                "a lock, granted to first, which has not taken it up"
            );
        }
        let (first_at, second_at) = (node(&seen, "first"), node(&seen, "second"));
        assert_eq!(seen.waits_for(second_at), [(first_at, EdgeKind::Holds)]);
        // It can go on: nothing but its step is missing.
        assert!(deadlocks(&seen).is_empty(), "{seen}");
        first.await.expect("it ends");
        second.await.expect("it ends");
    });
}

// GRA-08
#[test]
fn who_keeps_what_it_was_granted_and_waits_for_another_who_wants_it_is_in_a_deadlock() {
    run(async {
        let lock = Rc::new(Lock::new(()));
        let guard = lock.acquire().await;
        let of = lock.clone();
        let _keeps = task().name("keeps").create(async move {
            let mut wait = std::pin::pin!(of.acquire());
            // Polled once, and then left alone.
            assert!(futures_lite::future::poll_once(wait.as_mut()).await.is_none());
            let of = of.clone();
            let wants = task().name("wants");
            let wants = wants.create(async move { drop(of.acquire().await) });
            wants.await.is_ok()
        });
        rest().await;
        assert!(deadlocks(&graph()).is_empty());
        drop(guard);
        rest().await;
        let graph = graph();
        assert_eq!(deadlocks(&graph), [["keeps", "wants"]], "{graph}");
        assert_eq!(
            wait_of(&graph, "wants"),
            "a lock, granted to keeps, which has not taken it up"
        );
    });
}

// GRA-08
#[test]
fn who_takes_a_lock_twice_waits_for_itself() {
    run(async {
        let _twice = task().name("twice").create(async {
            let lock = Lock::new(());
            let _guard = lock.acquire().await;
            drop(lock.acquire().await);
        });
        rest().await;
        assert_eq!(deadlocks(&graph()), [["twice"]]);
    });
}

// GRA-08
#[test]
fn a_group_whose_member_wants_what_its_owner_holds_is_a_deadlock() {
    run(async {
        let _owner = task().name("owner").create(async {
            let permits = Rc::new(Semaphore::new(1));
            let _permit = permits.acquire().await;
            let of = permits.clone();
            task_group_infallible(async move |tg| {
                tg.start(async move {
                    current_name("member");
                    drop(of.acquire().await);
                });
                tg.start(async {
                    current_name("bystander");
                    std::future::pending::<()>().await;
                });
            })
            .await;
        });
        rest().await;
        let graph = graph();
        assert_eq!(deadlocks(&graph), [["owner", "member"]], "{graph}");
        let text = graph.to_string();
        let deadlock = text.split("deadlock:\n").nth(1).expect("it is told of");
        let lines: Vec<&str> = deadlock.lines().collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert!(
            lines[0].starts_with("  owner ") && lines[0].ends_with(" waits for a group with 2 tasks left")
        );
        assert!(
            lines[1].starts_with("  member ")
                && lines[1].contains(" waits for a permit of a semaphore")
                && lines[1].contains(", held by owner since "),
            "{text}"
        );
    });
}

fn current_name(name: &str) {
    asyncio_tasks::current_task().expect("a task").set_name(name);
}

// GRA-06, GRA-08
#[test]
fn an_edge_that_a_program_adds_closes_a_circle_and_opens_it_when_it_goes() {
    run(async {
        let lock = Rc::new(Lock::new(()));
        let of = lock.clone();
        let keeper = task().name("keeper").create(async move {
            let _guard = of.acquire().await;
            std::future::pending::<()>().await;
        });
        rest().await;
        let wants = task()
            .name("wants")
            .create(async move { drop(lock.acquire().await) });
        rest().await;
        assert!(deadlocks(&graph()).is_empty());
        let edge = AwaitEdge::new(&wants, &keeper);
        let seen = graph();
        assert_eq!(deadlocks(&seen), [["keeper", "wants"]]);
        let keeper_at = node(&seen, "keeper");
        assert_eq!(
            seen.waits_for(keeper_at),
            [(node(&seen, "wants"), EdgeKind::Told)]
        );
        assert!(
            seen.to_string().contains("deadlock:\n  keeper (made at "),
            "{seen}"
        );
        drop(edge);
        assert!(deadlocks(&graph()).is_empty());
    });
}

// GRA-06, GRA-08
#[test]
fn an_edge_that_a_program_adds_is_no_member_of_a_group() {
    run(async {
        let other = task().name("other").create(std::future::pending::<()>());
        let owner = task().name("owner").create(task_group_infallible(async |tg| {
            tg.start(std::future::pending::<()>());
        }));
        rest().await;
        let _edge = AwaitEdge::new(&other, &owner);
        let graph = graph();
        assert_eq!(graph.waits_for(node(&graph, "owner")).len(), 2);
        assert_eq!(wait_of(&graph, "owner"), "a group with 1 task left");
    });
}
