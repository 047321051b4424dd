//! A loop of ours inside of a program of tokio's, and beside one.

#![allow(clippy::unwrap_used, reason = "helpers of tests: who calls them is a test")]
#![cfg(unix)]

use std::sync::Arc;
use std::time::Duration;

use asyncio::{Event, EventLoop, LoopHandle, Queue, RunError, create_task, get_running_loop, sleep, spawn};
use asyncio_tokio::{TokioCompat, host};
use tokio::runtime::Handle;

const LONG: Duration = Duration::from_secs(3600);

fn tokios<F: Future>(main: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(main)
}

#[test]
fn the_loop_takes_its_turns_in_a_task_of_tokios() {
    tokios(async {
        let mut event_loop = EventLoop::new().unwrap();
        let here = Handle::current().id();
        let queue = Arc::new(Queue::new());
        let to = queue.clone();
        let theirs = tokio::spawn(async move {
            for number in 0..10 {
                tokio::time::sleep(Duration::from_micros(300)).await;
                to.put(number).await.unwrap();
            }
            to.shutdown();
        });
        let main = async move {
            assert_eq!(
                spawn(async { Handle::current().id() }.compat()).await.unwrap(),
                here
            );
            let mut sum = 0;
            while let Ok(number) = queue.get().await {
                sleep(Duration::from_micros(300)).await;
                sum += create_task(async move { tokio::spawn(async move { number }).await.unwrap() })
                    .await
                    .unwrap();
            }
            sum
        };
        assert_eq!(host(&mut event_loop, main).await.unwrap(), 45);
        theirs.await.unwrap();
        event_loop.shutdown(None);
    });
}

#[test]
fn given_up_it_asks_the_main_task_to_stop() {
    tokios(async {
        let mut event_loop = EventLoop::new().unwrap();
        let ended = Arc::new(Event::new());
        let tells = ended.clone();
        let main = asyncio::finally(sleep(LONG), async move { tells.set() });
        let hosted = host(&mut event_loop, main);
        assert!(
            tokio::time::timeout(Duration::from_millis(1), hosted)
                .await
                .is_err()
        );
        assert!(!ended.is_set());
        host(&mut event_loop, async move { ended.wait().await })
            .await
            .unwrap();
        event_loop.shutdown(None);
    });
}

#[test]
fn the_ends_of_a_hosted_loop_are_told_apart() {
    tokios(async {
        let mut event_loop = EventLoop::new().unwrap();
        let stopped = host(&mut event_loop, async {
            get_running_loop().stop();
            std::future::pending::<()>().await;
        });
        assert!(matches!(stopped.await, Err(RunError::Stopped)));
        let cancelled = host(&mut event_loop, async {
            asyncio::current_task().unwrap().cancel();
            sleep(LONG).await;
        });
        assert!(matches!(cancelled.await, Err(RunError::Cancelled)));
        event_loop.close();
        assert!(matches!(
            host(&mut event_loop, async {}).await,
            Err(RunError::Closed)
        ));
    });
}

#[test]
#[should_panic(expected = "the main task")]
fn a_panic_of_the_main_task_goes_on() {
    tokios(async {
        let mut event_loop = EventLoop::new().unwrap();
        let _ = host(&mut event_loop, async { panic!("the main task") }).await;
    });
}

/// A program on many threads of tokio's, and a loop on a thread of its own.
#[test]
fn a_program_of_tokios_talks_to_a_loop_on_another_thread() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let (tell, told) = tokio::sync::oneshot::channel::<LoopHandle>();
    let stop = Arc::new(Event::new());
    let asked = stop.clone();
    let background = std::thread::spawn(move || {
        asyncio::run(async {
            tell.send(get_running_loop()).ok().unwrap();
            asked.wait().await;
        });
    });
    runtime.block_on(async {
        let handle = told.await.unwrap();
        let tasks: Vec<_> = (0..20_u64)
            .map(|number| {
                let handle = handle.clone();
                tokio::spawn(async move {
                    // A future of ours is awaited by tokio as any other.
                    handle
                        .run_coroutine_threadsafe(asyncio::time::sleep_with(Duration::from_millis(1), number))
                        .await
                })
            })
            .collect();
        for (number, task) in (0..).zip(tasks) {
            assert_eq!(task.await.unwrap().unwrap(), number);
        }
        let waits = handle.run_coroutine_threadsafe(sleep(LONG));
        assert!(
            tokio::time::timeout(Duration::from_millis(1), waits)
                .await
                .is_err()
        );
        stop.set();
    });
    background.join().unwrap();
}
