//! The runner: the end of a loop, misuse, and the loop itself.

use std::future::pending;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use asyncio::{
    EventLoop, RunError, Runner, create_task, current_task, finally, sleep, spawn, task_group, to_thread,
};

use crate::kit::{Log, ms};

/// RUN-01, RUN-06, TSK-71: tasks that are left clean up, on the loop and on the pool.
#[test]
fn the_end_of_a_loop_lets_its_tasks_clean_up() {
    let log = Log::default();
    let in_pool = Arc::new(AtomicU32::new(0));
    let (inner, counted) = (log.clone(), in_pool.clone());
    asyncio::run(async move {
        drop(create_task(async move {
            finally!({ pending::<()>().await }, {
                sleep(ms(1)).await;
                // Made while the loop ends: asked to stop in its turn.
                drop(create_task(async move {
                    finally!({ pending::<()>().await }, { inner.add("late") })
                }));
            })
        }));
        let pooled = spawn(async move {
            finally!({ pending::<()>().await }, {
                sleep(ms(1)).await;
                counted.fetch_add(1, Ordering::Relaxed);
            })
        });
        drop(pooled);
        sleep(ms(5)).await;
    });
    assert_eq!(
        (log.take(), in_pool.load(Ordering::Relaxed)),
        (vec!["late".to_owned()], 1)
    );
}

fn fails_in_cleanup() {
    panic!("in cleanup")
}

/// RUN-01, TSK-71, TSK-72: what fails in its cleanup, or does not end, is reported.
#[test]
fn what_goes_wrong_at_the_end_of_a_loop_is_reported() {
    let reports = Arc::new(Mutex::new(Vec::new()));
    let told = reports.clone();
    let mut runner = Runner::new()
        .mock_clock(true)
        .grace(ms(50))
        .exception_handler(move |context| told.lock().unwrap().push(context.to_string()));
    runner
        .run(async {
            let panics = create_task(async { finally!({ pending::<()>().await }, { fails_in_cleanup() }) });
            panics.set_name("panics");
            drop(panics);
            let stays = create_task(async { finally!({ pending::<()>().await }, { pending::<()>().await }) });
            stays.set_name("stays");
            drop(stays);
            asyncio::yield_now().await;
        })
        .unwrap();
    runner.close();
    runner.close();
    let reports = reports.lock().unwrap();
    assert_eq!(reports.len(), 2, "{reports:?}");
    assert!(
        reports[0].contains("never retrieved") && reports[0].contains("panics"),
        "{reports:?}"
    );
    assert!(
        reports[1].contains("did not end within 50ms") && reports[1].contains("stays"),
        "{reports:?}"
    );
}

/// RUN-01, RUN-04: a main task that is cancelled, and one that turns the request down.
#[test]
fn a_main_task_that_is_cancelled_is_an_error_of_the_run() {
    let mut runner = Runner::new();
    let cancelled = runner.run(async {
        current_task().unwrap().cancel();
        pending::<()>().await;
    });
    assert!(matches!(cancelled, Err(RunError::Cancelled)));
    let kept = runner.run(async {
        let me = current_task().unwrap();
        me.cancel();
        drop(asyncio::catch_cancelled(pending::<()>()).await);
        8
    });
    assert_eq!(kept.unwrap(), 8);
    runner.close();
    assert!(matches!(runner.run(async {}), Err(RunError::Closed)));
    assert!(matches!(runner.get_loop(), Err(RunError::Closed)));
}

/// RUN-03, RUN-07.
#[test]
fn a_loop_can_be_made_by_the_program_and_looked_at_before_the_run() {
    let calls = Rc::new(std::cell::Cell::new(0));
    let counted = calls.clone();
    let mut runner = Runner::new().loop_factory(move || {
        counted.set(counted.get() + 1);
        EventLoop::builder().eager_tasks(true).build()
    });
    assert_eq!(calls.get(), 0, "nothing is made before it is needed");
    let handle = runner.get_loop().unwrap().handle();
    assert!(!handle.is_running());
    let eager = runner.run(async { create_task(async {}).done() }).unwrap();
    runner
        .run(async { assert!(asyncio::get_running_loop().is_running()) })
        .unwrap();
    assert_eq!((eager, calls.get()), (true, 1));
    assert!(Runner::new().get_loop().is_ok());
    assert!(asyncio::try_get_running_loop().is_err());
}

