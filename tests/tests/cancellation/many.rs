//! Many tasks at once: gather, wait, as_completed, sets; and waits with a deadline.

use std::future::pending;

use asyncio::{
    ReturnWhen, Task, TaskSet, TimeoutState, as_completed, catch_cancelled, create_task, finally, gather,
    gather_all, gather_spawn, gather_tasks, sleep, sleep_with, timeout_scope, try_gather, try_gather_all,
    wait, wait_for, yield_now,
};

use crate::kit::{Log, ms, run};

/// TSK-27, TSK-28.
#[test]
fn a_gather_gives_all_results_in_the_order_of_the_arguments() {
    run(async {
        let (a, b, c) = gather!(sleep_with(ms(20), 1), sleep_with(ms(10), "two"), async {
            panic!("three")
        })
        .await;
        let c: Result<(), _> = c;
        assert_eq!(
            (a.unwrap(), b.unwrap(), c.unwrap_err().is_panic()),
            (1, "two", true)
        );
        let all = gather_all((0..100).map(|n| sleep_with(ms(100 - n), n))).await;
        assert!(all.into_iter().map(Result::unwrap).eq(0..100));
        assert!(gather_all(Vec::<std::future::Ready<u32>>::new()).await.is_empty());
        let (pooled,) = gather_spawn!(async { 5 }).await;
        assert_eq!(pooled.unwrap(), 5);
        let tasks = vec![create_task(async { 1 }), create_task(pending())];
        tasks[1].cancel();
        let results = gather_tasks(tasks).await;
        assert!(results[0].is_ok() && results[1].as_ref().unwrap_err().is_cancelled());
    });
}

/// TSK-27.
#[test]
fn a_fallible_gather_ends_at_the_first_error_and_the_rest_run_on() {
    let log = Log::default();
    run(async {
        let inner = log.clone();
        let slow = async move {
            sleep(ms(50)).await;
            inner.add("ran on");
            Ok::<_, std::io::Error>(1)
        };
        let failed = try_gather!(slow, async {
            sleep(ms(10)).await;
            Err::<(), _>(std::io::Error::other("refused"))
        })
        .await;
        assert_eq!(failed.unwrap_err().to_string(), "refused");
        assert!(log.take().is_empty());
        sleep(ms(100)).await;
        assert_eq!(log.take(), ["ran on"]);
        let good = try_gather_all((0..3).map(|n| async move { Ok::<_, std::io::Error>(n) })).await;
        assert_eq!(good.unwrap(), [0, 1, 2]);
        let bad = try_gather_all((0..3).map(|n| async move {
            if n == 1 {
                Err(std::io::Error::other("one"))
            } else {
                Ok(n)
            }
        }));
        assert_eq!(bad.await.unwrap_err().to_string(), "one");
    });
}

/// TSK-29.
#[test]
fn cancelling_a_gather_cancels_its_tasks_and_waits_for_them() {
    let log = Log::default();
    run(async {
        for swallows in [false, true] {
            let inner = log.clone();
            let task = create_task(async move {
                let (log, other) = (inner.clone(), inner.clone());
                let (a, b) = gather!(
                    async move {
                        finally!({ pending::<()>().await }, {
                            sleep(ms(5)).await;
                            log.add("a")
                        })
                    },
                    async move {
                        if swallows {
                            drop(catch_cancelled(pending::<()>()).await);
                        } else {
                            pending::<()>().await;
                        }
                        other.add("b went on");
                    },
                )
                .await;
                unreachable!("{a:?} {b:?}");
            });
            sleep(ms(1)).await;
            task.cancel();
            assert!(task.await.unwrap_err().is_cancelled());
        }
        assert_eq!(log.take(), ["a", "b went on", "a"]);
        let inner = log.clone();
        let dropped = gather!(async move { finally!({ pending::<()>().await }, { inner.add("dropped") }) });
        yield_now().await;
        drop(dropped);
        sleep(ms(1)).await;
        assert_eq!(log.take(), ["dropped"]);
    });
}

