//! The call graph of a task: who awaits it, by whatever way to wait.

use std::time::Duration;

use asyncio_loop::Runner;
use asyncio_tasks::{
    AwaitEdge, FutureCallGraph, TaskRef, capture_call_graph, capture_call_graph_of, create_task,
    format_call_graph, gather_tasks, print_call_graph, shield, task, task_group_infallible, timeout, wait,
    write_call_graph,
};
use asyncio_timers::sleep;

/// Lets everything come to rest.
async fn rest() {
    sleep(Duration::from_millis(1)).await;
}

fn names(graph: &FutureCallGraph) -> Vec<String> {
    let names = graph.awaited_by.iter().map(|graph| graph.task.get_name());
    names.map(|name| name.to_string()).collect()
}

fn run<F: Future>(future: F) -> F::Output {
    // In debug mode groups and gathers tell of their members too.
    Runner::new().debug(true).run(future).expect("it runs")
}

// GRA-01, GRA-02, GRA-03, GRA-04
#[test]
fn outside_of_tasks_there_is_no_graph_and_inside_it_names_the_waiters() {
    assert!(capture_call_graph().is_none());
    assert_eq!(format_call_graph(), "");
    let text = run(async {
        let inner = task().name("inner").create(async {
            rest().await;
            print_call_graph();
            let mut text = Vec::new();
            write_call_graph(&mut text).expect("memory takes all");
            assert_eq!(text, format_call_graph().into_bytes());
            String::from_utf8(text).expect("it is text")
        });
        let outer = task().name("outer").create(inner);
        outer.await.expect("it ends").expect("it ends")
    });
    let place = |name: &str| text.find(&format!("* Task(name='{name}'")).expect(name);
    assert!(
        place("inner") < place("outer") && text.contains("+ Awaited by:"),
        "{text}"
    );
    assert!(text.contains("tests/call_graph.rs:"), "{text}");
}

// TSK-59, GRA-05: the stack of a task that waits, of one that has not begun, and of one that has ended.
#[test]
fn the_stack_of_a_task_is_what_is_known_of_where_it_stands() {
    run(async {
        let task = create_task(async { rest().await });
        let stack = || capture_call_graph_of(&task.task_ref()).call_stack;
        let made = stack();
        assert_eq!(made.len(), 1, "{made:?}");
        assert!(
            made[0]
                .location
                .is_some_and(|place| place.file().ends_with("call_graph.rs"))
        );
        tasks_step().await;
        let waits = stack();
        assert_eq!(waits.len(), 2);
        assert!(waits[0].name.starts_with("waits for"), "{waits:?}");
        assert_eq!(waits[1], made[0]);
        let task_ref = task.task_ref();
        task.await.expect("it ends");
        assert!(capture_call_graph_of(&task_ref).call_stack.is_empty());
    });
}

/// Lets those that are ready take a step.
async fn tasks_step() {
    asyncio_tasks::yield_now().await;
}

// GRA-01, GRA-05
#[test]
fn the_limit_keeps_one_end_of_the_stack_or_nothing() {
    run(async {
        let waits = create_task(std::future::pending::<()>());
        let waiter = create_task(async move { waits.await.is_ok() });
        rest().await;
        let graph = capture_call_graph_of(&waiter);
        assert_eq!(graph.call_stack.len(), 2, "{graph}");
        let entry = |limit: isize| graph.clone().limit(limit).call_stack;
        assert_eq!(entry(1), graph.call_stack[..1]);
        assert_eq!(entry(-1), graph.call_stack[1..]);
        assert!(entry(0).is_empty());
        assert!(graph.call_stack[0].name.starts_with("waits for task"));
        assert!(graph.call_stack[1].location.is_some());
    });
}

// GRA-06, GRA-07
#[test]
fn an_edge_that_a_program_adds_lasts_until_it_is_dropped() {
    run(async {
        let awaited = create_task(std::future::pending::<()>());
        let waiter = task().name("waiter").create(std::future::pending::<()>());
        let edge = AwaitEdge::new(&awaited, &waiter);
        assert_eq!(names(&capture_call_graph_of(&awaited)), ["waiter"]);
        drop(edge);
        assert!(capture_call_graph_of(&awaited).awaited_by.is_empty());
    });
}

// GRA-08
#[test]
fn every_way_to_wait_shows_in_the_graph() {
    async fn check(how: &str, awaited: &TaskRef) {
        rest().await;
        assert_eq!(names(&capture_call_graph_of(awaited)), [how], "{how}");
    }
    run(async {
        let pending = || create_task(std::future::pending::<()>());
        let (one, long) = (pending(), Duration::from_secs(3600));
        let of = one.task_ref();
        let _task = task().name("await").create(one);
        check("await", &of).await;

        let one = pending();
        let of = one.task_ref();
        let _task = task().name("shield").create(shield(one));
        check("shield", &of).await;

        let one = pending();
        let of = one.task_ref();
        let _task = task()
            .name("timeout")
            .create(async move { timeout(long, one).await.is_ok() });
        check("timeout", &of).await;

        let one = pending();
        let of = one.task_ref();
        let _task = task().name("gather").create(gather_tasks([one, pending()]));
        check("gather", &of).await;

        let one = pending();
        let of = one.task_ref();
        let _task = task().name("wait").create(async move {
            let mut tasks = vec![one, pending()];
            wait(&mut tasks).await.len()
        });
        check("wait", &of).await;

        let (tell, told) = std::sync::mpsc::channel();
        let _task = task()
            .name("group")
            .create(task_group_infallible(async move |tg| {
                let child = tg.start(std::future::pending::<()>());
                let _ = tell.send(child.task_ref().expect("the group takes tasks"));
            }));
        rest().await;
        let of = told.try_recv().expect("the group has begun");
        check("group", &of).await;
    });
}
