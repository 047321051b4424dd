//! Busy loops that come and go, with pools, groups, locks and blocking work, while others look at all of it without a pause.
//!
//! What is looked at is shared by pointers that no loop waits for: run with a sanitizer this shows who is late.

#![cfg(unix)]

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use asyncio_loop::{EventLoop, Runner, get_running_loop, introspect_paths};
use asyncio_queue::Queue;
use asyncio_sync::{Lock, Semaphore};
use asyncio_tasks::{
    TaskGraph, all_tasks, create_task, format_call_graph, gather_tasks, spawn, task, task_group_infallible,
    timeout, to_thread, yield_now,
};
use asyncio_timers::sleep;

/// How much of everything: little, unless long tests are asked for.
fn scale() -> usize {
    if std::env::var_os("ASYNCIO_LONG").is_some() {
        20
    } else {
        1
    }
}

/// A bit of every way to wait.
async fn work(round: usize) {
    let (lock, queue) = (Rc::new(Lock::new(0)), Rc::new(Queue::new()));
    let of_pool = Arc::new(Lock::new(0));
    let permits = Arc::new(Semaphore::new(2));
    let contenders: Vec<_> = (0..6)
        .map(|n| {
            let (lock, queue) = (lock.clone(), queue.clone());
            task()
                .name(format!("contender {n} \"{round}\""))
                .create(async move {
                    let mut guard = lock.acquire().await;
                    yield_now().await;
                    *guard += 1;
                    drop(guard);
                    queue.put(n).await.expect("it is open");
                })
        })
        .collect();
    let spawned: Vec<_> = (0..6)
        .map(|_| {
            let (lock, permits) = (of_pool.clone(), permits.clone());
            spawn(async move {
                let _permit = permits.acquire().await;
                let mut guard = lock.acquire().await;
                drop(spawn(async {}));
                *guard += 1;
                yield_now().await;
            })
        })
        .collect();
    task_group_infallible(async |tg| {
        for n in 0..4 {
            tg.start(async move {
                if n == 0 {
                    to_thread(|| ()).await.expect("it ends");
                } else {
                    sleep(Duration::from_micros(50)).await;
                }
            });
        }
    })
    .await;
    let late = create_task(std::future::pending::<()>());
    assert!(timeout(Duration::from_micros(100), late).await.is_err());
    for _ in 0..6 {
        queue.get().await.expect("it is open");
    }
    for ended in gather_tasks(contenders).await {
        ended.expect("it ends");
    }
    for ended in gather_tasks(spawned).await {
        ended.expect("it ends");
    }
    assert_eq!((*lock.acquire().await, *of_pool.acquire().await), (6, 6));
    // From inside too.
    assert!(!TaskGraph::of(&all_tasks()).to_string().is_empty());
    assert!(!format_call_graph().is_empty());
    assert!(get_running_loop().metrics().workers > 0);
}

fn socket() -> PathBuf {
    let paths = introspect_paths(std::process::id());
    let path = paths.into_iter().find(|path| path.exists());
    path.expect("the socket is there")
}

/// Asks until the end. An answer is one line, and whole.
fn look(request: &[u8], ends: &AtomicBool, looks: &AtomicUsize) {
    while !ends.load(Ordering::Relaxed) {
        let mut stream = UnixStream::connect(socket()).expect("somebody listens");
        stream.write_all(request).expect("it is sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it is text");
        assert!(
            answer.starts_with("{\"pid\":") && answer.ends_with("}\n"),
            "{answer}"
        );
        looks.fetch_add(1, Ordering::Relaxed);
    }
}

// CLI-01
#[test]
fn loops_that_come_and_go_can_be_looked_at_all_the_time() {
    let _open = EventLoop::builder()
        .introspect(true)
        .build()
        .expect("the socket opens");
    let (ends, looks) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for request in [&b"{\"command\":\"tasks\"}\n"[..], b"{\"command\":\"metrics\"}\n"] {
            scope.spawn(|| look(request, &ends, &looks));
        }
        let loops: Vec<_> = (0..3)
            .map(|n| {
                scope.spawn(move || {
                    for round in 0..20 * scale() {
                        let mut runner = Runner::new()
                            .worker_threads(2)
                            .introspect(true)
                            .debug(n == 0)
                            .exception_handler(|_| ());
                        let ran = runner.run(async {
                            for _ in 0..4 {
                                work(round).await;
                            }
                            // Left to the end of the loop.
                            drop(create_task(std::future::pending::<()>()));
                            drop(spawn(std::future::pending::<()>()));
                        });
                        ran.expect("it runs");
                    }
                })
            })
            .collect();
        let ran: Vec<_> = loops.into_iter().map(|each| each.join()).collect();
        ends.store(true, Ordering::Relaxed);
        for each in ran {
            each.expect("it does not panic");
        }
    });
    assert!(looks.load(Ordering::Relaxed) > 0);
}
