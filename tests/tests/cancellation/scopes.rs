//! Requests, scopes and tokens.

use std::future::pending;

use asyncio::{catch_cancelled, create_task, finally, on_cancel, shield, sleep, task, timeout, yield_now};

use crate::kit::{Log, ms, run};

/// TSK-09, TSK-11, TSK-65, TSK-66.
#[test]
fn cleanup_awaits_and_the_cancellation_goes_on() {
    let log = Log::default();
    run(async {
        let inner = log.clone();
        let task = create_task(async move {
            finally!({ sleep(ms(1000)).await }, {
                sleep(ms(10)).await;
                inner.add("cleaned up");
            })
        });
        yield_now().await;
        assert!(task.cancel_msg("enough"));
        assert!(!task.done());
        let error = task.await.unwrap_err();
        assert!(error.is_cancelled());
        assert_eq!(error.cancelled_error().unwrap().message(), Some("enough"));
    });
    assert_eq!(log.take(), ["cleaned up"]);
}

/// TSK-11.
#[test]
fn the_cleanup_runs_also_after_a_value_and_may_use_what_the_body_borrows() {
    run(async {
        let mut list = vec![1];
        let value = finally!(
            {
                list.push(2);
                yield_now().await;
                list.len()
            },
            { list.push(3) }
        );
        assert_eq!((value, list), (2, vec![1, 2, 3]));
        assert_eq!(finally(async { 5 }, async {}).await, 5);
        assert_eq!(on_cancel(async { 6 }, async |_| unreachable!()).await, 6);
    });
}

/// TSK-10, TSK-67, TSK-68, EXC-02.
#[test]
fn a_request_can_be_turned_down() {
    run(async {
        let task = create_task(async {
            match catch_cancelled(pending::<()>()).await {
                Ok(()) => unreachable!(),
                Err(token) => {
                    assert_eq!(token.message(), Some("please"));
                    token.uncancel();
                }
            }
            let me = asyncio::TaskRef::current().unwrap();
            yield_now().await;
            me.cancelling()
        });
        yield_now().await;
        task.cancel_msg("please");
        assert_eq!(task.cancelling(), 1);
        assert_eq!(task.await.unwrap(), 0);
    });
}

/// TSK-10, TSK-68.
#[test]
fn a_dropped_token_swallows_the_request_and_leaves_the_count_raised() {
    run(async {
        let task = create_task(async {
            drop(catch_cancelled(pending::<()>()).await);
            yield_now().await;
            asyncio::TaskRef::current().unwrap().cancelling()
        });
        yield_now().await;
        task.cancel();
        assert_eq!(task.await.unwrap(), 1);
    });
}

/// TSK-67.
#[test]
fn a_request_withdrawn_before_delivery_does_nothing() {
    run(async {
        let task = create_task(async {
            sleep(ms(10)).await;
            7
        });
        yield_now().await;
        assert!(task.cancel());
        assert!(task.cancel());
        assert_eq!((task.uncancel(), task.uncancel(), task.uncancel()), (1, 0, 0));
        assert_eq!(task.await.unwrap(), 7);
    });
}

/// TSK-65: a cancel beats a value that is ready in the same turn.
#[test]
fn a_cancel_beats_a_result_that_is_ready_in_the_same_turn() {
    run(async {
        let task = create_task(async {
            sleep(ms(10)).await;
            7
        });
        sleep(ms(10)).await;
        task.cancel();
        assert!(task.await.unwrap_err().is_cancelled());
        // The same through a task that is awaited: it has ended when the request comes.
        let inner = create_task(async {
            sleep(ms(10)).await;
            1
        });
        let seen = inner.task_ref();
        let outer = create_task(inner);
        yield_now().await;
        sleep(ms(10)).await;
        assert!(seen.done() && !outer.done());
        outer.cancel();
        assert!(outer.await.unwrap_err().is_cancelled());
    });
}

/// TSK-65: a request in a task's last step.
#[test]
fn a_task_that_ends_in_the_step_in_which_it_cancels_itself_ends_cancelled() {
    run(async {
        let task = create_task(async { asyncio::TaskRef::current().unwrap().cancel() });
        assert!(task.await.unwrap_err().is_cancelled());
    });
}

