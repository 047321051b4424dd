//! The runner: what Python's `Runner` and `run` promise.

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use asyncio_loop::{RunError, Runner, run, try_run};
use asyncio_tasks::{create_task, spawn, to_thread, try_create_task, yield_now};
use asyncio_timers::sleep;

struct OnDrop(Rc<RefCell<Vec<u32>>>, u32);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.borrow_mut().push(self.1);
    }
}

// RUN-01
/// RUN-01.
#[test]
fn run_gives_the_value_and_may_borrow() {
    let text = String::from("borrowed");
    assert_eq!(run(async { text.len() }), 8);
}

// RUN-01
#[test]
fn run_inside_a_running_loop_is_refused() {
    run(async {
        assert!(matches!(try_run(async {}), Err(RunError::Nested)));
        let message = RunError::Nested.to_string();
        assert_eq!(
            message,
            "asyncio::run() cannot be called from a running event loop"
        );
    });
}

// RUN-01
#[test]
fn a_panic_of_the_main_future_goes_on_in_the_caller_after_the_tasks_were_dropped() {
    let drops = Rc::default();
    let guard = OnDrop(Rc::clone(&drops), 1);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        run(async move {
            drop(create_task(async move {
                let _guard = guard;
                pending::<()>().await;
            }));
            yield_now().await;
            panic!("on purpose");
        })
    }));
    let payload = panicked.unwrap_err();
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"on purpose"));
    assert_eq!(*drops.borrow(), [1]);
}

