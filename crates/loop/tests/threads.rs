//! Loops and threads: several loops at once, work that moves between them, and handles that outlive their loop.

use std::sync::{Arc, Barrier, mpsc};
use std::time::Duration;

use asyncio_loop::{ConcurrentFuture, EventLoop, LoopHandle, call_soon, get_running_loop, run};
use asyncio_queue::Queue;
use asyncio_sync::{Event, Lock};
use asyncio_tasks::{Promise, all_tasks, create_task, spawn, to_thread};
use asyncio_timers::sleep;

/// A loop on a thread of its own, which runs until it is told to stop.
fn loop_on_a_thread() -> (LoopHandle, std::thread::JoinHandle<()>) {
    let (sender, handle) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let mut event_loop = EventLoop::new().expect("a loop");
        sender.send(event_loop.handle()).expect("somebody waits for it");
        event_loop.run_forever().expect("it is told to stop");
        event_loop.shutdown(None);
    });
    (handle.recv().expect("the loop is made"), thread)
}

// THR-01, THR-03
#[test]
fn several_loops_run_at_once_each_on_its_thread() {
    let together = Arc::new(Barrier::new(4));
    let threads: Vec<_> = (0..4)
        .map(|n| {
            let together = together.clone();
            std::thread::spawn(move || {
                run(async move {
                    // All four run when this returns.
                    to_thread(move || together.wait()).await.unwrap();
                    sleep(Duration::from_millis(1)).await;
                    spawn(async move { n }).await.unwrap()
                })
            })
        })
        .collect();
    let sum: i32 = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    assert_eq!(sum, 6);
}

// THR-02, THR-03, DEV-10
#[test]
fn work_moves_from_loop_to_loop_and_its_result_comes_back() {
    let (other, thread) = loop_on_a_thread();
    let value = run(async {
        let there = other.clone();
        let moved: ConcurrentFuture<_> = other.run_coroutine_threadsafe(async move {
            assert!(get_running_loop().is_running());
            let own = create_task(async { 40 }).await.unwrap();
            (own, std::thread::current().id())
        });
        let (own, id) = moved.await.unwrap();
        assert_ne!(id, std::thread::current().id());
        // A task of the pool of one loop is awaited, and cancelled, on another.
        let task = there
            .run_coroutine_threadsafe_with(|| async { Some(spawn(std::future::pending::<()>())) })
            .await
            .unwrap()
            .expect("it is there");
        task.cancel();
        assert!(task.await.unwrap_err().is_cancelled());
        own + 2
    });
    assert_eq!(value, 42);
    other.stop();
    thread.join().unwrap();
}

// DEV-10
#[test]
fn callbacks_that_other_threads_give_a_loop_run_on_its_own_and_a_promise_brings_what_they_made() {
    let (other, thread) = loop_on_a_thread();
    let calls = 20;
    let promises: Vec<Promise<_>> = (0..calls).map(|_| Promise::new()).collect();
    let callers = promises.iter().cloned().map(|promise| {
        let other = other.clone();
        std::thread::spawn(move || {
            let call = move || {
                assert!(get_running_loop().is_running());
                let set = promise.set_result(std::thread::current().id());
                set.expect("it is called once");
            };
            other.call_soon_threadsafe(call).expect("it is open");
        })
    });
    callers
        .collect::<Vec<_>>()
        .into_iter()
        .for_each(|caller| caller.join().unwrap());
    // Awaited on another loop.
    let ran = run(async move {
        let mut ran = Vec::new();
        for promise in promises {
            ran.push(promise.await.unwrap());
        }
        ran
    });
    assert_eq!(ran.len(), calls);
    assert!(ran.iter().all(|id| *id == thread.thread().id()));
    other.stop();
    thread.join().unwrap();
}

// THR-06
#[test]
fn the_tasks_of_a_loop_are_listed_from_another_thread_eager_ones_too() {
    let (other, thread) = loop_on_a_thread();
    let made = other.run_coroutine_threadsafe_with(|| async {
        let eager = asyncio_tasks::task().name("eager").eager_start(true);
        drop(eager.create(std::future::pending::<()>()));
        drop(
            asyncio_tasks::task()
                .name("late")
                .create(std::future::pending::<()>()),
        );
    });
    futures_lite::future::block_on(made).unwrap();
    let mut names: Vec<String> = other
        .all_tasks()
        .iter()
        .map(|task| task.get_name().to_string())
        .collect();
    names.retain(|name| !name.starts_with("Task-"));
    names.sort();
    assert_eq!(names, ["eager", "late"]);
    other.stop();
    thread.join().unwrap();
    assert!(other.all_tasks().is_empty());
}

// THR-04, THR-05, EXT-10, DEV-10
#[test]
fn locks_events_and_queues_are_shared_by_loops_threads_and_other_executors() {
    let (other, thread) = loop_on_a_thread();
    let (lock, ready) = (Arc::new(Lock::new(0)), Arc::new(Event::new()));
    let queue = Arc::new(Queue::bounded(1));
    let (to, held, told) = (queue.clone(), lock.clone(), ready.clone());
    let producer = other.run_coroutine_threadsafe(async move {
        told.wait().await;
        for n in 0..100 {
            *held.acquire().await += 1;
            to.put(n).await.unwrap();
        }
        to.shutdown();
    });
    // Here there is no loop at all.
    ready.set();
    let sum = futures_lite::future::block_on(async {
        let mut sum = 0;
        while let Ok(n) = queue.get().await {
            *lock.acquire().await += 1;
            sleep(Duration::from_micros(1)).await;
            sum += n;
        }
        producer.await.unwrap();
        sum
    });
    assert_eq!(
        (sum, *futures_lite::future::block_on(lock.acquire())),
        (4950, 200)
    );
    other.stop();
    thread.join().unwrap();
}

// THR-01, THR-03
#[test]
fn handles_that_outlive_their_loop_say_that_it_is_closed() {
    let (other, thread) = loop_on_a_thread();
    let asked = other.run_coroutine_threadsafe(std::future::pending::<()>());
    other.stop();
    thread.join().unwrap();
    assert!(other.is_closed() && !other.is_running());
    assert!(futures_lite::future::block_on(asked).unwrap_err().is_cancelled());
    let late = other.run_coroutine_threadsafe(async { 1 });
    assert!(futures_lite::future::block_on(late).unwrap_err().is_cancelled());
    assert!(other.call_soon_threadsafe(|| ()).is_err());
    assert!(other.all_tasks().is_empty());
    other.stop();
    // The next loops of this process may have its place, and are not it.
    run(async move {
        assert!(
            other
                .call_soon_threadsafe(|| panic!("it was for another loop"))
                .is_err()
        );
        call_soon(|| ());
        assert!(all_tasks().len() == 1);
    });
}
