//! Tasks, groups, timeouts and cleanup on executors that are not ours: tokio's and smol's. Each needs a port of two
//! functions.

#![allow(
    clippy::unwrap_used,
    reason = "the same behaviour is a function that three tests share"
)]

use std::future::{Future, pending};
use std::rc::Rc;
use std::time::Duration;

use asyncio::{
    ExceptionGroup, Job, LocalJob, Spawn, TaskGroup, catch_cancelled, context_var, create_task, current_task,
    finally, gather, on, shield, sleep, spawn, task, task_group, timeout, wait_for, yield_now,
};

struct OnTokio;

impl Spawn for OnTokio {
    fn spawn(&self, job: Job) {
        tokio::spawn(job);
    }
    fn spawn_local(&self, job: LocalJob) {
        tokio::task::spawn_local(job);
    }
}

/// smol's executors are values: these live as long as the process.
struct OnSmol {
    global: &'static async_executor::Executor<'static>,
}

thread_local! {
    static LOCAL: &'static async_executor::LocalExecutor<'static> =
        Box::leak(Box::new(async_executor::LocalExecutor::new()));
}

impl Spawn for OnSmol {
    fn spawn(&self, job: Job) {
        self.global.spawn(job).detach();
    }
    fn spawn_local(&self, job: LocalJob) {
        LOCAL.with(|local| local.spawn(job)).detach();
    }
}

fn with_tokio<F: Future>(main: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a tokio runtime");
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, on(OnTokio, main))
}

fn with_smol<F: Future>(main: F) -> F::Output {
    let global: &'static async_executor::Executor<'static> =
        Box::leak(Box::new(async_executor::Executor::new()));
    let local = LOCAL.with(|local| *local);
    let port = OnSmol { global };
    futures_lite::future::block_on(local.run(global.run(on(port, main))))
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

context_var! { static USER: &'static str = "nobody"; }

/// The same behaviour everywhere; TSK-52.
async fn behaves() {
    // Tasks: local, Send, names, contexts, results.
    let not_send = Rc::new(5);
    assert_eq!(create_task(async move { *not_send }).await.unwrap(), 5);
    drop(USER.set("ada"));
    let named = task()
        .name("named")
        .spawn(async { (current_task().unwrap().get_name(), USER.get()) });
    let (name, user) = named.await.unwrap();
    assert_eq!((&*name, user), ("named", "ada"));
    let panics = create_task(async { panic!("on purpose") });
    let panics: asyncio::Task<()> = panics;
    assert!(panics.await.unwrap_err().is_panic());
    // Cleanup that awaits, by a request from outside and by a timeout.
    let (log, seen) = async_channel::unbounded();
    let inner = log.clone();
    let stopped = create_task(async move {
        finally!({ pending::<()>().await }, {
            sleep(ms(1)).await;
            inner.try_send("cleaned up").unwrap();
        })
    });
    yield_now().await;
    assert!(stopped.cancel());
    assert!(stopped.await.unwrap_err().is_cancelled());
    assert_eq!(seen.try_recv(), Ok("cleaned up"));
    let late = timeout(ms(5), async {
        finally!({ pending::<()>().await }, {
            yield_now().await;
            log.try_send("in time").unwrap();
        })
    });
    assert!(late.await.is_err());
    assert_eq!(seen.try_recv(), Ok("in time"));
    // Groups: children, siblings made by children, failures.
    let sum = task_group(async |tg: TaskGroup<String>| {
        let sibling = tg.clone();
        let first = tg.create_task(async move { Ok(sibling.start(async { 1 }).await + 1) });
        let second = tg.spawn(async { Ok(3) });
        Ok(first.await + second.await)
    });
    assert_eq!(sum.await.unwrap(), 5);
    let cleaned = log.clone();
    let failed: Result<(), ExceptionGroup<&str>> = task_group(async |tg| {
        tg.start(async move {
            finally!({ pending::<()>().await }, {
                sleep(ms(1)).await;
                cleaned.try_send("sibling").unwrap();
            })
        });
        yield_now().await;
        tg.create_task(async { Err::<(), _>("bad") });
        pending::<()>().await;
        Ok(())
    })
    .await;
    assert_eq!(failed.unwrap_err().errors(), ["bad"]);
    assert_eq!(seen.try_recv(), Ok("sibling"));
    // Delegates and shields.
    let inner = create_task(async {
        drop(catch_cancelled(pending::<()>()).await);
        7
    });
    let outer = create_task(inner);
    yield_now().await;
    yield_now().await;
    outer.cancel();
    assert_eq!(outer.await.unwrap().unwrap(), 7);
    let kept = spawn(async {
        sleep(ms(5)).await;
        8
    });
    let seen_task = kept.task_ref();
    let waiter = create_task(async { shield(kept).await });
    yield_now().await;
    waiter.cancel();
    assert!(waiter.await.unwrap_err().is_cancelled());
    while !seen_task.done() {
        sleep(ms(1)).await;
    }
    let (a, b) = gather!(async { 1 }, async { 2 }).await;
    assert_eq!(a.unwrap() + b.unwrap(), 3);
    assert!(wait_for(create_task(pending::<()>()), ms(1)).await.is_err());
    let called = log.clone();
    let done = create_task(async {});
    done.add_done_callback(move |task| {
        assert!(task.done());
        called.try_send("callback").unwrap();
    });
    done.await.unwrap();
    // A loop calls it in its next turn, another executor at once.
    assert_eq!(seen.recv().await, Ok("callback"));
}

#[test]
fn everything_works_on_tokio() {
    with_tokio(behaves());
}

#[test]
fn everything_works_on_smol() {
    with_smol(behaves());
}

#[test]
fn everything_works_on_our_own_loop_through_no_port_at_all() {
    asyncio::run(behaves());
}

/// An executor that is dropped with tasks on it cancels them.
#[test]
fn a_foreign_executor_that_ends_cancels_its_tasks() {
    let tasks = with_tokio(async {
        let tasks = [spawn(pending::<()>())];
        yield_now().await;
        tasks
    });
    let [task] = tasks;
    assert!(task.cancelled());
    assert!(futures_lite::future::block_on(task).unwrap_err().is_cancelled());
}
