//! Sleeps and intervals on several executors, with no driver entered: the fallback thread serves them.

use std::future::Future;
use std::time::{Duration, Instant};

use asyncio_timers::{interval, sleep, sleep_until};
use futures_lite::StreamExt;
use futures_lite::future::{block_on, zip};

async fn two_sleeps_and_ticks() {
    let start = Instant::now();
    zip(sleep(Duration::from_millis(30)), sleep(Duration::from_millis(10))).await;
    assert!(start.elapsed() >= Duration::from_millis(30));

    let deadline = Instant::now() + Duration::from_millis(5);
    sleep_until(deadline).await;
    assert!(Instant::now() >= deadline);

    let ticks: Vec<_> = interval(Duration::from_millis(2)).take(4).collect().await;
    assert!(
        ticks
            .windows(2)
            .all(|pair| pair[1] - pair[0] == Duration::from_millis(2))
    );
    assert!(Instant::now() >= ticks[3]);
}

fn assert_send<F: Future + Send>(future: F) -> F {
    future
}

#[test]
fn sleeps_work_on_block_on() {
    block_on(two_sleeps_and_ticks());
}

#[test]
fn sleeps_work_on_tokio_current_thread() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(two_sleeps_and_ticks());
}

#[test]
fn sleeps_work_on_tokio_multi_thread() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..50)
            .map(|_| tokio::spawn(assert_send(two_sleeps_and_ticks())))
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
}

#[test]
fn sleeps_work_on_smol() {
    smol::block_on(async {
        let tasks: Vec<_> = (0..50).map(|_| smol::spawn(two_sleeps_and_ticks())).collect();
        for task in tasks {
            task.await;
        }
    });
}

#[test]
fn sleeps_work_on_our_executor() {
    let executor = asyncio_executor::Executor::new();
    asyncio_executor::block_on(executor.run(async {
        let tasks: Vec<_> = (0..50).map(|_| executor.spawn(two_sleeps_and_ticks())).collect();
        for task in tasks {
            task.await;
        }
    }));
}