/// TSK-53: the await of a task is a delegate.
#[test]
fn cancelling_who_awaits_a_task_cancels_the_task_first() {
    let log = Log::default();
    run(async {
        let (of_inner, of_outer) = (log.clone(), log.clone());
        let inner = create_task(async move {
            on_cancel!({ pending::<()>().await }, |why| {
                of_inner.add(format!("inner: {:?}", why.message()));
                sleep(ms(5)).await;
                of_inner.add("inner done");
            })
        });
        let outer = create_task(async move { finally!({ inner.await }, { of_outer.add("outer") }) });
        sleep(ms(1)).await;
        outer.cancel_msg("stop");
        assert!(outer.await.unwrap_err().is_cancelled());
    });
    assert_eq!(log.take(), ["inner: Some(\"stop\")", "inner done", "outer"]);
}

/// TSK-53: a task that turns the request down gives its value to who awaits it.
#[test]
fn a_delegate_that_swallows_the_request_gives_its_value() {
    run(async {
        let inner = create_task(async {
            drop(catch_cancelled(pending::<()>()).await);
            9
        });
        let outer = create_task(async move {
            let value = inner.await.unwrap();
            (value, asyncio::TaskRef::current().unwrap().cancelling())
        });
        sleep(ms(1)).await;
        outer.cancel();
        assert_eq!(outer.await.unwrap(), (9, 1));
    });
}

/// TSK-32.
#[test]
fn a_shielded_task_goes_on_when_its_waiter_is_cancelled() {
    let log = Log::default();
    run(async {
        let of_inner = log.clone();
        let inner = create_task(async move {
            sleep(ms(10)).await;
            of_inner.add("saved");
            3
        });
        let seen = inner.task_ref();
        let outer = create_task(async move { shield(inner).await });
        sleep(ms(1)).await;
        outer.cancel();
        assert!(outer.await.unwrap_err().is_cancelled());
        assert!(!seen.done());
        sleep(ms(20)).await;
        assert!(seen.done());
        let done = create_task(async { 4 });
        assert_eq!(shield(done).await.unwrap(), 4);
        let stopped = create_task(pending::<()>());
        let seen = stopped.task_ref();
        let waiter = create_task(shield(stopped));
        yield_now().await;
        seen.cancel();
        assert!(
            waiter.await.unwrap().unwrap_err().is_cancelled(),
            "the inner task was cancelled"
        );
    });
    assert_eq!(log.take(), ["saved"]);
}

/// TSK-18, TSK-65: repeated requests.
#[test]
fn a_second_cancel_reaches_the_cleanup() {
    let log = Log::default();
    run(async {
        let inner = log.clone();
        let task = create_task(async move {
            finally!({ pending::<()>().await }, {
                let _guard = inner.on_drop("cleanup dropped");
                on_cancel!({ sleep(ms(1000)).await }, { inner.add("cleanup was told") });
                inner.add("never");
            })
        });
        sleep(ms(1)).await;
        task.cancel();
        sleep(ms(1)).await;
        task.cancel();
        assert!(task.await.unwrap_err().is_cancelled());
    });
    assert_eq!(log.take(), ["cleanup was told", "cleanup dropped"]);
}

/// TSK-39: a timeout inside cleanup works as anywhere.
#[test]
fn cleanup_that_itself_uses_a_timeout_works() {
    let log = Log::default();
    run(async {
        let inner = log.clone();
        let task = create_task(async move {
            finally!({ pending::<()>().await }, {
                let late = timeout(ms(5), sleep(ms(50))).await;
                inner.add(format!("{}", late.is_err()));
                let early = timeout(ms(50), sleep(ms(5))).await;
                inner.add(format!("{}", early.is_err()));
            })
        });
        sleep(ms(1)).await;
        task.cancel();
        assert!(task.await.unwrap_err().is_cancelled());
    });
    assert_eq!(log.take(), ["true", "false"]);
}

