//! The crates that need no loop, under tokio's executors, and without any adapter.

#![allow(clippy::unwrap_used, reason = "helpers of tests: who calls them is a test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use asyncio_queue::{PriorityQueue, Queue};
use asyncio_sync::{Barrier, Condition, Event, Lock, RwLock, Semaphore, broadcast, oneshot, watch};
use asyncio_timers::{interval, sleep};

const TASKS: usize = 20;

fn on_each_of_tokios<F: Future<Output = ()> + Send + 'static>(main: impl Fn() -> F) {
    let one = tokio::runtime::Builder::new_current_thread().build().unwrap();
    one.block_on(main());
    let many = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    many.block_on(async { tokio::spawn(main()).await.unwrap() });
}

#[test]
fn queues_carry_items_between_tasks_of_tokios() {
    on_each_of_tokios(|| async {
        let (queue, sum) = (Arc::new(Queue::bounded(3)), Arc::new(AtomicUsize::new(0)));
        let workers: Vec<_> = (0..4)
            .map(|_| {
                let (queue, sum) = (queue.clone(), sum.clone());
                tokio::spawn(async move {
                    while let Ok(item) = queue.get().await {
                        sum.fetch_add(item, Ordering::Relaxed);
                        queue.task_done().unwrap();
                    }
                })
            })
            .collect();
        for item in 0..1000 {
            queue.put(item).await.unwrap();
        }
        queue.join().await;
        queue.shutdown();
        for worker in workers {
            worker.await.unwrap();
        }
        assert_eq!(sum.load(Ordering::Relaxed), 999 * 1000 / 2);

        let urgent = PriorityQueue::new();
        for item in [3, 1, 2] {
            urgent.put(item).await.unwrap();
        }
        assert_eq!(urgent.get().await.unwrap(), 1);
    });
}

#[test]
fn locks_and_their_like_keep_order_among_tasks_of_tokios() {
    on_each_of_tokios(|| async {
        let (lock, permits) = (Arc::new(Lock::new(0)), Arc::new(Semaphore::new(2)));
        let (shared, barrier) = (Arc::new(RwLock::new(0)), Arc::new(Barrier::new(TASKS)));
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| {
                let (lock, permits) = (lock.clone(), permits.clone());
                let (shared, barrier) = (shared.clone(), barrier.clone());
                tokio::spawn(async move {
                    let _permit = permits.acquire().await;
                    let mut count = lock.acquire().await;
                    let before = *count;
                    tokio::task::yield_now().await;
                    *count = before + 1;
                    drop((count, _permit));
                    *shared.write().await += 1;
                    barrier.wait().await.unwrap();
                    assert_eq!(*shared.read().await, TASKS);
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*lock.acquire().await, TASKS);

        let (condition, event) = (Arc::new(Condition::new(false)), Arc::new(Event::new()));
        let (sets, tells) = (condition.clone(), event.clone());
        let waiter = tokio::spawn(async move {
            let mut guard = sets.acquire().await;
            tells.set();
            guard.wait_while(|ready| !*ready).await;
            *guard
        });
        event.wait().await;
        {
            let mut guard = condition.acquire().await;
            *guard = true;
            guard.notify_all();
        }
        assert!(waiter.await.unwrap());
    });
}

#[test]
fn channels_and_timers_need_nothing_of_tokios() {
    on_each_of_tokios(|| async {
        let (tell, told) = oneshot::channel();
        let (set, mut seen) = watch::channel(0);
        let (send, mut receive) = broadcast::channel(8);
        let task = tokio::spawn(async move {
            let start = Instant::now();
            sleep(Duration::from_millis(2)).await;
            let mut ticks = interval(Duration::from_millis(1));
            for number in 0..3 {
                ticks.tick().await;
                send.send(number).unwrap();
            }
            set.send(7).unwrap();
            tell.send(start.elapsed()).unwrap();
        });
        assert!(told.await.unwrap() >= Duration::from_millis(4));
        seen.changed().await.unwrap();
        assert_eq!(*seen.borrow(), 7);
        for number in 0..3 {
            assert_eq!(receive.recv().await.unwrap(), number);
        }
        task.await.unwrap();
    });
}

#[test]
fn sockets_and_tasks_are_told_of_by_the_reactor_of_our_own_thread() {
    on_each_of_tokios(|| async {
        let listener = asyncio_net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = [0; 4];
            stream.read_exact(&mut bytes).await.unwrap();
            stream.write_all(&bytes).await.unwrap();
        });
        let mut client = asyncio_net::TcpStream::connect(address).await.unwrap();
        client.write_all(b"ping").await.unwrap();
        let mut bytes = [0; 4];
        client.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"ping");
        server.await.unwrap();
        let late = asyncio_tasks::timeout(Duration::from_millis(1), std::future::pending::<()>());
        assert!(late.await.is_err());
    });
}