/// RUN-01, RUN-10, TSK-03, EXC-11: misuse has a clear message.
#[test]
fn misuse_has_a_clear_message() {
    let message = |f: Box<dyn FnOnce() + std::panic::UnwindSafe>| {
        let panic = std::panic::catch_unwind(f).unwrap_err();
        match panic.downcast::<String>() {
            Ok(text) => *text,
            Err(panic) => (*panic.downcast::<&str>().unwrap()).to_owned(),
        }
    };
    let outside = message(Box::new(|| drop(create_task(async {}))));
    assert_eq!(outside, "no running event loop: call this inside `asyncio::run`");
    let outside = message(Box::new(|| drop(spawn(async {}))));
    assert_eq!(outside, "no running event loop: call this inside `asyncio::run`");
    let outside = message(Box::new(|| drop(asyncio::get_running_loop())));
    assert_eq!(outside, "no running event loop: call this inside `asyncio::run`");
    let nested = message(Box::new(|| asyncio::run(async { asyncio::run(async {}) })));
    assert!(
        nested.contains("asyncio::run() cannot be called from a running event loop"),
        "{nested}"
    );
    let nested = asyncio::run(async { asyncio::try_run(async {}) });
    assert!(matches!(nested, Err(RunError::Nested)));
    let on_pool = asyncio::run(async { spawn(async { drop(create_task(async {})) }).await });
    let error = on_pool.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("this task runs on the pool: use spawn"),
        "{error}"
    );
    asyncio::run(async {
        let mut kept = None;
        let ended: Result<(), asyncio::ExceptionGroup<()>> = task_group(async |tg| {
            kept = Some(tg.clone());
            Ok(())
        })
        .await;
        ended.unwrap();
        let tg = kept.unwrap();
        assert!(tg.is_closed());
        let refused = tg.try_create_task(async { Ok(()) }).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "TaskGroup is finished or shutting down: it takes no more tasks"
        );
        assert!(tg.start(async {}).outcome().await.unwrap_err().is_cancelled());
    });
    let twice = message(Box::new(|| {
        asyncio::run(async {
            let group = asyncio::TaskGroup::<()>::new();
            drop(group.run(async |_| Ok(())));
            drop(group.run(async |_| Ok(())));
        });
    }));
    assert_eq!(twice, "TaskGroup has already been entered");
}

