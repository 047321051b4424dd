//! The ways in which a group ends by itself: panics, its own cancel, a drop, a grace.

use std::future::pending;

use asyncio::{
    ExceptionGroup, TaskGroup, create_task, finally, sleep, task_group, task_group_infallible, yield_now,
};

use crate::kit::{Log, ms, run};

/// TSK-19.
#[test]
fn a_panic_goes_on_when_the_siblings_have_ended() {
    let log = Log::default();
    let inner = log.clone();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        run(async move {
            let _: Result<(), ExceptionGroup<String>> = task_group(async |tg| {
                tg.start(async move {
                    finally!({ pending::<()>().await }, {
                        sleep(ms(5)).await;
                        inner.add("sibling")
                    })
                });
                tg.start(async {
                    sleep(ms(1)).await;
                    panic!("on purpose")
                });
                pending::<()>().await;
                Ok(())
            })
            .await;
        });
    }));
    assert_eq!(*panicked.unwrap_err().downcast::<&str>().unwrap(), "on purpose");
    assert_eq!(log.take(), ["sibling"]);
}

/// TSK-22.
#[test]
fn a_group_that_cancels_itself_ends_without_an_error() {
    run(async {
        let group = task_group(async |tg: TaskGroup<String>| {
            let handle = tg.clone();
            tg.start(async move {
                sleep(ms(5)).await;
                handle.cancel();
                handle.cancel();
            });
            tg.start(pending::<()>());
            pending::<()>().await;
            Ok(7)
        });
        assert_eq!(group.or_default().await.unwrap(), 0);
        let group = task_group(async |tg: TaskGroup<String>| {
            tg.cancel();
            assert!(tg.was_cancelled() && tg.is_closed());
            assert!(tg.try_create_task(async { Ok(()) }).is_err());
            assert!(tg.start(async {}).outcome().await.unwrap_err().is_cancelled());
            Ok(1)
        });
        assert_eq!(
            group.or_value(9).await.unwrap(),
            1,
            "a body that ends has its value"
        );
        let armed = TaskGroup::<String>::new();
        armed.cancel();
        let result = armed
            .run(async |_tg| {
                yield_now().await;
                Ok(5)
            })
            .await;
        assert!(result.unwrap_err().is_cancelled());
        // A child that cancels its group before its first suspension is itself cancelled.
        let log = Log::default();
        let inner = log.clone();
        let group = task_group(async |tg: TaskGroup<String>| {
            let handle = tg.clone();
            tg.start(async move {
                handle.cancel();
                yield_now().await;
                inner.add("never");
            });
            Ok(())
        });
        group.await.unwrap();
        assert!(log.take().is_empty());
    });
}

/// TSK-22: failures after it, and a cancel from outside meanwhile.
#[test]
fn a_group_that_cancels_itself_hides_neither_failures_nor_a_cancel() {
    run(async {
        let failed: Result<(), _> = task_group(async |tg| {
            tg.create_task(async {
                drop(asyncio::catch_cancelled(pending::<()>()).await);
                Err::<(), _>("late")
            });
            yield_now().await;
            tg.cancel();
            Ok(())
        })
        .await;
        assert_eq!(failed.unwrap_err().errors(), ["late"]);
        let task = create_task(async {
            let group = task_group(async |tg: TaskGroup<String>| {
                tg.start(async { finally!({ pending::<()>().await }, { sleep(ms(10)).await }) });
                yield_now().await;
                tg.cancel();
                Ok(())
            });
            drop(group.await);
            yield_now().await;
            unreachable!();
        });
        sleep(ms(5)).await;
        task.cancel();
        assert!(task.await.unwrap_err().is_cancelled());
    });
}

/// TSK-12: the body borrows, an infallible group gives the body's value.
#[test]
fn a_group_that_cannot_fail_gives_the_value_of_its_body() {
    run(async {
        let words = ["a".to_owned(), "b".to_owned()];
        let joined = task_group_infallible(async |tg| {
            let tasks: Vec<_> = (0..3).map(|n| tg.start(async move { n * 2 })).collect();
            let mut sum = 0;
            for task in tasks {
                sum += task.await;
            }
            format!("{}{sum}", words.concat())
        });
        assert_eq!(joined.await, "ab6");
    });
}

/// A group that is dropped by a select asks its tasks to stop.
#[test]
fn a_dropped_group_cancels_its_tasks_and_the_loop_reaps_them() {
    let log = Log::default();
    run(async {
        let inner = log.clone();
        let group = task_group_infallible(async |tg| {
            tg.start(async move {
                finally!({ pending::<()>().await }, {
                    sleep(ms(5)).await;
                    inner.add("reaped")
                })
            });
            pending::<()>().await;
        });
        futures_lite::future::or(group, sleep(ms(1))).await;
        assert!(log.take().is_empty());
        sleep(ms(10)).await;
        assert_eq!(log.take(), ["reaped"]);
    });
}

/// A grace bounds the cleanup of a group and names who overran.
#[test]
fn a_grace_ends_a_group_and_names_the_task_that_does_not_end() {
    let reports = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let told = reports.clone();
    let mut runner = asyncio::Runner::new()
        .mock_clock(true)
        .exception_handler(move |context| told.lock().unwrap().push(context.to_string()));
    let took = runner.run(async {
        let start = asyncio::time::now();
        let group = task_group(async |tg| {
            let stubborn = tg.start(async { finally!({ pending::<()>().await }, { pending::<()>().await }) });
            stubborn.task_ref().unwrap().set_name("stubborn");
            tg.start(async { finally!({ pending::<()>().await }, { sleep(ms(5)).await }) });
            sleep(ms(10)).await;
            Err::<(), _>("enough")
        });
        assert_eq!(group.grace(ms(50)).await.unwrap_err().errors(), ["enough"]);
        asyncio::time::now() - start
    });
    assert_eq!(took.unwrap(), ms(60));
    let reports = reports.lock().unwrap();
    assert!(
        reports.len() == 1 && reports[0].contains("stubborn"),
        "{reports:?}"
    );
}

/// TSK-21: the group's own request is counted no longer than the group lives.
#[test]
fn a_group_that_is_dropped_while_it_shuts_down_restores_the_count() {
    run(async {
        let group = task_group(async |tg| {
            tg.create_task(async { Err::<(), _>("failed") });
            finally!({ pending::<()>().await }, { sleep(ms(50)).await });
            Ok(())
        });
        let dropped = asyncio::race!(async { drop(group.await) }, sleep(ms(10)));
        dropped.await;
        assert_eq!(asyncio::current_task().unwrap().cancelling(), 0);
    });
}