/// All branches of a `join` clean up before the parent is cancelled.
#[test]
fn every_branch_of_a_join_cleans_up() {
    let log = Log::default();
    run(async {
        let (a, b, c) = (log.clone(), log.clone(), log.clone());
        let task = create_task(async move {
            let _guard = c.on_drop("task gone");
            futures_lite::future::zip(
                async {
                    finally!({ pending::<()>().await }, {
                        sleep(ms(5)).await;
                        a.add("a")
                    })
                },
                async {
                    finally!({ pending::<()>().await }, {
                        sleep(ms(2)).await;
                        b.add("b")
                    })
                },
            )
            .await
        });
        sleep(ms(1)).await;
        task.cancel();
        assert!(task.await.unwrap_err().is_cancelled());
    });
    assert_eq!(log.take(), ["b", "a", "task gone"]);
}

/// A cleanup that a select drops half-way gives its request back.
#[test]
fn a_cleanup_that_a_select_abandons_gives_the_request_back() {
    let log = Log::default();
    run(async {
        let (a, b) = (log.clone(), log.clone());
        let task = create_task(async move {
            futures_lite::future::or(
                async {
                    finally!({ pending::<()>().await }, {
                        let _guard = a.on_drop("cleanup dropped");
                        sleep(ms(100)).await;
                    })
                },
                async {
                    drop(catch_cancelled(sleep(ms(1000))).await);
                    sleep(ms(10)).await
                },
            )
            .await;
            b.add("select ended");
            sleep(ms(1)).await;
            b.add("never");
        });
        sleep(ms(1)).await;
        task.cancel();
        assert!(task.await.unwrap_err().is_cancelled());
    });
    assert_eq!(log.take(), ["cleanup dropped", "select ended"]);
}

/// A pinned scope that nobody polls does not hold a request for ever.
#[test]
fn a_scope_that_is_not_awaited_is_passed_over() {
    run(async {
        let task = create_task(async {
            let mut side = Box::pin(catch_cancelled(pending::<()>()));
            assert!(futures_lite::future::poll_once(&mut side).await.is_none());
            sleep(ms(1000)).await;
            drop(side);
        });
        sleep(ms(1)).await;
        task.cancel();
        assert!(timeout(ms(10), task).await.unwrap().unwrap_err().is_cancelled());
    });
}

/// TSK-52.
#[test]
#[should_panic(expected = "Task cannot await on itself")]
fn a_task_that_awaits_itself_is_told_so() {
    // The panic is that of a task nobody awaits: make it this test's.
    let reports = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let told = reports.clone();
    let mut runner = asyncio::Runner::new().exception_handler(move |context| {
        *told.lock().unwrap() = context.panic_message().unwrap_or_default();
    });
    let ran = runner.run(async {
        let slot = std::rc::Rc::new(std::cell::RefCell::new(None));
        let own = slot.clone();
        let task = task().name("narcissus").create(async move {
            let me: asyncio::Task<()> = own.borrow_mut().take().unwrap();
            me.await.unwrap();
        });
        let seen = task.task_ref();
        *slot.borrow_mut() = Some(task);
        while !seen.done() {
            yield_now().await;
        }
    });
    ran.unwrap();
    let message = reports.lock().unwrap().clone();
    assert!(message.contains("narcissus"), "{message}");
    panic!("{message}");
}

/// A token that is resumed where nothing is left to cancel says so.
#[test]
fn resuming_outside_of_every_scope_panics_with_a_clear_message() {
    let token = run(async {
        let task = create_task(async { catch_cancelled(pending::<()>()).await.unwrap_err() });
        yield_now().await;
        task.cancel();
        task.await.unwrap()
    });
    let resumed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        futures_lite::future::block_on(token.resume::<()>());
    }));
    let message = resumed.unwrap_err().downcast::<&'static str>().unwrap();
    assert!(message.contains("outside of every cancel scope"), "{message}");
}

/// TSK-65: an abort leaves no time for cleanup.
#[test]
fn an_abort_drops_without_cleanup() {
    let log = Log::default();
    run(async {
        let inner = log.clone();
        let task = create_task(async move {
            let _guard = inner.on_drop("dropped");
            finally!({ pending::<()>().await }, { inner.add("never") })
        });
        yield_now().await;
        assert!(task.abort());
        assert!(task.await.unwrap_err().is_cancelled());
    });
    assert_eq!(log.take(), ["dropped"]);
}
