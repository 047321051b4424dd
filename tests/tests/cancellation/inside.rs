//! Futures inside one task: joins, selects, and groups that borrow.

use std::cell::RefCell;
use std::future::{Future, pending};
use std::pin::Pin;

use asyncio::{
    CancelToken, ExceptionGroup, borrow_group, create_task, finally, join, race, select, sleep, sleep_with,
    timeout, yield_now,
};

use crate::kit::{Log, ms, run};

#[test]
fn a_join_waits_for_all_and_a_select_for_the_first() {
    run(async {
        assert_eq!(
            join!(sleep_with(ms(2), 1), async { "b" }, sleep_with(ms(1), 3)).await,
            (1, "b", 3)
        );
        assert_eq!(
            race!(sleep_with(ms(2), 1), sleep_with(ms(1), 2), pending()).await,
            2
        );
        let mut ticks = 0;
        let mut total = std::pin::pin!(sleep(ms(12)));
        let ended = loop {
            select! {
                () = sleep(ms(5)) => ticks += 1,
                () = total.as_mut() => break "the pinned one",
            }
        };
        assert_eq!(ended, "the pinned one");
        assert_eq!(ticks, 2);
    });
}

/// TSK-09: a request reaches every branch, and each cleans up.
#[test]
fn every_branch_of_the_macros_cleans_up() {
    let log = Log::default();
    run(async {
        for selects in [false, true] {
            let (a, b) = (log.clone(), log.clone());
            let task = create_task(async move {
                let (a, b) = (
                    async move {
                        finally!({ pending::<()>().await }, {
                            sleep(ms(3)).await;
                            a.add("a")
                        })
                    },
                    async move {
                        finally!({ pending::<()>().await }, {
                            sleep(ms(1)).await;
                            b.add("b")
                        })
                    },
                );
                if selects {
                    race!(a, b).await;
                } else {
                    join!(a, b).await;
                }
            });
            sleep(ms(1)).await;
            task.cancel();
            assert!(task.await.unwrap_err().is_cancelled());
        }
    });
    assert_eq!(log.take(), ["b", "a", "b", "a"]);
}

/// A group whose futures borrow: the rules are those of a task group.
#[test]
fn a_borrowing_group_fails_and_cleans_up_as_a_group_of_tasks() {
    run(async {
        let seen = RefCell::new(Vec::new());
        let result = borrow_group(async |group| {
            for n in 0..3u64 {
                let seen = &seen;
                group.start(async move {
                    finally!(
                        {
                            sleep(ms(10 * (n + 1))).await;
                            if n == 1 { Err("one failed") } else { Ok(()) }
                        },
                        {
                            sleep(ms(1)).await;
                            seen.borrow_mut().push(n);
                        }
                    )
                });
            }
            finally!({ pending::<()>().await }, { seen.borrow_mut().push(9) });
            Ok(())
        })
        .await;
        assert_eq!(result.unwrap_err().errors(), ["one failed"]);
        assert_eq!(*seen.borrow(), [0, 1, 9, 2]);
    });
}

#[test]
fn a_borrowing_group_starts_more_from_inside_and_goes_on_being_cancelled() {
    type Boxed<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + 'a>>;
    let log = Log::default();
    run(async {
        let names = ["x".to_owned(), "y".to_owned()];
        let value: Result<usize, ExceptionGroup<String>> = borrow_group(async |group| {
            let (inner, names, log) = (group.clone(), &names, &log);
            let first: Boxed<'_> = Box::pin(async move {
                yield_now().await;
                let second: Boxed<'_> = Box::pin(async move {
                    sleep(ms(5)).await;
                    log.add(names.concat());
                    Ok(())
                });
                assert!(inner.start(second));
                Ok(())
            });
            group.start(first);
            Ok(names.len())
        })
        .await;
        assert_eq!((value.unwrap(), log.take()), (2, vec!["xy".to_owned()]));
        let inner = log.clone();
        let task = create_task(async move {
            let inner = &inner;
            let result: Result<(), ExceptionGroup<String>> = borrow_group(async |group| {
                group.start(async move {
                    finally!({ pending().await }, {
                        sleep(ms(5)).await;
                        inner.add("child")
                    })
                });
                finally!({ pending().await }, {
                    sleep(ms(2)).await;
                    inner.add("body")
                })
            })
            .await;
            unreachable!("{result:?}");
        });
        sleep(ms(1)).await;
        task.cancel();
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(log.take(), ["body", "child"]);
    });
}

#[test]
fn a_borrowing_group_inside_a_timeout_is_cut_off() {
    run(async {
        let late = timeout(
            ms(5),
            borrow_group(async |group| {
                group.start(pending::<Result<(), ()>>());
                Ok(())
            }),
        );
        assert!(late.await.is_err());
    });
}

#[test]
fn a_cancel_token_wakes_who_waits_and_sets_its_children() {
    run(async {
        let stop = CancelToken::new();
        let (child, of_task) = (stop.child(), stop.child());
        let waiting = create_task(async move { of_task.cancelled().await });
        assert!(timeout(ms(5), stop.cancelled()).await.is_err());
        child.cancel();
        assert!(child.is_cancelled() && !stop.is_cancelled());
        stop.cancel();
        waiting.await.unwrap();
        assert!(stop.child().is_cancelled());
        stop.cancelled().await;
    });
}

/// The tasks of an executor that is run inside a scope are not that scope's.
#[test]
fn an_executor_inside_a_scope_hides_it_from_its_tasks() {
    run(async {
        let executor = asyncio::executor::LocalExecutor::new();
        let task = executor.spawn(async {
            assert!(asyncio::current_task().is_none());
            asyncio::catch_cancelled(sleep(ms(50))).await.is_ok()
        });
        assert!(timeout(ms(5), executor.run(pending::<()>())).await.is_err());
        assert!(executor.run(task).await, "the expiry was no business of it");
        let nested = asyncio::executor::block_on(async { asyncio::current_task().is_none() });
        assert!(nested);
    });
}
