//! The feature `tracing`: spans of tasks and events, as a subscriber sees them.

#[path = "kit/collector.rs"]
mod collector;

use std::thread;
use std::time::Duration;

use asyncio::{create_task, get_running_loop, sleep, spawn, task, yield_now};
use collector::{COLLECTOR, run};
use tracing::Level;

// DEV-08
#[test]
fn a_task_has_a_span_that_is_entered_for_each_step_and_closed_at_its_end() {
    let line = line!() + 5;
    run(async {
        let two_steps = async {
            yield_now().await;
        };
        let task = task().name("two steps").create(two_steps);
        yield_now().await;
        let span = COLLECTOR.span("two steps");
        assert_eq!((span.entered, span.exited, span.closed), (1, 1, false));
        let number = task.task_ref().id().to_string();
        let kept = task.task_ref();
        task.await.expect("it ends");
        let span = COLLECTOR.span("two steps");
        assert_eq!((span.entered, span.exited), (2, 2));
        assert!(span.closed, "also while somebody keeps a reference to the task");
        drop(kept);

        assert_eq!(
            (span.target.as_str(), span.level),
            ("asyncio::task", Some(Level::DEBUG))
        );
        assert_eq!((&span.fields["id"], &span.fields["kind"][..]), (&number, "loop"));
        let place = format!("tests/tracing.rs:{line}:");
        assert!(
            span.fields["made_at"].contains(&place),
            "{span:?} should have {place}"
        );
    });
}

// DEV-08
#[test]
fn the_span_of_who_makes_a_task_is_its_parent_on_the_loop_and_on_the_pool() {
    run(async {
        let outer = task().name("outer").create(async {
            task()
                .name("inner")
                .create(async {
                    tracing::info!(name = "logged in inner", "hello");
                    task().name("on the pool").spawn(async {}).await
                })
                .await
        });
        let id = outer.task_ref().id().to_string();
        outer.await.expect("it ends").expect("it ends").expect("it ends");
        assert_eq!(COLLECTOR.span("inner").parent.as_deref(), Some("outer"));
        assert_eq!(COLLECTOR.span("inner").fields["made_by"], id);
        let pool = COLLECTOR.span("on the pool");
        assert_eq!(
            (pool.parent.as_deref(), &pool.fields["kind"][..]),
            (Some("inner"), "pool")
        );
        let logged = COLLECTOR.events("logged in inner");
        assert_eq!(logged[0].parent.as_deref(), Some("inner"));
    });
}

// DEV-08
#[test]
fn a_name_that_is_given_later_is_recorded() {
    run(async {
        let task = create_task(yield_now());
        task.task_ref().set_name("renamed");
        task.await.expect("it ends");
    });
    assert!(COLLECTOR.span("renamed").closed);
}

// DEV-08
#[test]
fn a_task_that_is_dropped_with_its_loop_has_its_span_closed_and_entered_while_it_is_dropped() {
    struct Logs;
    impl Drop for Logs {
        fn drop(&mut self) {
            tracing::info!(name = "in the destructor", "dropped");
        }
    }
    run(async {
        let dropped = async {
            let _logs = Logs;
            std::future::pending::<()>().await;
        };
        let task = task().name("dropped").create(dropped);
        yield_now().await;
        task.abort();
    });
    let span = COLLECTOR.span("dropped");
    assert!(span.closed && span.entered == span.exited, "{span:?}");
    assert_eq!(
        COLLECTOR.events("in the destructor")[0].parent.as_deref(),
        Some("dropped")
    );
}

// DEV-08
#[test]
fn a_request_to_cancel_is_an_event_in_the_span_of_the_task() {
    run(async {
        let asked = task().name("asked").create(sleep(Duration::from_secs(3600)));
        yield_now().await;
        asked.cancel_msg("enough");
        assert!(asked.await.is_err_and(|error| error.is_cancelled()));
        let hard = spawn(std::future::pending::<()>());
        hard.task_ref().set_name("asked hard");
        hard.abort();
        assert!(hard.await.is_err());
    });
    let event = &COLLECTOR.events("asked")[0];
    assert_eq!(
        (event.level, &event.fields["message"][..]),
        (Some(Level::DEBUG), "cancel requested")
    );
    assert_eq!(
        (&event.fields["reason"][..], &event.fields["hard"][..]),
        ("enough", "false")
    );
    assert_eq!(event.parent.as_deref(), Some("asked"));
    assert!(event.fields.contains_key("asked_by"));
    assert_eq!(COLLECTOR.events("asked hard")[0].fields["hard"], "true");
}

// DEV-03, DEV-06, DEV-08
#[test]
fn slow_steps_and_failures_that_nobody_retrieves_are_events() {
    run(async {
        let this = get_running_loop();
        this.set_exception_handler(Some(std::sync::Arc::new(|_| ())));
        let panics = task().name("panics").create(async { panic!("nobody sees it") });
        while !panics.is_finished() {
            yield_now().await;
        }
        drop(panics);
        this.set_slow_callback_duration(Duration::from_millis(1));
        this.set_debug(true);
        // It holds from the next turn on, so not of each step.
        let slow = task().name("slow").create(async {
            loop {
                thread::sleep(Duration::from_millis(2));
                yield_now().await;
            }
        });
        while COLLECTOR.events("slow").is_empty() {
            yield_now().await;
        }
        this.set_debug(false);
        slow.abort();
    });
    let failed = &COLLECTOR.events("panics")[0];
    assert_eq!(
        (failed.target.as_str(), failed.level),
        ("asyncio", Some(Level::ERROR))
    );
    assert_eq!(failed.fields["message"], "Task exception was never retrieved");
    assert_eq!(failed.fields["panic"], "nobody sees it");
    assert!(failed.fields["made_at"].contains("tests/tracing.rs"));
    let slow = &COLLECTOR.events("slow")[0];
    assert_eq!(
        (slow.level, slow.parent.as_deref()),
        (Some(Level::WARN), Some("slow"))
    );
    assert!(slow.fields["message"].contains("a task's step took"));
}