fn sleepers() -> Vec<Task<u64>> {
    [30, 10, 20].map(|n| create_task(sleep_with(ms(n), n))).into()
}

/// TSK-41, TSK-42, TSK-43, TSK-44.
#[test]
fn wait_takes_out_what_has_ended_and_leaves_the_rest() {
    run(async {
        let mut tasks = sleepers();
        let done = wait(&mut tasks).return_when(ReturnWhen::FirstCompleted).await;
        assert_eq!((done.len(), tasks.len(), done[0].result()), (1, 2, Ok(&10)));
        let done = wait(&mut tasks).timeout(ms(0)).await;
        assert_eq!((done.len(), tasks.len()), (0, 2));
        let waiter = wait(&mut tasks);
        assert!(asyncio::timeout(ms(1), waiter).await.is_err());
        assert_eq!(tasks.len(), 2, "a cancelled wait cancels nothing");
        let done = wait(&mut tasks).await;
        assert_eq!(
            (done[0].result(), done[1].result(), tasks.len()),
            (Ok(&30), Ok(&20), 0)
        );
        assert!(wait(&mut tasks).await.is_empty());
        let mut fallible: Vec<Task<Result<u32, &str>>> = vec![
            create_task(sleep_with(ms(50), Ok(1))),
            create_task(sleep_with(ms(10), Err("bad"))),
            create_task(pending()),
        ];
        fallible[2].cancel();
        let done = wait(&mut fallible)
            .return_when(ReturnWhen::FirstException)
            .errors_count()
            .await;
        assert_eq!(
            (done.len(), fallible.len()),
            (2, 1),
            "the cancelled one had ended too"
        );
        let done = wait(&mut fallible)
            .return_when(ReturnWhen::FirstException)
            .errors_count()
            .await;
        assert_eq!(
            (done.len(), fallible.len()),
            (1, 0),
            "without an exception it waits for all"
        );
    });
}

/// TSK-45.
#[test]
fn as_completed_gives_the_tasks_in_the_order_in_which_they_end() {
    run(async {
        let mut order = Vec::new();
        let mut ended = as_completed(sleepers());
        while let Some(task) = ended.next().await {
            order.push(task.unwrap().await.unwrap());
        }
        assert_eq!(order, [10, 20, 30]);
        let mut late = as_completed(sleepers()).timeout(ms(15));
        assert_eq!(late.next().await.unwrap().unwrap().await.unwrap(), 10);
        assert!(late.next().await.unwrap().is_err());
        assert!(late.next().await.is_none());
        assert_eq!((late.len(), late.into_remaining().len()), (2, 2));
        let mut order = Vec::new();
        for next in as_completed(sleepers()) {
            order.push(next.await.unwrap().await.unwrap());
        }
        assert_eq!(order, [10, 20, 30]);
        let stream: Vec<_> = futures_lite::StreamExt::collect(as_completed(sleepers())).await;
        assert_eq!(stream.len(), 3);
        sleep(ms(100)).await;
    });
}

/// TSK-40.
#[test]
fn wait_for_never_loses_a_result_and_waits_for_the_cleanup() {
    let log = Log::default();
    run(async {
        assert_eq!(
            wait_for(create_task(sleep_with(ms(5), 1)), ms(10))
                .await
                .unwrap()
                .unwrap(),
            1
        );
        let just_in_time = create_task(sleep_with(ms(10), 2));
        yield_now().await;
        assert_eq!(wait_for(just_in_time, ms(10)).await.unwrap().unwrap(), 2);
        assert_eq!(
            wait_for(create_task(async { 3 }), None).await.unwrap().unwrap(),
            3
        );
        let inner = log.clone();
        let slow = create_task(async move {
            finally!({ pending::<()>().await }, {
                sleep(ms(5)).await;
                inner.add("cleaned up")
            })
        });
        assert!(wait_for(slow, ms(10)).await.is_err());
        assert_eq!(log.take(), ["cleaned up"]);
        let swallows = create_task(async {
            drop(catch_cancelled(pending::<()>()).await);
            4
        });
        assert_eq!(wait_for(swallows, ms(10)).await.unwrap().unwrap(), 4);
        let inner = log.clone();
        let never = create_task(async move { inner.add("never") });
        assert!(wait_for(never, ms(0)).await.is_err());
        let done = create_task(async { 5 });
        yield_now().await;
        assert_eq!(wait_for(done, ms(0)).await.unwrap().unwrap(), 5);
        let inner = create_task(pending::<()>());
        let seen = inner.task_ref();
        let outer = create_task(wait_for(inner, ms(100)));
        sleep(ms(1)).await;
        outer.cancel();
        assert!(outer.await.unwrap_err().is_cancelled());
        assert!(seen.done());
    });
    assert!(log.take().is_empty());
}

