//! The call graph of a task: who awaits it, by whatever way to wait.

#[path = "kit/ways.rs"]
mod ways;

use asyncio_loop::{Runner, call_soon};
use asyncio_sync::Lock;
use asyncio_tasks::{
    AwaitEdge, capture_call_graph, capture_call_graph_of, create_task, format_call_graph, print_call_graph,
    task, to_thread, write_call_graph,
};
use ways::{PLAIN, WATCHED, names, rest, waiters};

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

// GRA-01, GRA-02
#[test]
fn in_a_callback_and_on_a_thread_for_blocking_work_there_is_no_graph() {
    let nothing = || capture_call_graph().is_none() && format_call_graph().is_empty();
    run(async move {
        assert!(!nothing(), "this is a task");
        let (tell, told) = std::sync::mpsc::channel();
        call_soon(move || tell.send(nothing()).expect("it is awaited"));
        tasks_step().await;
        assert_eq!(told.try_recv(), Ok(true));
        assert!(to_thread(nothing).await.expect("it ends"));
    });
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

// GRA-01
#[test]
fn the_depth_leaves_out_what_is_innermost_of_the_running_task_alone() {
    run(async {
        let inner = task().name("inner").create(async {
            rest().await;
            let graph = capture_call_graph().expect("it is a task");
            assert_eq!(graph.call_stack.len(), 1, "{graph}");
            let without = |depth| graph.clone().depth(depth);
            assert_eq!(without(0).call_stack, graph.call_stack);
            for depth in [1, 2, usize::MAX] {
                assert!(without(depth).call_stack.is_empty());
                let waiter = &without(depth).awaited_by[0];
                assert_eq!(waiter.call_stack, graph.awaited_by[0].call_stack);
                assert_eq!(waiter.call_stack.len(), 2, "{graph}");
            }
        });
        let outer = create_task(inner);
        rest().await;
        let graph = capture_call_graph_of(&outer);
        assert_eq!(graph.clone().depth(1).call_stack, graph.call_stack);
        outer.await.expect("it ends").expect("it ends");
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

// GRA-05
#[cfg(unix)]
#[test]
fn a_descriptor_that_is_waited_for_has_its_address_in_the_text_of_the_process_itself() {
    run(async {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it has one");
        let listener = asyncio_reactor::Async::new(listener).expect("it can be waited for");
        let number = listener.number();
        let accepts = create_task(async move { listener.readable().await.is_ok() });
        rest().await;
        let stack = capture_call_graph_of(&accepts).call_stack;
        let words = format!("waits for descriptor {number}, socket at {address}");
        assert_eq!(stack[0].name, words);
    });
}

// GRA-04
#[test]
fn in_a_circle_a_task_that_comes_again_has_no_waiters_listed() {
    run(async {
        let make = |name: &'static str| task().name(name).create(std::future::pending::<()>());
        let (one, two, out) = (make("one"), make("two"), make("out"));
        let _circle = [
            AwaitEdge::new(&one, &two),
            AwaitEdge::new(&two, &one),
            AwaitEdge::new(&one, &out),
        ];
        let graph = capture_call_graph_of(&one);
        assert_eq!(names(&graph), ["two", "out"]);
        let [two, out] = &graph.awaited_by[..] else {
            panic!("{graph}")
        };
        assert_eq!(names(two), ["one"]);
        let again = &two.awaited_by[0];
        assert_eq!(again.task, graph.task);
        assert_eq!(again.call_stack, graph.call_stack);
        assert!(
            again.awaited_by.is_empty() && out.awaited_by.is_empty(),
            "{graph}"
        );
        assert_eq!(
            graph.to_string().matches("* Task(name='one'").count(),
            2,
            "{graph}"
        );
    });
}

// GRA-05
#[test]
fn an_entry_for_a_lock_has_the_place_where_its_holder_took_it() {
    run(async {
        let lock = std::sync::Arc::new(Lock::new(()));
        let (_guard, line) = (lock.clone().acquire_owned().await, line!());
        let wants = create_task(lock.acquire_owned());
        rest().await;
        let stack = capture_call_graph_of(&wants).call_stack;
        assert_eq!(stack.len(), 2, "{stack:?}");
        assert!(stack[0].name.starts_with("waits for a lock"), "{stack:?}");
        let taken = stack[0].location.expect("it is known");
        assert_eq!((taken.file(), taken.line()), (file!(), line));
        assert_eq!(stack[1].location, Some(wants.location()));
    });
}

// GRA-08
#[test]
fn every_way_to_wait_shows_in_the_graph() {
    run(async {
        for how in PLAIN.into_iter().chain(WATCHED) {
            assert_eq!(waiters(how).await, [how], "{how}");
        }
    });
}
