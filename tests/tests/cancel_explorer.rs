//! The cancel explorer over what has state to lose: cancelled at each of its suspension points, softly and hard, none of
//! it loses a byte, a connection, a task or a cleanup.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending};
use std::rc::Rc;
use std::time::Duration;

use asyncio::testing::{Case, Ended, Explored, How, explore_cancel};
use asyncio::{
    BorrowGroup, ReturnWhen, TaskGroup, TaskSet, as_completed, borrow_group, catch_cancelled, create_task,
    finally, gather, gather_tasks, interval, join, on_cancel, race, shield, sleep, sleep_with, task_group,
    timeout, timeout_scope, to_thread, wait, wait_for, yield_now,
};

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Runs on the mock clock.
#[track_caller]
fn run<F: Future>(main: F) -> F::Output {
    let mut runner = asyncio::Runner::new().mock_clock(true);
    runner.run(main).expect("the main future ends with a value")
}

/// Waits until no task but this one is left.
async fn alone() {
    while asyncio::all_tasks().len() > 1 {
        sleep(ms(1)).await;
    }
}

/// Each cleanup runs to its end after a soft cancel, and begins only if its body did.
#[test]
fn a_cleanup_runs_once_whenever_it_is_asked_to() {
    let explored = run(explore_cancel(|| {
        let (began, ended) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        let (began_in, ended_in) = (began.clone(), ended.clone());
        let future = async move {
            finally!(
                {
                    began_in.set(began_in.get() + 1);
                    sleep(ms(1)).await;
                    yield_now().await;
                    on_cancel!({ sleep(ms(1)).await }, { yield_now().await })
                },
                {
                    ended_in.set(ended_in.get() + 1);
                }
            )
        };
        Case::new(future, async move |outcome| match outcome {
            Ended::Value(()) | Ended::Cancelled { how: How::Soft, .. } => {
                assert_eq!((began.get(), ended.get()), (1, 1));
            }
            Ended::Cancelled { how: How::Hard, .. } => assert_eq!(ended.get(), 0, "a drop leaves no time"),
        })
    }));
    assert_eq!(
        explored,
        Explored {
            suspension_points: 3,
            runs: 6
        }
    );
}

/// A swallowed request, and cleanup with a timeout in it.
#[test]
fn a_timeout_inside_a_cleanup_survives_every_cancel() {
    run(explore_cancel(|| {
        let done = Rc::new(Cell::new(false));
        let inner = done.clone();
        let future = async move {
            match catch_cancelled(timeout(ms(5), sleep(ms(3)))).await {
                Ok(in_time) => in_time.is_ok(),
                Err(token) => {
                    let late = timeout(ms(1), pending::<()>()).await;
                    inner.set(true);
                    token.uncancel();
                    late.is_err()
                }
            }
        };
        Case::new(future, async move |outcome| match outcome {
            Ended::Value(good) => assert!(good),
            Ended::Cancelled { how: How::Soft, .. } => panic!("the request was turned down"),
            Ended::Cancelled { how: How::Hard, .. } => assert!(!done.get()),
        })
    }));
}

/// No child of a group outlives it after a soft cancel; after a drop the loop reaps them.
#[test]
fn a_group_joins_its_tasks_or_leaves_them_to_the_loop() {
    run(explore_cancel(|| {
        let (live, cleaned) = (Rc::new(Cell::new(0u32)), Rc::new(Cell::new(0u32)));
        let (of_tasks, of_cleanup) = (live.clone(), cleaned.clone());
        let future = task_group(async move |tg: TaskGroup<String>| {
            for n in 0..3 {
                let (live, cleaned) = (of_tasks.clone(), of_cleanup.clone());
                tg.create_task(async move {
                    live.set(live.get() + 1);
                    finally!({ sleep(ms(2 + n)).await }, {
                        cleaned.set(cleaned.get() + 1);
                        sleep(ms(1)).await;
                    });
                    live.set(live.get() - 1);
                    Ok(())
                });
            }
            yield_now().await;
            sleep(ms(3)).await;
            Ok(())
        });
        Case::new(future, async move |outcome| {
            if let Ended::Cancelled { how: How::Soft, .. } | Ended::Value(_) = outcome {
                assert_eq!(asyncio::all_tasks().len(), 1, "the group has joined its tasks");
            }
            alone().await;
            let began = cleaned.get();
            assert!(live.get() <= began, "each that began has begun to clean up");
        })
    }));
}

