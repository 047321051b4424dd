//! Tasks: names, results, callbacks, eager starts, and who there is.

use std::cell::RefCell;
use std::future::pending;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use asyncio::{
    ResultError, Runner, all_tasks, create_task, current_task, get_running_loop, sleep, spawn, task,
    yield_now,
};

use crate::kit::{Log, ms, run};

/// TSK-05, TSK-63, TSK-64.
#[test]
fn tasks_have_names_which_can_be_changed() {
    run(async {
        let (a, b) = (create_task(async {}), create_task(async {}));
        let (first, second) = (a.get_name(), b.get_name());
        let number = |name: &str| name.strip_prefix("Task-").unwrap().parse::<u64>().unwrap();
        assert_eq!(number(&second), number(&first) + 1);
        let named = task()
            .name(format_args!("worker {}", 3))
            .create(async { current_task().unwrap().get_name().to_string() });
        assert_eq!(&*named.get_name(), "worker 3");
        named.set_name("renamed");
        assert!(format!("{named:?}").contains("renamed"));
        assert_eq!(named.await.unwrap(), "renamed");
    });
}

/// TSK-03.
#[test]
fn tasks_start_in_the_order_of_creation_at_the_next_turn() {
    let log = Log::default();
    run(async {
        for n in 0..3 {
            let log = log.clone();
            drop(create_task(async move { log.add(format!("{n}")) }));
        }
        log.add("created");
        yield_now().await;
    });
    assert_eq!(log.take(), ["created", "0", "1", "2"]);
    let refused = asyncio::try_create_task(async { 5 }).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "no running event loop: call this inside `asyncio::run`"
    );
    assert_eq!(futures_lite::future::block_on(refused.into_inner()), 5);
}

/// TSK-52, TSK-53, TSK-54, TSK-55, TSK-56, TSK-66, EXC-10.
#[test]
fn the_result_of_a_task_can_be_looked_at() {
    run(async {
        let value = create_task(async { 3 });
        assert!(!value.done());
        let early = value.result().unwrap_err();
        assert!(matches!(early, ResultError::NotDone(_)) && std::error::Error::source(&early).is_some());
        assert!(matches!(value.exception(), Err(ResultError::NotDone(_))));
        let value = value.into_result().unwrap_err();
        let panicked = create_task(async { panic!("on purpose") });
        let cancelled = create_task(pending::<()>());
        cancelled.cancel_msg("no");
        yield_now().await;
        assert_eq!((value.result(), value.result()), (Ok(&3), Ok(&3)));
        assert!(value.exception().unwrap().is_none() && !value.cancelled());
        assert_eq!(value.into_result().unwrap().unwrap(), 3);
        let panicked: asyncio::Task<()> = panicked;
        assert_eq!(
            panicked.result(),
            Err(ResultError::Panicked(Some("on purpose".to_owned())))
        );
        assert!(panicked.exception().unwrap().unwrap().is::<&str>());
        assert!(panicked.await.unwrap_err().is_panic());
        assert!(cancelled.cancelled() && cancelled.done());
        assert!(
            matches!(cancelled.result(), Err(ResultError::Cancelled(error)) if error.message() == Some("no"))
        );
        assert!(!cancelled.cancel(), "it has ended");
        let fallible = create_task(async { Err::<u32, _>(std::io::Error::other("refused")) });
        assert_eq!(fallible.try_await().await.unwrap_err().to_string(), "refused");
        let stopped = create_task(pending::<std::io::Result<()>>());
        stopped.cancel();
        assert!(
            stopped
                .try_await()
                .await
                .unwrap_err()
                .to_string()
                .contains("cancelled")
        );
    });
}

