//! `Executor` and `LocalExecutor`: the promises of async-executor, on this crate's `block_on`, tokio and smol.

use std::cell::Cell;
use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Wake, Waker};

use asyncio_executor::{Executor, LocalExecutor, Task, block_on};
use futures_lite::future;

struct OnDrop(Arc<AtomicUsize>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Runs a test's future on several executors that are not this crate's.
fn everywhere<F: Future<Output = ()>>(test: impl Fn() -> F) {
    block_on(test());
    future::block_on(test());
    smol::block_on(test());
    let tokio = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("tokio starts");
    tokio.block_on(test());
}

async fn yields(count: usize) {
    for _ in 0..count {
        future::yield_now().await;
    }
}

#[test]
fn tasks_run_wherever_the_executor_is_run() {
    everywhere(|| async {
        let executor = Executor::new();
        let tasks: Vec<Task<usize>> = (0..100)
            .map(|n| {
                executor.spawn(async move {
                    yields(n % 5).await;
                    n
                })
            })
            .collect();
        let sum = executor.run(async {
            let mut sum = 0;
            for task in tasks {
                sum += task.await;
            }
            sum
        });
        assert_eq!(sum.await, 4950);
        assert!(executor.is_empty());
    });
}

#[test]
fn local_tasks_may_borrow_and_need_not_be_send() {
    everywhere(|| async {
        let count = Rc::new(Cell::new(0));
        let text = String::from("borrowed");
        let executor = LocalExecutor::new();
        let task = executor.spawn(async {
            count.set(count.get() + text.len());
            yields(3).await;
            count.get()
        });
        assert_eq!(executor.run(task).await, 8);
    });
}

#[test]
fn try_tick_runs_one_task_and_a_budget_several() {
    let executor = Executor::new();
    assert!(!executor.try_tick());
    assert!(!executor.has_ready());
    let tasks: Vec<Task<()>> = (0..5).map(|_| executor.spawn(async {})).collect();
    assert!(executor.has_ready());
    assert!(executor.try_tick());
    assert_eq!(executor.try_tick_n(3), 3);
    assert_eq!(executor.try_tick_n(3), 1);
    assert!(tasks.iter().all(Task::is_finished) && executor.is_empty());
}

#[test]
fn spawn_many_spawns_all_even_if_its_iterator_spawns() {
    let executor = Executor::new();
    let mut tasks = Vec::new();
    let extra = Mutex::new(Vec::new());
    let futures = (0..1200).map(|n| {
        extra.lock().unwrap().push(executor.spawn(async move { n }));
        async move { n }
    });
    executor.spawn_many(futures, &mut tasks);
    let all = tasks
        .into_iter()
        .chain(extra.into_inner().unwrap())
        .collect::<Vec<_>>();
    assert_eq!(all.len(), 2400);
    let sum = block_on(executor.run(async {
        let mut sum = 0_u64;
        for task in all {
            sum += task.await;
        }
        sum
    }));
    assert_eq!(sum, 2 * 1199 * 600);
}

#[test]
fn dropping_the_executor_drops_what_has_not_ended_though_wakers_live_on() {
    let drops = Arc::new(AtomicUsize::new(0));
    let wakers: Arc<Mutex<Vec<Waker>>> = Arc::default();
    let executor = Executor::new();
    for n in 0..20 {
        let guard = OnDrop(drops.clone());
        let wakers = wakers.clone();
        let task = executor.spawn(async move {
            let _guard = guard;
            poll_fn(|cx| {
                wakers.lock().unwrap().push(cx.waker().clone());
                Poll::<()>::Pending
            })
            .await;
        });
        task.detach();
        if n < 10 {
            executor.try_tick();
        }
    }
    drop(executor);
    assert_eq!(drops.load(Ordering::SeqCst), 20);
    std::mem::take(&mut *wakers.lock().unwrap())
        .into_iter()
        .for_each(Waker::wake);
}

#[test]
fn an_executor_whose_task_owns_it_can_be_dropped() {
    let executor = Rc::new(LocalExecutor::new());
    let inner = executor.clone();
    executor.spawn(async move { drop(inner) }).detach();
    let mut owned = Some(executor);
    let last = owned.take().expect("it was just put there");
    last.try_tick();
}

#[test]
fn dropping_a_task_cancels_it() {
    let drops = Arc::new(AtomicUsize::new(0));
    let executor = Executor::new();
    let guard = OnDrop(drops.clone());
    let task = executor.spawn(async move {
        let _guard = guard;
        pending::<()>().await;
    });
    executor.try_tick();
    drop(task);
    executor.try_tick();
    assert_eq!(drops.load(Ordering::SeqCst), 1);
    assert!(executor.is_empty());
}

#[test]
fn a_panic_goes_to_who_awaits_the_task_and_leaves_the_others_alone() {
    let executor = Executor::new();
    let bad = executor.spawn(async { panic!("on purpose") });
    let good = executor.spawn(async { 1 });
    assert_eq!(block_on(executor.run(good)), 1);
    assert!(catch_unwind(AssertUnwindSafe(|| block_on(executor.run(bad)))).is_err());
    assert_eq!(block_on(executor.run(executor.spawn(async { 2 }))), 2);
}

#[test]
fn a_ticker_that_was_woken_and_dropped_passes_its_wake_on() {
    struct Count(AtomicUsize);
    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let executor = Executor::new();
    let (one, two) = (
        Arc::new(Count(AtomicUsize::new(0))),
        Arc::new(Count(AtomicUsize::new(0))),
    );
    let mut first = Box::pin(executor.tick());
    let mut second = Box::pin(executor.tick());
    for (ticker, count) in [(&mut first, &one), (&mut second, &two)] {
        let waker = Waker::from(count.clone());
        assert!(
            ticker
                .as_mut()
                .poll(&mut std::task::Context::from_waker(&waker))
                .is_pending()
        );
    }
    executor.spawn(async {}).detach();
    let woken = |count: &Count| count.0.load(Ordering::SeqCst);
    assert_eq!(woken(&one) + woken(&two), 1, "one task wakes one ticker");
    if woken(&one) == 1 {
        drop(first);
        assert_eq!(woken(&two), 1);
    } else {
        drop(second);
        assert_eq!(woken(&one), 1);
    }
}

#[test]
fn the_hook_hears_of_wakes_from_other_threads() {
    struct Count(AtomicUsize);
    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let heard = Arc::new(Count(AtomicUsize::new(0)));
    let executor = LocalExecutor::new();
    executor.set_wake_hook(Some(Waker::from(heard.clone())));
    let (send, receive) = std::sync::mpsc::channel::<Waker>();
    let mut first = true;
    let task = executor.spawn(poll_fn(move |cx| {
        if std::mem::replace(&mut first, false) {
            send.send(cx.waker().clone()).unwrap();
            return Poll::Pending;
        }
        Poll::Ready(())
    }));
    assert_eq!(heard.0.load(Ordering::SeqCst), 1);
    executor.try_tick();
    std::thread::spawn(move || receive.recv().unwrap().wake())
        .join()
        .unwrap();
    assert_eq!(heard.0.load(Ordering::SeqCst), 2);
    assert!(executor.try_tick() && task.is_finished());
}

#[test]
fn several_threads_share_the_tasks_and_lose_none() {
    let executor = Arc::new(Executor::new());
    let (stop, stopped) = (Arc::new(AtomicUsize::new(0)), 10_000);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            let (executor, stop) = (executor.clone(), stop.clone());
            scope.spawn(move || {
                block_on(executor.run(async {
                    while stop.load(Ordering::SeqCst) < stopped {
                        future::yield_now().await;
                    }
                }));
            });
        }
        for n in 0..stopped {
            let stop = stop.clone();
            let task = executor.spawn(async move {
                yields(n % 4).await;
                stop.fetch_add(1, Ordering::SeqCst);
            });
            task.detach();
        }
    });
    assert!(executor.is_empty());
}

