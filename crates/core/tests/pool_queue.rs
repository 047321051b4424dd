//! The pool's queues: own deque, injector, looks, and the end.

use std::future::{Future, pending, poll_fn};
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Poll, Wake, Waker};

use asyncio_core::{Look, Outcome, PoolQueue, RawTask, TaskRef, take_running_request};

struct Counter(AtomicUsize);

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

struct OnDrop(Arc<AtomicUsize>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

async fn plain<F: Future>(future: F) -> Outcome<F::Output> {
    Outcome::Value(future.await)
}

fn go<F>(pool: &PoolQueue, future: F) -> RawTask<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    pool.spawn(plain(future), Location::caller(), |_| {})
        .map_err(drop)
        .expect("an open pool")
}

/// Spawns on the pool that this thread works for.
fn here<F>(future: F) -> RawTask<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    asyncio_core::spawn(plain(future), Location::caller(), |_| {})
        .ok()
        .expect("a worker's thread")
}

#[test]
fn an_outside_spawn_unparks_a_parked_pool_once() {
    let pool = PoolQueue::new(2).unwrap();
    let unparked = Arc::new(Counter(AtomicUsize::new(0)));
    pool.set_unpark(Waker::from(unparked.clone()));
    assert!(pool.prepare_park());
    for _ in 0..3 {
        go(&pool, async {});
    }
    assert_eq!(unparked.0.load(Ordering::Relaxed), 1);
    assert!(!pool.prepare_park());
    assert_eq!(pool.worker(0).tick(100), 3);
    assert_eq!(pool.live(), 0);
}

#[test]
fn a_worker_that_does_not_get_through_its_queue_is_helped_at_the_second_look() {
    let pool = PoolQueue::new(2).unwrap();
    let (stuck, helper) = (pool.worker(0), pool.worker(1));
    let ran = Arc::new(AtomicUsize::new(0));
    stuck.enter(|| {
        for _ in 0..10 {
            let ran = ran.clone();
            let task = here(async move {
                ran.fetch_add(1, Ordering::Relaxed);
            });
            drop(task);
        }
    });
    let mut look = Look::default();
    assert_eq!(
        helper.look(&mut look),
        0,
        "the first look only notes what is there"
    );
    assert_eq!(helper.look(&mut look), 5, "the second takes half");
    assert_eq!(helper.tick(100), 5);
    assert_eq!(stuck.tick(100), 5);
    assert_eq!(ran.load(Ordering::Relaxed), 10);
}

#[test]
fn a_worker_that_gets_through_its_queue_keeps_it() {
    let pool = PoolQueue::new(2).unwrap();
    let (busy, helper) = (pool.worker(0), pool.worker(1));
    let task = busy.enter(|| {
        here(poll_fn(|cx| {
            cx.waker().wake_by_ref();
            Poll::<()>::Pending
        }))
    });
    let mut look = Look::default();
    for _ in 0..10 {
        assert_eq!(helper.look(&mut look), 0);
        busy.tick(1);
    }
    drop(task);
    pool.close();
}

#[test]
fn queued_work_asks_for_a_watcher_once() {
    let pool = PoolQueue::new(2).unwrap();
    let watched = Arc::new(Counter(AtomicUsize::new(0)));
    pool.set_watch(Waker::from(watched.clone()));
    pool.want_watch(true);
    pool.worker(0).enter(|| {
        for _ in 0..3 {
            here(async {});
        }
    });
    assert_eq!(watched.0.load(Ordering::Relaxed), 1);
    pool.close();
}

#[test]
fn more_tasks_than_a_deque_holds_all_run() {
    let pool = PoolQueue::new(1).unwrap();
    let worker = pool.worker(0);
    let ran = Arc::new(AtomicUsize::new(0));
    worker.enter(|| {
        for _ in 0..10_000 {
            let ran = ran.clone();
            let task = here(async move {
                ran.fetch_add(1, Ordering::Relaxed);
            });
            drop(task);
        }
    });
    assert_eq!(worker.tick(usize::MAX), 10_000);
    assert_eq!(ran.load(Ordering::Relaxed), 10_000);
}