#[test]
fn a_borrowing_group_cleans_up_inside() {
    run(explore_cancel(|| {
        let cleaned = Rc::new(Cell::new(0u32));
        let inner = cleaned.clone();
        type Boxed = std::pin::Pin<Box<dyn Future<Output = Result<(), String>>>>;
        let future = borrow_group(async move |group: BorrowGroup<Boxed>| {
            for n in 0..3 {
                let cleaned = inner.clone();
                group.start(Box::pin(async move {
                    finally!({ sleep(ms(2 + n)).await }, {
                        yield_now().await;
                        cleaned.set(cleaned.get() + 1);
                    });
                    Ok(())
                }));
            }
            Ok(())
        });
        Case::new(future, async move |outcome| {
            if let Ended::Cancelled { how: How::Soft, .. } | Ended::Value(_) = outcome {
                assert_eq!(cleaned.get(), 3);
            }
        })
    }));
}

/// Tasks that are waited for are neither lost nor, where the call says so, cancelled.
#[test]
fn waiting_for_tasks_loses_none() {
    let values = || {
        vec![
            create_task(sleep_with(ms(1), 1)),
            create_task(sleep_with(ms(2), 2)),
        ]
    };
    run(explore_cancel(|| {
        let tasks = Rc::new(RefCell::new(values()));
        let inner = tasks.clone();
        let future = async move {
            let mut list = inner.take();
            let back = inner.clone();
            finally!(
                {
                    let done = wait(&mut list).return_when(ReturnWhen::FirstCompleted).await;
                    done.len()
                },
                { back.borrow_mut().append(&mut list) }
            )
        };
        Case::new(future, async move |outcome| {
            if let Ended::Cancelled { how: How::Soft, .. } = outcome {
                assert_eq!(
                    tasks.borrow().len(),
                    2,
                    "a wait that is cancelled leaves its list"
                );
            }
            alone().await;
        })
    }));
    run(explore_cancel(|| {
        let seen: Rc<RefCell<Vec<i32>>> = Rc::default();
        let ended = Rc::new(RefCell::new(Some(as_completed(values()))));
        let (of_future, left) = (seen.clone(), ended.clone());
        let future = async move {
            let mut ended = left.take().unwrap();
            let back = left.clone();
            finally!(
                {
                    while let Some(task) = ended.next().await {
                        of_future
                            .borrow_mut()
                            .push(task.unwrap().into_result().unwrap().unwrap());
                    }
                },
                { *back.borrow_mut() = Some(ended) }
            )
        };
        Case::new(future, async move |outcome| {
            if let Ended::Cancelled { how: How::Soft, .. } = outcome {
                let mut ended = ended.take().unwrap();
                while let Some(task) = ended.next().await {
                    let value = task.unwrap().await.unwrap();
                    seen.borrow_mut().push(value);
                }
                assert_eq!(*seen.borrow(), [1, 2]);
            }
            alone().await;
        })
    }));
    run(explore_cancel(|| {
        let set = Rc::new(RefCell::new(TaskSet::new()));
        for n in 1..=2 {
            set.borrow_mut().create_task(sleep_with(ms(n), n));
        }
        let sum = Rc::new(Cell::new(0));
        let (inner, added) = (set.clone(), sum.clone());
        let future = async move {
            let mut of_future = inner.take();
            let back = inner.clone();
            finally!(
                {
                    while let Some(value) = of_future.join_next().await {
                        added.set(added.get() + value.unwrap());
                    }
                },
                { *back.borrow_mut() = of_future }
            )
        };
        Case::new(future, async move |outcome| {
            let mut rest = set.take();
            if !matches!(outcome, Ended::Cancelled { how: How::Hard, .. }) {
                while let Some(value) = rest.join_next().await {
                    sum.set(sum.get() + value.unwrap());
                }
                assert_eq!(sum.get(), 3);
            }
            drop(rest);
            alone().await;
        })
    }));
}

