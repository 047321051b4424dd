//! Timeouts.

use std::future::{pending, ready};

use asyncio::{catch_cancelled, create_task, finally, on_cancel, sleep, timeout, timeout_at, yield_now};

use crate::kit::{Log, ms, run};

/// TSK-33, EXC-01.
#[test]
fn a_timeout_ends_in_an_error_and_a_value_in_time_does_not() {
    run(async {
        assert_eq!(
            timeout(ms(10), async {
                sleep(ms(5)).await;
                1
            })
            .await,
            Ok(1)
        );
        let late = timeout(ms(5), sleep(ms(10))).await.unwrap_err();
        assert_eq!(late.to_string(), "timed out");
        assert_eq!(std::io::Error::from(late).kind(), std::io::ErrorKind::TimedOut);
        assert_eq!(timeout(None, ready(2)).await, Ok(2));
        assert_eq!(
            timeout(ms(0), ready(3)).await,
            Ok(3),
            "a ready future needs no time"
        );
        assert!(timeout(ms(0), pending::<()>()).await.is_err());
    });
}

/// TSK-34.
#[test]
fn a_deadline_in_the_past_fires_at_the_next_turn() {
    run(async {
        let past = asyncio::time::now();
        sleep(ms(1)).await;
        assert!(timeout_at(past, yield_now()).await.is_err());
        assert!(timeout_at(past + ms(100), yield_now()).await.is_ok());
    });
}

/// TSK-33: cleanup inside runs to its end first.
#[test]
fn an_expired_timeout_waits_for_the_cleanup_inside() {
    let log = Log::default();
    run(async {
        let start = asyncio::time::now();
        let late = timeout(ms(10), async {
            finally!({ pending::<()>().await }, {
                sleep(ms(30)).await;
                log.add("cleaned up");
            })
        });
        assert!(late.await.is_err());
        assert_eq!(asyncio::time::now() - start, ms(40));
    });
    assert_eq!(log.take(), ["cleaned up"]);
}

/// TSK-33: a future that turns the request down.
#[test]
fn a_value_wins_if_the_future_swallows_the_expiry() {
    run(async {
        let value = timeout(ms(10), async {
            drop(catch_cancelled(pending::<()>()).await);
            sleep(ms(50)).await;
            8
        });
        assert_eq!(value.await, Ok(8));
        assert_eq!(asyncio::TaskRef::current().unwrap().cancelling(), 0);
    });
}

/// TSK-39: the same deadline.
#[test]
fn nested_timeouts_with_equal_deadlines_report_once_and_outermost() {
    run(async {
        let result = timeout(ms(10), async {
            let inner = timeout(ms(10), pending::<()>()).await;
            unreachable!("the inner one reported {inner:?}")
        });
        let result: Result<(), _> = result.await;
        assert!(result.is_err());
        let inner_first = timeout(ms(20), timeout(ms(10), pending::<()>())).await;
        assert!(inner_first.unwrap().is_err());
        let outer_first = timeout(ms(10), timeout(ms(20), pending::<()>())).await;
        assert!(outer_first.is_err());
    });
}

/// TSK-39: an inner timeout that unwinds when the outer one expires.
#[test]
fn an_outer_timeout_that_expires_while_an_inner_one_unwinds_wins() {
    let log = Log::default();
    run(async {
        let result = timeout(ms(20), async {
            let inner = timeout(ms(10), async {
                finally!({ pending::<()>().await }, {
                    on_cancel!({ sleep(ms(100)).await }, { log.add("cleanup cut short") });
                })
            });
            let inner: Result<(), _> = inner.await;
            unreachable!("the inner one reported {inner:?}")
        });
        let result: Result<(), _> = result.await;
        assert!(result.is_err());
    });
    assert_eq!(log.take(), ["cleanup cut short"]);
}

/// TSK-33, TSK-68: a request from outside is not taken for the expiry.
#[test]
fn a_cancel_from_outside_goes_through_a_timeout() {
    run(async {
        let task = create_task(timeout(ms(100), pending::<()>()));
        sleep(ms(1)).await;
        task.cancel();
        assert!(task.await.unwrap_err().is_cancelled());
        // Both in the same turn.
        let task = create_task(timeout(ms(10), pending::<()>()));
        sleep(ms(10)).await;
        task.cancel();
        assert!(task.await.unwrap_err().is_cancelled());
        // While it unwinds.
        let task = create_task(timeout(ms(10), async {
            finally!({ pending::<()>().await }, { sleep(ms(10)).await })
        }));
        sleep(ms(15)).await;
        assert_eq!(
            task.cancelling(),
            1,
            "the timeout's own request counts while it unwinds"
        );
        task.cancel();
        assert_eq!(task.cancelling(), 2);
        assert!(task.await.unwrap_err().is_cancelled());
    });
}

/// TSK-33: a grace bounds the cleanup.
#[test]
fn a_grace_bounds_the_cleanup_and_names_the_task() {
    let reports = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let told = reports.clone();
    let mut runner = asyncio::Runner::new()
        .mock_clock(true)
        .exception_handler(move |context| told.lock().unwrap().push(context.to_string()));
    let took = runner.run(async {
        let start = asyncio::time::now();
        let late = timeout(ms(10), async {
            finally!({ pending::<()>().await }, { pending::<()>().await })
        });
        assert!(late.grace(ms(50)).await.is_err());
        asyncio::time::now() - start
    });
    assert_eq!(took.unwrap(), ms(60));
    let reports = reports.lock().unwrap();
    assert!(
        reports.len() == 1 && reports[0].contains("grace of 50ms"),
        "{reports:?}"
    );
}