/// Every high-level call works from a task of the pool, which is not the loop's thread.
#[test]
fn every_high_level_call_works_from_a_pool_task() {
    use asyncio::{
        BorrowGroup, ReturnWhen, TaskGroup, TaskSet, as_completed, borrow_group, catch_cancelled,
        gather_all_spawn, gather_spawn, gather_tasks, join, race, shield, shield_spawn, task,
        task_group_infallible, timeout, timeout_at, timeout_scope, wait, wait_for, yield_now,
    };
    asyncio::context_var! { static DEPTH: u32 = 0; }
    async fn two() -> u32 {
        yield_now().await;
        2
    }
    async fn fine() -> std::io::Result<u32> {
        Ok(two().await)
    }
    let ran = asyncio::run(async {
        spawn(async {
            assert!(current_task().unwrap().on_pool());
            assert!(asyncio::all_tasks().contains(&current_task().unwrap()));
            drop(DEPTH.set(3));
            let named = task().name("named").spawn(async { DEPTH.get() });
            assert_eq!(named.await.unwrap(), 3);
            assert_eq!(timeout(ms(5000), two()).await, Ok(2));
            assert!(timeout(ms(1), pending::<()>()).await.is_err());
            assert!(timeout_at(asyncio::time::now(), pending::<()>()).await.is_err());
            assert_eq!(timeout_scope(ms(5000), async |t| t.expired()).await, Ok(false));
            assert_eq!(wait_for(spawn(two()), ms(5000)).await.unwrap().unwrap(), 2);
            assert_eq!(
                shield(spawn(two())).await.unwrap() + shield_spawn(two()).await.unwrap(),
                4
            );
            let (a, b) = gather_spawn!(two(), two()).await;
            assert_eq!(a.unwrap() + b.unwrap(), 4);
            assert_eq!(gather_all_spawn((0..5).map(|_| two())).await.len(), 5);
            assert_eq!(gather_tasks((0..5).map(|_| spawn(two()))).await.len(), 5);
            let (c, d) = asyncio::try_gather_spawn!(fine(), fine()).await.unwrap();
            assert_eq!(c + d, 4);
            assert_eq!(
                asyncio::try_gather_all_spawn((0..3).map(|_| fine()))
                    .await
                    .unwrap(),
                [2, 2, 2]
            );
            let token = asyncio::CancelToken::new();
            token.cancel();
            asyncio::select! {
                () = token.cancelled() => {},
                () = pending() => {},
            }
            assert_eq!(asyncio::on_cancel!({ two().await }, { yield_now().await }), 2);
            let mut tasks = vec![spawn(two()), spawn(two())];
            assert!(
                !wait(&mut tasks)
                    .return_when(ReturnWhen::FirstCompleted)
                    .await
                    .is_empty()
            );
            let mut ended = as_completed(vec![spawn(two()), spawn(two())]);
            while let Some(task) = ended.next().await {
                task.unwrap().await.unwrap();
            }
            let mut set = TaskSet::new();
            set.spawn(two());
            assert_eq!(set.join_next().await.unwrap().unwrap(), 2);
            set.spawn(pending());
            set.shutdown(ms(5000)).await;
            let group = task_group(async |tg: TaskGroup<String>| {
                let (a, b) = (tg.spawn(async { Ok(two().await) }), tg.start_spawn(two()));
                Ok(a.await + b.await)
            });
            assert_eq!(group.await.unwrap(), 4);
            assert_eq!(
                task_group_infallible(async |tg| tg.start_spawn(two()).await).await,
                2
            );
            let borrowed = borrow_group(async |group: BorrowGroup<std::future::Ready<Result<(), ()>>>| {
                group.start(std::future::ready(Ok(())));
                Ok(1)
            });
            assert_eq!(borrowed.await.unwrap(), 1);
            assert_eq!(join!(two(), two()).await, (2, 2));
            assert_eq!(race!(two(), pending()).await, 2);
            assert!(catch_cancelled(two()).await.is_ok());
            assert_eq!(finally!({ two().await }, { two().await }), 2);
            assert_eq!(to_thread(|| DEPTH.get()).await.unwrap(), 3);
            sleep(ms(1)).await;
            let stopped = spawn(async { finally!({ pending::<()>().await }, { sleep(ms(1)).await }) });
            yield_now().await;
            assert!(stopped.cancel());
            assert!(stopped.await.unwrap_err().is_cancelled());
            let handle = asyncio::get_running_loop();
            let on_loop =
                handle.run_coroutine_threadsafe_with(|| async { current_task().unwrap().on_pool() });
            assert!(!on_loop.await.unwrap());
        })
        .await
    });
    ran.unwrap();
}

/// TSK-08, TSK-30, TSK-31: a factory sees what a task is given, and wraps its future.
#[test]
fn a_task_factory_looks_at_every_task() {
    struct Tag(&'static str);
    let log = Log::default();
    let seen = log.clone();
    let factory = asyncio::create_eager_task_factory(move |future, builder| {
        let tag = builder.get_extension::<Tag>().map_or("none", |tag| tag.0);
        seen.add(format!("made {tag}"));
        let (tag, done) = (tag.to_owned(), seen.clone());
        let wrapped: asyncio::TaskFuture = Box::pin(async move {
            future.await;
            done.add(format!("ended {tag}"));
        });
        (wrapped, builder.name("of the factory"))
    });
    let mut runner = Runner::new().loop_factory(move || EventLoop::builder().task_factory(factory).build());
    runner
        .run(async {
            let eager = create_task(async { 5 });
            assert!(eager.done() && &*eager.get_name() == "of the factory");
            assert_eq!(eager.await.unwrap(), 5);
            let later = asyncio::task()
                .extension(Tag("a"))
                .eager_start(false)
                .create(async { sleep(ms(1)).await });
            assert!(!later.done());
            later.await.unwrap();
        })
        .unwrap();
    assert_eq!(log.take(), ["made none", "ended none", "made a", "ended a"]);
    let mut eager = Runner::new().loop_factory(|| {
        EventLoop::builder()
            .task_factory(asyncio::eager_task_factory())
            .build()
    });
    assert!(eager.run(async { create_task(async {}).done() }).unwrap());
}
