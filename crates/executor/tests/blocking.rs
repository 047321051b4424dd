//! The pool for blocking work: limits, panics, cancellation, the end; awaited on several executors.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use asyncio_executor::{BlockingPool, block_on};

/// Long enough for what must come, short enough for a test that fails.
const LIMIT: Duration = Duration::from_secs(20);

fn pool(threads: usize) -> BlockingPool {
    BlockingPool::builder()
        .max_threads(threads)
        .build()
        .expect("the options are sound")
}

/// Occupies one thread of the pool until the sender is used or dropped.
fn occupy(pool: &BlockingPool) -> Sender<()> {
    let (release, gate): (Sender<()>, Receiver<()>) = channel();
    let (begun, has_begun) = channel();
    pool.spawn(move || {
        begun.send(()).expect("the test waits for it");
        let _ = gate.recv();
    })
    .expect("the pool takes work")
    .detach();
    has_begun.recv_timeout(LIMIT).expect("a thread takes the job");
    release
}

#[test]
fn values_come_back_on_any_executor() {
    let pool = pool(2);
    assert_eq!(block_on(pool.spawn(|| 1).unwrap()), 1);
    assert_eq!(futures_lite::future::block_on(pool.spawn(|| 2).unwrap()), 2);
    assert_eq!(smol::block_on(pool.spawn(|| 3).unwrap()), 3);
    let tokio = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(tokio.block_on(pool.spawn(|| 4).unwrap()), 4);
}

#[test]
fn a_panic_is_carried_to_the_awaiter_and_the_thread_goes_on() {
    let pool = pool(1);
    let task = pool.spawn(|| panic!("on purpose")).unwrap();
    let error = block_on(task.outcome()).map(|(): ()| ()).unwrap_err();
    let payload = error.try_into_panic().unwrap();
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"on purpose"));
    assert_eq!(block_on(pool.spawn(|| 1).unwrap()), 1);
    assert_eq!(pool.metrics().threads, 1);
}

#[test]
fn never_more_threads_than_the_limit_run_at_once() {
    let pool = pool(3);
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let tasks: Vec<_> = (0..200)
        .map(|_| {
            let (now, most) = (now.clone(), most.clone());
            pool.spawn(move || {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::yield_now();
                now.fetch_sub(1, Ordering::SeqCst);
            })
            .unwrap()
        })
        .collect();
    tasks.into_iter().for_each(block_on);
    assert!((1..=3).contains(&most.load(Ordering::SeqCst)));
}

#[test]
fn jobs_that_block_get_a_thread_each_up_to_the_limit() {
    // Each waits for all the others: fewer threads than jobs would never get through.
    let pool = pool(32);
    let barrier = Arc::new(std::sync::Barrier::new(32));
    let tasks: Vec<_> = (0..32)
        .map(|_| {
            let barrier = barrier.clone();
            pool.spawn(move || barrier.wait()).unwrap()
        })
        .collect();
    let leaders = tasks
        .into_iter()
        .filter(|_| true)
        .map(|task| block_on(task).is_leader());
    assert_eq!(leaders.filter(|leader| *leader).count(), 1);
}

#[test]
fn a_full_queue_gives_the_function_back() {
    let pool = BlockingPool::builder()
        .max_threads(1)
        .queue_limit(1)
        .build()
        .unwrap();
    let release = occupy(&pool);
    let queued = pool.spawn(|| 1).unwrap();
    let refused = pool.spawn(|| 2).unwrap_err();
    assert!(!refused.to_string().is_empty());
    let function = refused.into_inner();
    assert_eq!(function(), 2);
    drop(release);
    assert_eq!(block_on(queued), 1);
    assert_eq!(block_on(async { pool.spawn_wait(|| 3).await.unwrap().await }), 3);
}

#[test]
fn a_queued_job_can_be_withdrawn_and_a_running_one_not() {
    let pool = pool(1);
    let release = occupy(&pool);
    let ran = Arc::new(AtomicUsize::new(0));
    let count = ran.clone();
    let mut queued = pool
        .spawn(move || {
            count.fetch_add(1, Ordering::SeqCst);
        })
        .unwrap();
    assert!(queued.cancel());
    drop(release);
    assert!(block_on(queued.outcome()).unwrap_err().is_cancelled());
    assert_eq!(block_on(pool.spawn(|| 1).unwrap()), 1);
    assert_eq!(ran.load(Ordering::SeqCst), 0);
}

#[test]
fn a_shutdown_does_not_hang_on_a_stuck_thread_and_reports_it() {
    let pool = pool(2);
    let release = occupy(&pool);
    let began = Instant::now();
    let report = pool.shutdown(Duration::from_millis(20));
    assert!(!report.is_clean());
    assert!(began.elapsed() < LIMIT);
    assert!(pool.is_shut_down());
    assert!(pool.spawn(|| ()).is_err());
    drop(release);
}

#[test]
fn a_shutdown_of_an_idle_pool_is_clean() {
    let pool = pool(4);
    (0..8)
        .map(|n| pool.spawn(move || n).unwrap())
        .for_each(|task| assert!(block_on(task) < 8));
    assert!(pool.shutdown(LIMIT).is_clean());
}

#[test]
fn threads_have_the_names_that_were_asked_for() {
    let pool = BlockingPool::builder()
        .max_threads(1)
        .thread_name_prefix("worker-of-mine")
        .build()
        .unwrap();
    let name = block_on(
        pool.spawn(|| std::thread::current().name().map(str::to_owned))
            .unwrap(),
    );
    assert!(name.unwrap().starts_with("worker-of-mine"));
}

#[test]
fn a_limit_of_zero_is_refused_by_name() {
    let error = BlockingPool::builder().max_threads(0).build().unwrap_err();
    assert!(error.to_string().contains("max_threads"), "{error}");
}

#[test]
fn a_dropped_handle_does_not_stop_its_job() {
    let pool = pool(1);
    let release = occupy(&pool);
    let (tell, told) = channel();
    drop(pool.spawn(move || tell.send(()).unwrap()).unwrap());
    drop(release);
    assert_eq!(told.recv_timeout(LIMIT), Ok(()));
}

#[test]
fn many_threads_submit_and_every_job_runs_once() {
    let pool = pool(4);
    let seen = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for part in 0..4_u32 {
            let (pool, seen) = (&pool, &seen);
            scope.spawn(move || {
                for n in 0..500 {
                    let value = block_on(pool.spawn(move || part * 500 + n).unwrap());
                    seen.lock().unwrap().push(value);
                }
            });
        }
    });
    let mut seen = seen.into_inner().unwrap();
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..2000));
}
