//! No wake is lost between the loop, tokio and other threads, however they fall together.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "helpers of tests: who calls them is a test")]

use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use asyncio::{EventLoop, Queue, create_task, spawn, timeout};
use asyncio_tokio::{TokioCompat, host, run};

const ROUNDS: usize = 2000;

type Asked = Arc<Queue<(usize, mpsc::Sender<usize>)>>;

/// A thread that asks and waits for the answer, which is each time a wake of a loop that may be about to rest.
fn asks(queue: Asked) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let (tell, told) = mpsc::channel();
        for round in 0..ROUNDS {
            queue.put_nowait((round, tell.clone())).unwrap();
            assert_eq!(told.recv_timeout(Duration::from_secs(60)), Ok(round));
        }
    })
}

async fn answers(queue: Asked) {
    while let Ok((round, tell)) = queue.get().await {
        tell.send(round).unwrap();
    }
}

/// Who answers: a task of the loop, one of its pool, one of tokio's; and timers of both come in between.
async fn program() {
    let queues: Vec<Asked> = (0..3).map(|_| Arc::new(Queue::new())).collect();
    let ours = create_task(answers(queues[0].clone()));
    let on_pool = spawn(answers(queues[1].clone()).compat());
    let theirs = tokio::spawn(answers(queues[2].clone()));
    let ticking = create_task(
        async {
            loop {
                tokio::time::sleep(Duration::from_millis(1)).await;
                asyncio::sleep(Duration::from_micros(300)).await;
            }
        }
        .compat(),
    );
    let threads: Vec<_> = queues.iter().cloned().map(asks).collect();
    let all = asyncio::to_thread(move || threads.into_iter().for_each(|thread| thread.join().unwrap()));
    timeout(Duration::from_secs(120), all).await.unwrap().unwrap();
    for queue in queues {
        queue.shutdown();
    }
    ours.await.unwrap();
    on_pool.await.unwrap();
    theirs.await.unwrap();
    ticking.cancel();
    assert!(ticking.await.unwrap_err().is_cancelled());
}

#[test]
fn on_a_loop_that_waits_in_tokio() {
    run(program()).unwrap();
}

#[test]
fn on_a_loop_inside_of_tokio() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut event_loop = EventLoop::new().unwrap();
        host(&mut event_loop, program()).await.unwrap();
        event_loop.shutdown(None);
    });
}

#[test]
fn on_a_loop_with_a_runtime_on_a_thread_of_its_own() {
    asyncio::run(program().compat());
}

/// Many short runs: the runtime's thread starts, is used and ends each time.
#[test]
fn loops_that_come_and_go_leave_no_thread_behind() {
    for _ in 0..50 {
        let sum = asyncio::run(async {
            let one = spawn(async { tokio::spawn(async { 1 }).await.unwrap() }.compat());
            let two = async { tokio::spawn(async { 2 }).await.unwrap() }.compat().await;
            one.await.unwrap() + two
        });
        assert_eq!(sum, 3);
    }
    let threads = threads_of("asyncio-tokio");
    assert!(
        threads <= 2,
        "{threads}: those of the tests beside this one, at most"
    );
}

/// How many threads of this process have that name.
fn threads_of(name: &str) -> usize {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else {
        return 0;
    };
    let names = tasks
        .flatten()
        .map(|task| std::fs::read_to_string(task.path().join("comm")));
    names.flatten().filter(|found| found.trim() == name).count()
}