/// TSK-35, TSK-36, TSK-37, TSK-38, EXC-03.
#[test]
fn the_deadline_of_a_scope_can_be_looked_at_and_moved() {
    run(async {
        let start = asyncio::time::now();
        let mut kept = None;
        let result = timeout_scope(ms(10), async |t| {
            kept = Some(t.clone());
            assert_eq!(
                (t.state(), t.when()),
                (TimeoutState::Active, Some(start + ms(10)))
            );
            t.reschedule(start + ms(50)).unwrap();
            sleep(ms(20)).await;
            assert!(!t.expired());
            let other = t.clone();
            drop(create_task(async move {
                other.reschedule(asyncio::time::now()).unwrap()
            }));
            finally!({ pending::<()>().await }, {
                assert!(t.expired() && t.state() == TimeoutState::Expiring);
                let refused = t.reschedule(None).unwrap_err();
                assert_eq!(refused.to_string(), "Cannot change state of expiring Timeout");
            });
        });
        assert!(result.await.is_err());
        assert_eq!(asyncio::time::now() - start, ms(20));
        let kept = kept.unwrap();
        assert!(kept.expired() && format!("{kept:?}").contains("Expired"));
        assert!(kept.reschedule(None).is_err());
        let scope = timeout_scope(None, async |t| {
            t.reschedule(asyncio::time::now() + ms(5)).unwrap();
            t.reschedule(None).unwrap();
            sleep(ms(10)).await;
            t.when()
        });
        assert_eq!(scope.await, Ok(None));
        let past = timeout_scope(None, async |t| {
            t.reschedule(asyncio::time::now()).unwrap();
            yield_now().await;
            yield_now().await;
        });
        assert!(past.await.is_err());
    });
}

/// A set of tasks: failures harm nobody, and a shutdown waits.
#[test]
fn a_task_set_joins_what_ends_and_shuts_down_in_order() {
    let log = Log::default();
    run(async {
        let mut set = TaskSet::new();
        for n in [30, 10, 20] {
            set.create_task(sleep_with(ms(n), n));
        }
        set.create_task(async { panic!("harmless") });
        set.spawn(async { 0 });
        assert_eq!(set.len(), 5);
        let mut values = Vec::new();
        let mut panics = 0;
        while let Some(result) = set.join_next().await {
            match result {
                Ok(value) => values.push(value),
                Err(error) => panics += usize::from(error.is_panic()),
            }
        }
        values.sort_unstable();
        assert_eq!((values, panics, set.is_empty()), (vec![0, 10, 20, 30], 1, true));
        let inner = log.clone();
        set.create_task(async move {
            finally!({ pending().await }, {
                sleep(ms(5)).await;
                inner.add("cleaned up")
            })
        });
        sleep(ms(1)).await;
        assert!(set.try_join_next().is_none());
        set.shutdown(ms(50)).await;
        assert_eq!((log.take(), set.len()), (vec!["cleaned up".to_owned()], 0));
        let inner = log.clone();
        set.create_task(async move { finally!({ pending().await }, { inner.add("asked by the drop") }) });
        sleep(ms(1)).await;
        drop(set);
        sleep(ms(1)).await;
    });
    assert_eq!(log.take(), ["asked by the drop"]);
}