/// TSK-57, TSK-58.
#[test]
fn done_callbacks_run_on_the_loop_in_order() {
    run(async {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let home = std::thread::current().id();
        let add = |n: u32| {
            let seen = seen.clone();
            move |task: &asyncio::TaskRef| {
                assert!(current_task().is_none() && task.done());
                assert_eq!(std::thread::current().id(), home);
                seen.lock().unwrap().push(n);
            }
        };
        let local = create_task(async {});
        local.add_done_callback(add(1));
        let second = local.add_done_callback(add(2));
        local.add_done_callback(add(3));
        assert!(local.remove_done_callback(second) && !local.remove_done_callback(second));
        local.await.unwrap();
        yield_now().await;
        assert_eq!(*seen.lock().unwrap(), [1, 3]);
        let pooled = spawn(async {});
        pooled.add_done_callback(add(4));
        let seen_task = pooled.task_ref();
        pooled.await.unwrap();
        while seen.lock().unwrap().len() < 3 {
            yield_now().await;
        }
        seen_task.add_done_callback(add(5));
        assert_eq!(seen.lock().unwrap().len(), 3, "never inside the call");
        while seen.lock().unwrap().len() < 4 {
            yield_now().await;
        }
        assert_eq!(*seen.lock().unwrap(), [1, 3, 4, 5]);
    });
}

/// TSK-07, TSK-30.
#[test]
fn an_eager_task_runs_inside_the_call_as_its_own_current_task() {
    let log = Log::default();
    run(async {
        let outer = current_task().unwrap();
        let inner = log.clone();
        let done = task().eager_start(true).create(async move {
            inner.add("at once");
            current_task().unwrap()
        });
        log.add("after");
        assert!(done.done() && current_task().as_ref() == Some(&outer));
        assert!(done.await.unwrap() != outer);
        let waits = task().eager_start(true).create(async {
            sleep(ms(1)).await;
            4
        });
        assert!(!waits.done());
        assert_eq!(waits.await.unwrap(), 4);
    });
    assert_eq!(log.take(), ["at once", "after"]);
    let mut runner = Runner::new().eager_tasks(true);
    let order = runner.run(async {
        let order = Rc::new(RefCell::new(Vec::new()));
        let inner = order.clone();
        drop(create_task(async move { inner.borrow_mut().push(1) }));
        order.borrow_mut().push(2);
        let inner = order.clone();
        let later = task()
            .eager_start(false)
            .create(async move { inner.borrow_mut().push(4) });
        order.borrow_mut().push(3);
        later.await.unwrap();
        order.take()
    });
    assert_eq!(order.unwrap(), [1, 2, 3, 4]);
}

/// TSK-48, TSK-49, TSK-04.
#[test]
fn all_tasks_lists_those_of_the_loop_and_of_its_pool() {
    let handle = run(async {
        let me = current_task().unwrap();
        let local = task().name("local").create(pending::<()>());
        let pooled = task().name("pooled").spawn(pending::<()>());
        let names = |tasks: Vec<asyncio::TaskRef>| {
            let mut names: Vec<_> = tasks.iter().map(|task| task.get_name().to_string()).collect();
            names.sort();
            names
        };
        let expected = {
            let mut names = vec![me.get_name().to_string(), "local".to_owned(), "pooled".to_owned()];
            names.sort();
            names
        };
        assert_eq!(names(all_tasks()), expected);
        let handle = get_running_loop();
        let from_afar = std::thread::spawn(move || handle.all_tasks());
        while !from_afar.is_finished() {
            yield_now().await;
        }
        assert_eq!(names(from_afar.join().unwrap()), expected);
        let in_pool = spawn(async {
            let handle = get_running_loop();
            (current_task().unwrap().on_pool(), handle.is_running())
        });
        assert_eq!(in_pool.await.unwrap(), (true, true));
        local.cancel();
        pooled.cancel();
        assert!(local.await.is_err() && pooled.await.is_err());
        get_running_loop()
    });
    assert!(handle.is_closed() && handle.all_tasks().is_empty());
    assert!(handle.call_soon_threadsafe(|| ()).is_err());
}

