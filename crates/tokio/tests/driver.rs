//! A loop that waits in tokio.

#![cfg(unix)]

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use asyncio::{Event, EventLoop, Queue, RunError, create_task, sleep, spawn, to_thread, yield_now};
use asyncio_tokio::{TokioCompat, TokioDriver, run};
use static_assertions::assert_impl_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::Notify;

assert_impl_all!(TokioDriver: Send, std::fmt::Debug);

const LONG: Duration = Duration::from_secs(3600);

fn thread() -> ThreadId {
    std::thread::current().id()
}

#[test]
fn both_live_on_one_thread_and_wake_each_other() {
    run(async {
        let here = thread();
        let (questions, answers) = (Arc::new(Queue::new()), Arc::new(Queue::new()));
        let (asked, to) = (questions.clone(), answers.clone());
        let theirs = tokio::spawn(async move {
            assert_eq!(thread(), here);
            while let Ok(number) = asked.get().await {
                tokio::time::sleep(Duration::from_millis(1)).await;
                to.put(number * 2).await.unwrap();
            }
        });
        for number in 0..10 {
            questions.put(number).await.unwrap();
            assert_eq!(answers.get().await.unwrap(), number * 2);
        }
        questions.shutdown();
        theirs.await.unwrap();
    })
    .unwrap();
}

#[test]
fn sockets_of_both_work_side_by_side() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = create_task(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = [0; 5];
            while stream.read_exact(&mut bytes).await.is_ok() {
                stream.write_all(&bytes).await.unwrap();
            }
        });
        let mut ours = asyncio::net::TcpStream::connect(address).await.unwrap();
        for _ in 0..100 {
            let mut bytes = [0; 5];
            ours.write_all(b"hello").await.unwrap();
            ours.read_exact(&mut bytes).await.unwrap();
            assert_eq!(&bytes, b"hello");
        }
        drop(ours);
        server.await.unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    })
    .unwrap();
}

#[test]
fn a_task_of_tokios_that_is_always_ready_does_not_keep_the_loop_out() {
    run(async {
        let stop = Arc::new(AtomicBool::new(false));
        let event = Arc::new(Event::new());
        let tasks: Vec<_> = (0..100)
            .map(|_| {
                let (stopped, event) = (stop.clone(), event.clone());
                tokio::spawn(async move {
                    while !stopped.load(Ordering::Relaxed) {
                        event.set();
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        event.wait().await;
        sleep(Duration::from_millis(1)).await;
        to_thread(|| ()).await.unwrap();
        stop.store(true, Ordering::Relaxed);
        for task in tasks {
            task.await.unwrap();
        }
    })
    .unwrap();
}

#[test]
fn a_task_of_ours_that_is_always_ready_does_not_keep_tokio_out() {
    run(async {
        let done = Rc::new(Cell::new(false));
        let seen = done.clone();
        let busy = create_task(async move {
            while !seen.get() {
                yield_now().await;
            }
        });
        tokio::time::sleep(Duration::from_millis(1)).await;
        let notify = Arc::new(Notify::new());
        let tells = notify.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            tells.notify_one();
        });
        notify.notified().await;
        done.set(true);
        busy.await.unwrap();
    })
    .unwrap();
}

#[test]
fn our_sleeps_are_never_early_also_those_inside_of_tokios_tasks() {
    run(async {
        for micros in [50, 300, 1500, 3000] {
            let (duration, start) = (Duration::from_micros(micros), Instant::now());
            sleep(duration).await;
            assert!(start.elapsed() >= duration);
            let theirs = tokio::spawn(async move {
                let start = Instant::now();
                sleep(duration).await;
                start.elapsed()
            });
            assert!(theirs.await.unwrap() >= duration);
        }
    })
    .unwrap();
}

#[test]
fn tokios_tasks_are_no_part_of_the_loop() {
    run(async {
        let theirs = tokio::spawn(async { asyncio::try_create_task(async {}).is_err() });
        assert!(theirs.await.unwrap());
        let blocking = tokio::task::spawn_blocking(|| Handle::try_current().is_ok());
        assert!(blocking.await.unwrap());
    })
    .unwrap();
}

#[test]
fn tasks_of_the_pool_share_the_runtime_by_compat() {
    run(async {
        let here = Handle::current().id();
        let on_pool = spawn(
            async {
                tokio::time::sleep(Duration::from_millis(1)).await;
                tokio::spawn(async { (Handle::current().id(), thread()) })
                    .await
                    .unwrap()
            }
            .compat(),
        );
        assert_eq!(on_pool.await.unwrap(), (here, thread()));
    })
    .unwrap();
}

#[test]
fn what_was_spawned_is_gone_when_the_loop_is_closed() {
    let child = Arc::new(());
    let held = child.clone();
    let mut event_loop = EventLoop::new().unwrap();
    event_loop.set_driver(Box::new(TokioDriver::new().unwrap()));
    event_loop
        .run_until_complete(
            async move {
                tokio::spawn(async move {
                    tokio::time::sleep(LONG).await;
                    drop(held);
                });
            }
            .compat(),
        )
        .unwrap();
    assert_eq!(Arc::strong_count(&child), 2, "the loop can be run again");
    event_loop.close();
    assert_eq!(Arc::strong_count(&child), 1);
}

#[test]
fn errors_are_those_of_the_runner() {
    run(async { assert!(matches!(run(async {}), Err(RunError::Nested))) }).unwrap();
    let stopped = run(async {
        asyncio::get_running_loop().stop();
        std::future::pending::<()>().await;
    });
    assert!(matches!(stopped, Err(RunError::Stopped)), "{stopped:?}");
}

#[test]
#[should_panic(expected = "from within a runtime")]
fn it_is_no_loop_for_the_inside_of_tokio() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let _ = run(async {});
    });
}

#[test]
fn children_of_the_loop_are_read_and_reaped() {
    run(async {
        let child = asyncio::create_subprocess_exec("cat", [""; 0])
            .stdin(asyncio::subprocess::PIPE)
            .stdout(asyncio::subprocess::PIPE);
        let mut child = child.await.unwrap();
        let (said, _) = child.communicate(Some("through a child".into())).await.unwrap();
        assert_eq!(said.unwrap(), b"through a child");
        assert_eq!(child.wait().await.unwrap(), 0);
    })
    .unwrap();
}
