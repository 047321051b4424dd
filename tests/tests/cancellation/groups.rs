//! Groups of tasks.

use std::future::pending;

use asyncio::{ExceptionGroup, create_task, finally, sleep, task_group, timeout, yield_now};

use crate::kit::{Log, ms, run};

/// TSK-12, TSK-13.
#[test]
fn a_group_ends_when_all_its_tasks_have_ended() {
    let log = Log::default();
    run(async {
        let result: Result<_, ExceptionGroup<String>> = task_group(async |tg| {
            let value = tg.create_task(async {
                sleep(ms(5)).await;
                Ok(3)
            });
            let (slow, sibling, handle) = (log.clone(), log.clone(), tg.clone());
            tg.start(async move {
                sleep(ms(20)).await;
                slow.add("slow");
                handle.start(async move {
                    sleep(ms(20)).await;
                    sibling.add("sibling made at the end");
                });
            });
            let value = value.await;
            log.add("body");
            Ok(value + 1)
        })
        .await;
        assert_eq!(result.unwrap(), 4);
    });
    assert_eq!(log.take(), ["body", "slow", "sibling made at the end"]);
}

/// TSK-14, TSK-16, TSK-24, TSK-25.
#[test]
fn the_first_failure_cancels_the_rest_and_all_errors_come_back() {
    let log = Log::default();
    run(async {
        let result = task_group(async |tg| {
            let (cleaning, dropped) = (log.clone(), log.clone());
            tg.create_task(async move {
                finally!({ pending::<Result<(), String>>().await }, {
                    sleep(ms(5)).await;
                    cleaning.add("cleaned up");
                })
            });
            tg.create_task(async move {
                let _guard = dropped.on_drop("dropped");
                pending::<()>().await;
                Ok::<_, String>(())
            });
            tg.create_task(async {
                sleep(ms(1)).await;
                Err::<(), _>("first".to_owned())
            });
            tg.create_task(async {
                finally!({ pending::<()>().await }, { sleep(ms(1)).await });
                Err::<(), _>("never".to_owned())
            });
            let body: Result<(), String> = async {
                drop(asyncio::catch_cancelled(pending::<()>()).await);
                Err("of the body".to_owned())
            }
            .await;
            body
        })
        .await;
        let group = result.unwrap_err();
        assert_eq!(group.errors(), ["first", "of the body"]);
        assert_eq!(
            group.to_string(),
            "unhandled errors in a TaskGroup (2 sub-exceptions)"
        );
        let (body, rest) = group.split(|error| error.contains("body"));
        assert_eq!(body.unwrap().errors(), ["of the body"]);
        assert_eq!(rest.unwrap().subgroup(|error| error == "none"), None);
    });
    assert_eq!(log.take(), ["dropped", "cleaned up"]);
}

/// TSK-15.
#[test]
fn a_task_that_ends_cancelled_is_no_failure() {
    run(async {
        let result: Result<_, ExceptionGroup<String>> = task_group(async |tg| {
            let alone = tg.start(pending::<()>());
            let other = tg.start(async {
                sleep(ms(5)).await;
                2
            });
            yield_now().await;
            assert!(alone.cancel());
            let outcome = alone.outcome().await;
            assert!(outcome.unwrap_err().is_cancelled());
            Ok(other.await)
        })
        .await;
        assert_eq!(result.unwrap(), 2);
    });
}

/// TSK-13: awaiting a task that failed cancels the body at that await.
#[test]
fn the_body_is_cancelled_where_it_awaits_a_task_that_fails() {
    let log = Log::default();
    run(async {
        let result: Result<(), ExceptionGroup<&str>> = task_group(async |tg| {
            let bad = tg.create_task(async {
                sleep(ms(1)).await;
                Err::<u32, _>("bad")
            });
            finally!({ bad.await }, { log.add("body cleaned up") });
            unreachable!();
        })
        .await;
        assert_eq!(result.unwrap_err().errors(), ["bad"]);
    });
    assert_eq!(log.take(), ["body cleaned up"]);
}

/// TSK-17.
#[test]
fn a_cancel_from_outside_ends_the_group_and_goes_on() {
    let log = Log::default();
    run(async {
        let inner = log.clone();
        let task = create_task(async move {
            let child = inner.clone();
            let result: Result<(), ExceptionGroup<String>> = task_group(async |tg| {
                tg.start(async move {
                    finally!({ pending::<()>().await }, {
                        sleep(ms(5)).await;
                        child.add("child")
                    })
                });
                finally!({ pending::<()>().await }, { inner.add("body") });
                Ok(())
            })
            .await;
            unreachable!("{result:?}");
        });
        sleep(ms(1)).await;
        task.cancel();
        assert!(task.await.unwrap_err().is_cancelled());
    });
    assert_eq!(log.take(), ["body", "child"]);
}