/// Delegates pass the request on and wait; shields let go.
#[test]
fn the_awaits_of_tasks_cancel_them_or_let_them_go() {
    run(explore_cancel(|| {
        let done = Rc::new(Cell::new(0));
        let (a, b, c) = (done.clone(), done.clone(), done.clone());
        let step = |done: Rc<Cell<u32>>| async move {
            finally!({ sleep(ms(1)).await }, {
                yield_now().await;
                done.set(done.get() + 1);
            })
        };
        let future = async move {
            create_task(step(a)).await.unwrap();
            wait_for(create_task(step(b)), ms(50)).await.unwrap().unwrap();
            let (last,) = gather!(step(c)).await;
            last.unwrap();
        };
        Case::new(future, async move |outcome| {
            if !matches!(outcome, Ended::Cancelled { how: How::Hard, .. }) {
                assert_eq!(asyncio::all_tasks().len(), 1, "who awaits waits for the cleanup");
            }
            alone().await;
            if let Ended::Value(()) = outcome {
                assert_eq!(done.get(), 3);
            }
        })
    }));
    run(explore_cancel(|| {
        let done = Rc::new(Cell::new(0));
        let inner = done.clone();
        let future = async move {
            let counted = inner.clone();
            let first = create_task(async move {
                sleep(ms(2)).await;
                counted.set(counted.get() + 1);
            });
            shield(first).await.unwrap();
        };
        let began = done.clone();
        Case::new(future, async move |outcome| {
            let never_polled = matches!(outcome, Ended::Cancelled { at: 0, .. });
            alone().await;
            assert_eq!(
                began.get(),
                u32::from(!never_polled),
                "the shielded task ends by itself"
            );
        })
    }));
    run(explore_cancel(|| {
        let future = async {
            let tasks = vec![create_task(sleep(ms(1))), create_task(sleep(ms(2)))];
            gather_tasks(tasks).await;
            let (a, b) = (
                async { finally!({ sleep(ms(1)).await }, { sleep(ms(1)).await }) },
                sleep(ms(2)),
            );
            join!(a, b).await;
            race!(sleep(ms(1)), pending()).await;
            timeout_scope(ms(9), async |t| t.when().is_some()).await.unwrap()
        };
        Case::new(future, async |outcome| {
            alone().await;
            assert!(!matches!(outcome, Ended::Value(false)));
        })
    }));
}

/// Ticks that were not waited for to the end are not skipped.
#[test]
fn an_interval_loses_no_tick() {
    run(explore_cancel(|| {
        let start = asyncio::time::now();
        let ticks = Rc::new(RefCell::new(interval(ms(10))));
        let inner = ticks.clone();
        let seen = Rc::new(Cell::new(0));
        let counted = seen.clone();
        #[expect(clippy::await_holding_refcell_ref, reason = "one borrows it at a time")]
        let future = async move {
            for _ in 0..3 {
                inner.borrow_mut().tick().await;
                counted.set(counted.get() + 1);
            }
        };
        #[expect(clippy::await_holding_refcell_ref, reason = "one borrows it at a time")]
        Case::new(future, async move |_| {
            let next = ticks.borrow_mut().tick().await;
            assert_eq!(
                next - start,
                ms(10 * seen.get()),
                "the next tick is the one that was not given out"
            );
        })
    }));
}

/// A thread that was asked for runs to its end or never begins.
#[test]
fn blocking_work_is_withdrawn_or_runs_to_its_end() {
    asyncio::run(explore_cancel(|| {
        let calls = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
        let inner = calls.clone();
        let future = to_thread(move || inner.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        Case::new(future, async move |outcome| {
            let calls = calls.load(std::sync::atomic::Ordering::Relaxed);
            match outcome {
                Ended::Value(before) => assert_eq!((before.unwrap(), calls), (0, 1)),
                Ended::Cancelled { .. } => assert!(calls <= 1),
            }
        })
    }));
}