/// TSK-47.
#[test]
fn a_future_can_be_run_on_the_loop_from_another_thread() {
    let mut runner = Runner::new();
    runner
        .run(async {
            let handle = get_running_loop();
            let other = std::thread::spawn(move || {
                let mut value = handle.run_coroutine_threadsafe(async {
                    sleep(ms(1)).await;
                    7
                });
                let value = value.result(None).unwrap().unwrap();
                let local = handle.run_coroutine_threadsafe_with(|| {
                    let not_send = Rc::new(3);
                    async move { *not_send }
                });
                let local = futures_lite::future::block_on(local).unwrap();
                let mut forever = handle.run_coroutine_threadsafe(pending::<()>());
                assert!(forever.result(Some(ms(5))).is_err());
                assert!(!forever.done() && forever.cancel());
                let stopped = forever.result(None).unwrap().unwrap_err();
                let mut panics = handle.run_coroutine_threadsafe_with(|| {
                    assert!(!current_task().unwrap().done(), "made inside the task");
                    panic!("factory");
                    #[expect(unreachable_code, reason = "the type of the future")]
                    async {}
                });
                (
                    value,
                    local,
                    stopped.is_cancelled(),
                    panics.result(None).unwrap().unwrap_err().is_panic(),
                )
            });
            while !other.is_finished() {
                sleep(ms(1)).await;
            }
            assert_eq!(other.join().unwrap(), (7, 3, true, true));
        })
        .unwrap();
}

/// TSK-72, TSK-32, DEV-06.
#[test]
fn a_panic_that_nobody_retrieves_goes_to_the_exception_handler() {
    let reports = Arc::new(Mutex::new(Vec::new()));
    let told = reports.clone();
    let mut runner = Runner::new().exception_handler(move |context| {
        let task = context.task().expect("it is a task's");
        let made = (task.location().file(), task.location().line());
        told.lock().unwrap().push((
            context.message().to_owned(),
            task.get_name().to_string(),
            made,
            context.panic_message(),
        ));
    });
    let line = line!();
    runner
        .run(async {
            drop(task().name("dropped").create(async { panic!("one") }));
            let seen = task().name("awaited").create(async { panic!("two") });
            let seen: asyncio::Task<()> = seen;
            assert!(seen.await.is_err());
            let pooled = task().name("pooled").spawn(async { panic!("three") });
            let ended = pooled.task_ref();
            drop::<asyncio::Task<()>>(pooled);
            while !ended.done() {
                yield_now().await;
            }
        })
        .unwrap();
    drop(runner);
    let never = "Task exception was never retrieved".to_owned();
    let expected = [
        (
            never.clone(),
            "dropped".to_owned(),
            (file!(), line + 3),
            Some("one".to_owned()),
        ),
        (
            never,
            "pooled".to_owned(),
            (file!(), line + 7),
            Some("three".to_owned()),
        ),
    ];
    assert_eq!(*reports.lock().unwrap(), expected);
}

/// TSK-61.
#[test]
fn a_task_tells_the_type_of_its_future_and_where_it_was_made() {
    run(async {
        let task = create_task(sleep(ms(0)));
        assert!(task.future_type_name().contains("Sleep"));
        assert!(task.location().file().ends_with("tasks.rs"));
        task.await.unwrap();
    });
}

/// TSK-26.
#[test]
fn a_sleep_of_zero_lets_the_others_go_first() {
    let log = Log::default();
    run(async {
        let inner = log.clone();
        drop(create_task(async move { inner.add("other") }));
        sleep(ms(0)).await;
        log.add("slept");
        assert_eq!(asyncio::sleep_with(ms(5), 9).await, 9);
    });
    assert_eq!(log.take(), ["other", "slept"]);
}

/// TSK-60.
#[test]
fn a_task_prints_where_it_was_made_and_what_it_waits_for() {
    run(async {
        let print = |task: &asyncio::TaskRef| {
            let mut text = Vec::new();
            task.print_stack(&mut text).unwrap();
            String::from_utf8(text).unwrap()
        };
        let inner = task().name("inner").create(pending::<()>());
        let seen = inner.task_ref();
        let outer = task().name("outer").create(inner);
        yield_now().await;
        yield_now().await;
        let text = print(&outer);
        assert!(
            text.contains("outer") && text.contains("tasks.rs") && text.contains("waits for Task"),
            "{text}"
        );
        seen.abort();
        assert!(outer.await.unwrap().is_err());
        assert!(print(&seen).starts_with("No stack for"));
    });
}