#[test]
fn tasks_that_wake_themselves_for_ever_do_not_keep_out_the_injector() {
    let pool = PoolQueue::new(1).unwrap();
    let worker = pool.worker(0);
    let forever = worker.enter(|| {
        here(poll_fn(|cx| {
            cx.waker().wake_by_ref();
            Poll::<()>::Pending
        }))
    });
    let outside = go(&pool, async { 3 });
    worker.tick(1000);
    assert!(outside.as_task_ref().is_finished());
    drop(forever);
    pool.close();
}

#[test]
fn closing_drops_parked_and_queued_tasks() {
    let drops = Arc::new(AtomicUsize::new(0));
    let pool = PoolQueue::new(2).unwrap();
    for _ in 0..100 {
        let guard = OnDrop(drops.clone());
        let task = go(&pool, async move {
            let _guard = guard;
            pending::<()>().await;
        });
        drop(task);
    }
    pool.worker(0).tick(50);
    pool.close();
    assert_eq!((drops.load(Ordering::Relaxed), pool.live()), (100, 0));
    assert!(pool.spawn(plain(async {}), Location::caller(), |_| {}).is_err());
}

#[test]
fn many_threads_spawn_while_workers_run_and_look() {
    let pool = PoolQueue::new(3).unwrap();
    let ran = Arc::new(AtomicUsize::new(0));
    let wanted = 4 * 2_000;
    std::thread::scope(|scope| {
        for n in 0..3 {
            let (worker, ran) = (pool.worker(n), ran.clone());
            scope.spawn(move || {
                let mut look = Look::default();
                while ran.load(Ordering::Relaxed) < wanted {
                    worker.tick(16);
                    worker.look(&mut look);
                }
            });
        }
        for _ in 0..4 {
            let (pool, ran) = (pool.clone(), ran.clone());
            scope.spawn(move || {
                for _ in 0..2_000 {
                    let ran = ran.clone();
                    let task = go(&pool, async move {
                        let mut left = 3;
                        poll_fn(|cx| {
                            left -= 1;
                            if left == 0 {
                                return Poll::Ready(());
                            }
                            cx.waker().wake_by_ref();
                            Poll::Pending
                        })
                        .await;
                        ran.fetch_add(1, Ordering::Relaxed);
                    });
                    drop(task);
                }
            });
        }
    });
    assert_eq!((ran.load(Ordering::Relaxed), pool.live()), (wanted, 0));
}

#[test]
fn a_detached_task_that_nothing_can_wake_lives_until_the_pool_ends() {
    let drops = Arc::new(AtomicUsize::new(0));
    let pool = PoolQueue::new(1).unwrap();
    for _ in 0..10 {
        let guard = OnDrop(drops.clone());
        let task = go(&pool, async move {
            let _guard = guard;
            pending::<()>().await;
        });
        drop(task);
    }
    pool.worker(0).tick(100);
    assert_eq!((drops.load(Ordering::Relaxed), pool.live()), (0, 10));
    pool.close();
    assert_eq!((drops.load(Ordering::Relaxed), pool.live()), (10, 0));
}

#[test]
fn a_request_is_seen_by_a_parked_and_by_a_running_task() {
    let pool = PoolQueue::new(1).unwrap();
    let worker = pool.worker(0);
    let until_asked = || {
        poll_fn(|_| match take_running_request() {
            Some(request) => Poll::Ready(Outcome::<()>::Cancelled(Some(request))),
            None => Poll::Pending,
        })
    };
    let parked = pool
        .spawn(until_asked(), Location::caller(), |_| {})
        .unwrap_or_else(|_| panic!());
    worker.tick(10);
    assert_eq!(pool.live(), 1);
    assert!(parked.as_task_ref().cancel());
    worker.tick(10);
    assert_eq!(pool.live(), 0);
    assert!(!parked.as_task_ref().cancel(), "it has ended");
    let own = go(&pool, async { TaskRef::current().unwrap().cancel() });
    worker.tick(10);
    assert!(matches!(
        futures_lite::future::block_on(own),
        Outcome::Cancelled(Some(_))
    ));
}

#[test]
fn tasks_are_awaited_on_other_threads_while_they_end() {
    let pool = PoolQueue::new(1).unwrap();
    let worker = pool.worker(0);
    for n in 0..500 {
        let task = go(&pool, async move { n });
        let joiner = std::thread::spawn(move || futures_lite::future::block_on(task));
        while pool.live() > 0 {
            worker.tick(10);
        }
        assert!(matches!(joiner.join().unwrap(), Outcome::Value(got) if got == n));
    }
}