#[test]
fn a_task_that_sleeping_threads_wait_for_wakes_one_of_them() {
    let executor = Executor::new();
    std::thread::scope(|scope| {
        let (give, given) = std::sync::mpsc::channel::<usize>();
        let stop = executor.spawn(pending::<()>());
        let quit = Arc::new(AtomicUsize::new(0));
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let (executor, quit) = (&executor, quit.clone());
                scope.spawn(move || {
                    while quit.load(Ordering::SeqCst) == 0 {
                        block_on(executor.tick());
                    }
                })
            })
            .collect();
        for n in 0..2000 {
            let give = give.clone();
            executor.spawn(async move { give.send(n).unwrap() }).detach();
            assert_eq!(given.recv_timeout(std::time::Duration::from_secs(20)), Ok(n));
        }
        quit.store(1, Ordering::SeqCst);
        drop(stop);
        for _ in &threads {
            executor.spawn(async {}).detach();
            executor.spawn(async {}).detach();
        }
    });
}

mod auto_traits {
    use super::*;
    use static_assertions::{assert_impl_all, assert_not_impl_any};

    assert_impl_all!(Executor<'static>: Send, Sync, Unpin, std::panic::UnwindSafe);
    assert_not_impl_any!(LocalExecutor<'static>: Send, Sync);
    assert_impl_all!(LocalExecutor<'static>: Unpin, std::panic::UnwindSafe);
    assert_impl_all!(asyncio_executor::BlockingPool: Send, Sync, Unpin);
    assert_impl_all!(asyncio_executor::BlockingTask<u8>: Send, Unpin);
}