// RUN-01
#[test]
fn every_task_is_gone_when_run_returns() {
    let drops: Rc<RefCell<Vec<u32>>> = Rc::default();
    let pool_drops = Arc::new(AtomicUsize::new(0));
    struct Count(Arc<AtomicUsize>);
    impl Drop for Count {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    run(async {
        for n in 0..10 {
            let guard = OnDrop(drops.clone(), n);
            drop(create_task(async move {
                let _guard = guard;
                sleep(Duration::MAX).await;
            }));
            let guard = Count(pool_drops.clone());
            drop(spawn(async move {
                let _guard = guard;
                sleep(Duration::MAX).await;
            }));
        }
        yield_now().await;
    });
    assert_eq!(drops.borrow().len(), 10);
    assert_eq!(pool_drops.load(Ordering::SeqCst), 10);
}

// RUN-02
/// RUN-02.
#[test]
fn debug_mode_can_be_forced() {
    assert!(Runner::new().debug(true).is_debug());
    assert!(!Runner::new().debug(false).is_debug());
}

// RUN-04
/// RUN-04.
#[test]
fn a_runner_makes_its_loop_at_the_first_run_and_keeps_it() {
    let mut runner = Runner::new();
    let steps = Rc::new(Cell::new(0));
    let count = steps.clone();
    runner
        .run(async move {
            drop(create_task(async move {
                loop {
                    count.set(count.get() + 1);
                    yield_now().await;
                }
            }));
            yield_now().await;
        })
        .unwrap();
    let before = steps.get();
    runner.run(async { yield_now().await }).unwrap();
    assert!(
        steps.get() > before,
        "a task that one run left goes on in the next"
    );
}

// RUN-04, RUN-06
#[test]
fn a_closed_runner_says_so() {
    let mut runner = Runner::new();
    runner.close();
    runner.close();
    let error = runner.run(async {}).unwrap_err();
    assert_eq!(error.to_string(), "the event loop is closed");
}

// RUN-08
/// RUN-06, RUN-08.
#[test]
fn dropping_the_runner_closes_the_loop() {
    let drops: Rc<RefCell<Vec<u32>>> = Rc::default();
    let guard = OnDrop(drops.clone(), 1);
    let mut runner = Runner::new();
    runner
        .run(async {
            drop(create_task(async move {
                let _guard = guard;
                sleep(Duration::from_secs(3600)).await;
            }));
            yield_now().await;
        })
        .unwrap();
    assert!(drops.borrow().is_empty());
    drop(runner);
    assert_eq!(*drops.borrow(), [1]);
}

// RUN-10
/// RUN-10.
#[test]
fn several_threads_run_loops_at_once() {
    let threads: Vec<_> = (0..4)
        .map(|n| {
            std::thread::spawn(move || {
                run(async move {
                    let task = create_task(async move {
                        sleep(Duration::from_millis(5)).await;
                        n
                    });
                    spawn(async move { n }).await.unwrap() + task.await.unwrap()
                })
            })
        })
        .collect();
    for (n, thread) in threads.into_iter().enumerate() {
        assert_eq!(thread.join().unwrap(), 2 * n);
    }
}

#[test]
fn the_order_of_steps_is_that_of_creation() {
    let seen: Rc<RefCell<Vec<u32>>> = Rc::default();
    run(async {
        let tasks: Vec<_> = (0..5)
            .map(|n| {
                let seen = seen.clone();
                create_task(async move {
                    seen.borrow_mut().push(n);
                    yield_now().await;
                    seen.borrow_mut().push(10 + n);
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert_eq!(*seen.borrow(), [0, 1, 2, 3, 4, 10, 11, 12, 13, 14]);
}

#[test]
fn a_panic_in_a_task_is_an_error_to_who_joins_it_and_the_loop_goes_on() {
    run(async {
        for task in [
            create_task(async { panic!("local") }),
            spawn(async { panic!("local") }),
        ] {
            let task: asyncio_tasks::Task<()> = task;
            let error = task.await.unwrap_err();
            assert!(error.is_panic());
            assert_eq!(error.to_string(), "the task panicked: local");
        }
        assert_eq!(create_task(async { 1 }).await.unwrap(), 1);
    });
}

#[test]
fn a_panic_on_a_blocking_thread_reaches_the_awaiter() {
    run(async {
        let error = to_thread(|| panic!("there")).await.map(|(): ()| ()).unwrap_err();
        assert!(error.is_panic());
        assert_eq!(to_thread(|| 7).await.unwrap(), 7);
    });
}

#[test]
fn a_cancelled_task_is_an_error_and_its_future_is_gone() {
    let drops: Rc<RefCell<Vec<u32>>> = Rc::default();
    run(async {
        let guard = OnDrop(drops.clone(), 1);
        let task = create_task(async move {
            let _guard = guard;
            pending::<()>().await;
        });
        yield_now().await;
        assert!(task.cancel());
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(*drops.borrow(), [1]);
    });
}

#[test]
fn misuse_has_a_message() {
    let error = try_create_task(async {}).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no running event loop: call this inside `asyncio::run`"
    );
    run(async {
        let message = spawn(async { try_create_task(async {}).unwrap_err().to_string() })
            .await
            .unwrap();
        assert_eq!(message, "this task runs on the pool: use spawn");
    });
}

#[test]
fn a_task_that_wakes_itself_for_ever_keeps_out_neither_timers_nor_other_threads() {
    run(async {
        drop(create_task(poll_fn(|cx| {
            cx.waker().wake_by_ref();
            Poll::<()>::Pending
        })));
        sleep(Duration::from_millis(5)).await;
        assert_eq!(to_thread(|| 3).await.unwrap(), 3);
        assert_eq!(spawn(async { 4 }).await.unwrap(), 4);
    });
}

#[test]
fn the_mock_clock_jumps_in_the_order_of_the_deadlines() {
    let real = Instant::now();
    let order = Runner::new()
        .mock_clock(true)
        .run(async {
            let order: Rc<RefCell<Vec<u64>>> = Rc::default();
            let tasks = [30, 10, 20].map(|hours| {
                let order = order.clone();
                create_task(async move {
                    sleep(Duration::from_secs(hours * 3600)).await;
                    order.borrow_mut().push(hours);
                })
            });
            for task in tasks {
                task.await.unwrap();
            }
            order.take()
        })
        .unwrap();
    assert_eq!(order, [10, 20, 30]);
    assert!(real.elapsed() < Duration::from_secs(3600));
}

#[test]
fn the_mock_clock_waits_for_blocking_work() {
    let seen = Runner::new()
        .mock_clock(true)
        .run(async {
            let (go, gate) = std::sync::mpsc::channel::<()>();
            let blocking = create_task(to_thread(move || gate.recv().unwrap()));
            // A sleep can only end here after the blocking work has: the clock stands until then.
            let sleeping = create_task(async {
                sleep(Duration::from_secs(1)).await;
                asyncio_timers::now()
            });
            let start = asyncio_timers::now();
            yield_now().await;
            let still = asyncio_timers::now() == start && !sleeping.is_finished();
            go.send(()).unwrap();
            blocking.await.unwrap().unwrap();
            (still, sleeping.await.unwrap() - start)
        })
        .unwrap();
    assert_eq!(seen, (true, Duration::from_secs(1)));
}

#[test]
fn the_mock_clock_covers_the_pool() {
    let real = Instant::now();
    let elapsed = Runner::new()
        .mock_clock(true)
        .worker_threads(2)
        .run(async {
            let start = asyncio_timers::now();
            let one = spawn(async { sleep(Duration::from_secs(7200)).await });
            let two = create_task(async { sleep(Duration::from_secs(3600)).await });
            two.await.unwrap();
            let between = asyncio_timers::now() - start;
            one.await.unwrap();
            (between, asyncio_timers::now() - start)
        })
        .unwrap();
    assert_eq!(elapsed, (Duration::from_secs(3600), Duration::from_secs(7200)));
    assert!(real.elapsed() < Duration::from_secs(3600));
}