/// TSK-17: a child that fails while the group unwinds; the request is delivered at the next suspension.
#[test]
fn errors_win_over_a_cancel_from_outside_which_comes_at_the_next_suspension() {
    let log = Log::default();
    run(async {
        for suspends in [true, false] {
            let inner = log.clone();
            let task = create_task(async move {
                let result: Result<(), _> = task_group(async |tg| {
                    tg.create_task(async {
                        drop(asyncio::catch_cancelled(pending::<()>()).await);
                        Err::<(), _>("failed in cleanup")
                    });
                    pending::<()>().await;
                    Ok(())
                })
                .await;
                inner.add(result.unwrap_err().errors().concat());
                if suspends {
                    yield_now().await;
                    inner.add("never");
                }
            });
            sleep(ms(1)).await;
            task.cancel();
            assert!(task.await.unwrap_err().is_cancelled());
        }
    });
    assert_eq!(log.take(), ["failed in cleanup", "failed in cleanup"]);
}

/// TSK-17: the request survives also if the scopes around end without a suspension.
#[test]
fn a_request_that_waits_for_a_suspension_is_not_lost_with_the_scope_around() {
    run(async {
        let task = create_task(async {
            let group = timeout(ms(1000), async {
                let result: Result<(), _> = task_group(async |tg| {
                    tg.create_task(async {
                        drop(asyncio::catch_cancelled(pending::<()>()).await);
                        Err::<(), _>("failed")
                    });
                    pending::<()>().await;
                    Ok(())
                })
                .await;
                result.unwrap_err().errors().len()
            })
            .await;
            assert_eq!(group, Ok(1));
            yield_now().await;
            unreachable!();
        });
        sleep(ms(1)).await;
        task.cancel();
        let error = task.await.unwrap_err();
        assert!(error.is_cancelled(), "{error}");
    });
}

/// TSK-18.
#[test]
fn a_second_cancel_while_the_group_waits_does_not_abandon_the_tasks() {
    let log = Log::default();
    run(async {
        let inner = log.clone();
        let task = create_task(async move {
            let _: Result<(), ExceptionGroup<String>> = task_group(async |tg| {
                tg.start(async move {
                    finally!({ pending::<()>().await }, {
                        // Turns further requests down.
                        let mut left = std::pin::pin!(sleep(ms(20)));
                        while let Err(token) = asyncio::catch_cancelled(left.as_mut()).await {
                            token.uncancel();
                        }
                        inner.add("child ended");
                    })
                });
                Ok(())
            })
            .await;
            unreachable!();
        });
        sleep(ms(1)).await;
        task.cancel();
        sleep(ms(1)).await;
        task.cancel();
        assert!(task.await.unwrap_err().is_cancelled());
    });
    assert_eq!(log.take(), ["child ended"]);
}

/// TSK-17, TSK-21: an outer cancel that arrives while the group unwinds for an error of its own.
#[test]
fn an_outer_cancel_that_arrives_while_a_group_unwinds_survives() {
    let log = Log::default();
    run(async {
        let inner = log.clone();
        let task = create_task(async move {
            let result: Result<(), _> = task_group(async |tg| {
                tg.create_task(async {
                    finally!({ pending::<Result<(), &str>>().await }, { sleep(ms(10)).await })
                });
                yield_now().await;
                Err("body")
            })
            .await;
            inner.add(result.unwrap_err().errors().concat());
            yield_now().await;
            inner.add("never");
        });
        sleep(ms(5)).await;
        task.cancel();
        assert!(task.await.unwrap_err().is_cancelled());
    });
    assert_eq!(log.take(), ["body"]);
}

/// TSK-21.
#[test]
fn nested_groups_that_fail_at_once_are_each_reported_and_the_count_is_restored() {
    run(async {
        let outer: Result<(), ExceptionGroup<String>> = task_group(async |outer| {
            outer.create_task(async {
                sleep(ms(10)).await;
                Err::<(), _>("outer".to_owned())
            });
            let inner: Result<(), ExceptionGroup<String>> = task_group(async |inner| {
                inner.create_task(async {
                    sleep(ms(10)).await;
                    Err::<(), _>("inner".to_owned())
                });
                pending::<()>().await;
                Ok(())
            })
            .await;
            Err(inner.unwrap_err().errors().concat())
        })
        .await;
        let mut errors = outer.unwrap_err().into_errors();
        errors.sort();
        assert_eq!(errors, ["inner", "outer"]);
        assert_eq!(asyncio::TaskRef::current().unwrap().cancelling(), 0);
        yield_now().await;
    });
}
