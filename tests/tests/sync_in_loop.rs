//! Locks, signals, channels and queues in the tasks of a loop and of its pool: what can be seen of them from outside,
//! who holds them, where they refuse to block, and how they go from thread to thread.

use std::collections::HashSet;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use asyncio::{TaskRef, create_task, current_task, get_running_loop, spawn, to_thread, yield_now};
use asyncio_core::WaitKind;
use asyncio_queue::Queue;
use asyncio_sync::{
    Barrier, BoundedSemaphore, Condition, Event, Lock, RwLock, Semaphore, broadcast, oneshot, watch,
};

/// Runs it, and notices if it waits for ever.
#[track_caller]
fn run<F: Future>(main: F) -> F::Output {
    let main = asyncio::timeout(Duration::from_secs(60), main);
    asyncio::run(main).expect("somebody waits for ever")
}

/// Three tasks that wait: two for the same, one for another of the kind. Each is cancelled in the end.
async fn shows<F: Future<Output: 'static> + 'static>(kind: WaitKind, same: [F; 2], other: F) -> usize {
    let [one, two] = same.map(create_task);
    let other = create_task(other);
    yield_now().await;
    yield_now().await;
    let waits = [&one, &two, &other].map(|task| task.task_ref().wait());
    assert_eq!(waits.map(|wait| wait.kind), [kind; 3]);
    assert_eq!(waits[0].address, waits[1].address);
    assert_ne!(waits[0].address, waits[2].address);
    assert_ne!(waits[0].address, 0);
    for task in [one, two, other] {
        let of_task = task.task_ref();
        of_task.cancel();
        drop(task.await);
        assert_eq!(
            of_task.wait().kind,
            WaitKind::Unknown,
            "it waits for nothing any more"
        );
    }
    waits[0].address
}

/// What a task of a loop waits for can be seen from outside.
#[test]
fn a_task_shows_which_lock_or_semaphore_it_waits_for() {
    run(async {
        let locks = [Arc::new(Lock::new(())), Arc::new(Lock::new(()))];
        let held = locks.clone().map(|lock| lock.try_acquire_owned().expect("new"));
        let wait = |n: usize| {
            let lock = locks[n].clone();
            async move { drop(lock.acquire().await) }
        };
        shows(WaitKind::Lock, [wait(0), wait(0)], wait(1)).await;
        drop(held);

        let locks = [Arc::new(RwLock::new(())), Arc::new(RwLock::new(()))];
        let held = (locks[0].try_write(), locks[1].try_write());
        let wait = |n: usize, writes: bool| {
            let lock = locks[n].clone();
            async move {
                match writes {
                    true => drop(lock.write().await),
                    false => drop(lock.read().await),
                }
            }
        };
        shows(WaitKind::Lock, [wait(0, true), wait(0, false)], wait(1, false)).await;
        drop(held);

        let permits = [Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0))];
        let wait = |n: usize, count| {
            let semaphore = permits[n].clone();
            async move { drop(semaphore.acquire_many(count).await) }
        };
        shows(WaitKind::Semaphore, [wait(0, 1), wait(0, 2)], wait(1, 1)).await;

        let permits = [
            Arc::new(BoundedSemaphore::new(1)),
            Arc::new(BoundedSemaphore::new(1)),
        ];
        let held = (permits[0].try_acquire(), permits[1].try_acquire());
        let wait = |n: usize| {
            let semaphore = permits[n].clone();
            async move { drop(semaphore.acquire().await) }
        };
        // Whoever has the only one is who is waited for.
        shows(WaitKind::OnlyPermit, [wait(0), wait(0)], wait(1)).await;
        drop(held);
    });
}

#[test]
fn a_task_shows_which_signal_it_waits_for() {
    run(async {
        let mut addresses = HashSet::new();
        let events = [Arc::new(Event::new()), Arc::new(Event::new())];
        let wait = |n: usize| {
            let event = events[n].clone();
            async move { event.wait().await }
        };
        addresses.insert(shows(WaitKind::Signal, [wait(0), wait(0)], wait(1)).await);

        let conditions = [Arc::new(Condition::new(())), Arc::new(Condition::new(()))];
        let wait = |n: usize| {
            let condition = conditions[n].clone();
            async move { condition.acquire().await.wait().await }
        };
        addresses.insert(shows(WaitKind::Signal, [wait(0), wait(0)], wait(1)).await);

        let barriers = [Arc::new(Barrier::new(9)), Arc::new(Barrier::new(9))];
        let wait = |n: usize| {
            let barrier = barriers[n].clone();
            async move { barrier.wait().await }
        };
        addresses.insert(shows(WaitKind::Signal, [wait(0), wait(0)], wait(1)).await);

        let channels = [watch::channel(0), watch::channel(0)];
        let wait = |n: usize| {
            let mut receiver = channels[n].1.clone();
            async move { receiver.changed().await }
        };
        addresses.insert(shows(WaitKind::Signal, [wait(0), wait(0)], wait(1)).await);
        assert_eq!(addresses.len(), 4);

        let (_sender, receiver) = oneshot::channel::<u32>();
        let waiting = create_task(receiver);
        yield_now().await;
        assert_eq!(waiting.task_ref().wait().kind, WaitKind::Signal);
    });
}

#[test]
fn a_task_shows_which_queue_it_waits_for() {
    run(async {
        let queues = [Arc::new(Queue::bounded(1)), Arc::new(Queue::bounded(1))];
        let get = |n: usize| {
            let queue = queues[n].clone();
            async move { queue.get().await }
        };
        let seen = shows(WaitKind::Queue, [get(0), get(0)], get(1)).await;
        for queue in &queues {
            queue.put_nowait(1).expect("there is room");
        }
        let wait = |n: usize, joins: bool| {
            let queue = queues[n].clone();
            async move {
                match joins {
                    true => queue.join().await,
                    false => queue.put(2).await.expect("open"),
                }
            }
        };
        let again = shows(WaitKind::Queue, [wait(0, false), wait(0, true)], wait(1, true)).await;
        assert_eq!(seen, again, "it is the address of the queue");
        let (sender, _receiver) = broadcast::channel::<u32>(1);
        let other = broadcast::channel::<u32>(1).0;
        let receive = |sender: &broadcast::Sender<u32>| {
            let mut receiver = sender.subscribe();
            let sender = sender.clone();
            async move {
                let received = receiver.recv().await;
                drop(sender);
                received
            }
        };
        shows(
            WaitKind::Queue,
            [receive(&sender), receive(&sender)],
            receive(&other),
        )
        .await;
    });
}

fn own_id() -> Option<u64> {
    current_task().map(|task| task.id())
}

/// The holder is the task that was given it, also before it knows; nobody after the release, nor outside of tasks.
#[test]
fn the_holder_of_a_lock_is_the_task_that_has_it() {
    let lock = Arc::new(Lock::new(()));
    let values = Arc::new(RwLock::new(()));
    let permits = Arc::new(Semaphore::new(1));
    let holders = {
        let (lock, values, permits) = (lock.clone(), values.clone(), permits.clone());
        move || [lock.holder(), values.holder(), permits.holder()]
    };
    let take = {
        let (lock, values, permits) = (lock.clone(), values.clone(), permits.clone());
        async move || {
            let value = values.clone().write_owned().await;
            (
                lock.clone().acquire_owned().await,
                value,
                permits.clone().acquire_owned().await,
            )
        }
    };
    let outside = (lock.try_acquire(), values.try_read(), permits.try_acquire());
    assert_eq!(holders(), [None; 3], "held outside of tasks");
    drop(outside);
    run(async {
        let held = take().await;
        let own = own_id();
        assert!(own.is_some());
        assert_eq!(holders(), [own; 3]);
        let next = create_task({
            let (take, holders) = (take.clone(), holders.clone());
            async move {
                let held = take().await;
                assert_eq!(holders(), [own_id(); 3]);
                held
            }
        });
        yield_now().await;
        assert_eq!(holders(), [own; 3], "it waits");
        let id = next.task_ref().id();
        drop(held);
        let held = next.await.unwrap();
        assert_eq!(
            holders(),
            [Some(id); 3],
            "the task that took it, wherever the guard is now"
        );
        drop(held);
        assert_eq!((lock.holder(), values.holder()), (None, None));
        // And on the pool.
        let (lock, values) = (lock.clone(), values.clone());
        let pooled = spawn(async move {
            let _held = (lock.acquire().await, values.read().await);
            (own_id(), lock.holder(), values.holder())
        });
        let id = Some(pooled.task_ref().id());
        assert_eq!(pooled.await.unwrap(), (id, id, id));
    });
    assert_eq!((lock.holder(), values.holder()), (None, None));
}

/// Calls each function that blocks, on something that it would have to wait for; what it says instead.
fn what_blocking_says() -> Vec<(&'static str, String)> {
    fn said<T>(what: impl FnOnce() -> T) -> String {
        let said = catch_unwind(AssertUnwindSafe(|| drop(Some(what()))));
        let panic = said.expect_err("it must not block here");
        match panic.downcast::<String>() {
            Ok(message) => *message,
            Err(_) => "no message".to_owned(),
        }
    }
    let (lock, values) = (Lock::new(()), RwLock::new(()));
    let (permits, bounded) = (Semaphore::new(0), BoundedSemaphore::new(1));
    let held = (lock.try_acquire(), values.try_write(), bounded.try_acquire());
    let queue = Queue::bounded(1);
    let (_sender, receiver) = oneshot::channel::<u32>();
    let (_items, mut items) = broadcast::channel::<u32>(1);
    let all = vec![
        ("acquire().await", said(|| drop(lock.acquire_blocking()))),
        ("read().await", said(|| drop(values.read_blocking()))),
        ("write().await", said(|| drop(values.write_blocking()))),
        ("acquire().await", said(|| drop(permits.acquire_blocking()))),
        ("acquire().await", said(|| drop(bounded.acquire_blocking()))),
        ("wait().await", said(|| Event::new().wait_blocking())),
        ("receiver.await", said(|| receiver.recv_blocking())),
        ("recv().await", said(|| items.recv_blocking())),
        ("get().await", said(|| queue.get_blocking())),
        ("put(item).await", {
            queue.put_nowait(1).expect("there is room");
            said(|| queue.put_blocking(2))
        }),
    ];
    drop(held);
    all
}

fn assert_says_what_to_call(said: Vec<(&'static str, String)>) {
    assert_eq!(said.len(), 10);
    for (instead, message) in said {
        assert!(
            message.contains(instead) && message.contains("_blocking"),
            "{message}"
        );
        assert!(message.contains("to_thread"), "{message}");
    }
}

/// QUE-01: where blocking would stop others, it is a panic that says what to call.
#[test]
fn what_blocks_is_refused_in_tasks_and_callbacks_and_on_the_pool() {
    run(async {
        assert_says_what_to_call(what_blocking_says());
        let task = create_task(async { what_blocking_says() });
        assert_says_what_to_call(task.await.unwrap());
        let task = spawn(async { what_blocking_says() });
        assert_says_what_to_call(task.await.unwrap());
        let (sender, receiver) = oneshot::channel();
        let callback = move || drop(sender.send(what_blocking_says()));
        get_running_loop().call_soon_threadsafe(callback).unwrap();
        assert_says_what_to_call(receiver.await.unwrap());
    });
}

/// QUE-01, SYN-01: in `to_thread` and on a thread of its own it waits for the tasks of the loop.
#[test]
fn what_blocks_works_in_to_thread() {
    run(async {
        let lock = Arc::new(Lock::new(1));
        let queue = Arc::new(Queue::bounded(1));
        let held = lock.clone().acquire_owned().await;
        let (in_thread, items) = (lock.clone(), queue.clone());
        let blocking = create_task(to_thread(move || {
            *in_thread.acquire_blocking() += 1;
            items.put_blocking(1).unwrap();
            items.put_blocking(2).unwrap();
            items.shutdown();
            in_thread.holder()
        }));
        yield_now().await;
        drop(held);
        assert_eq!((queue.get().await, queue.get().await), (Ok(1), Ok(2)));
        assert!(queue.get().await.is_err());
        assert_eq!(blocking.await.unwrap().unwrap(), None);
        assert_eq!(*lock.acquire().await, 2);
    });
}

/// SYN-01: nothing is bound to a loop.
#[test]
fn two_loops_on_two_threads_share_a_lock_and_a_queue() {
    const ROUNDS: u32 = 2_000;
    let lock = Arc::new(Lock::new(0));
    let queue = Arc::new(Queue::bounded(2));
    let barrier = Arc::new(Barrier::new(2));
    let threads: Vec<_> = (0..2)
        .map(|number| {
            let (lock, queue, barrier) = (lock.clone(), queue.clone(), barrier.clone());
            thread::spawn(move || {
                run(async move {
                    barrier.wait().await.unwrap();
                    let own = own_id();
                    for round in 0..ROUNDS {
                        let mut count = lock.acquire().await;
                        let before = *count;
                        if round % 16 == 0 {
                            yield_now().await;
                        }
                        assert_eq!(lock.holder(), own);
                        *count = before + 1;
                        drop(count);
                        if number == 0 {
                            queue.put(round).await.unwrap();
                        } else {
                            assert_eq!(queue.get().await, Ok(round));
                        }
                    }
                });
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(lock.try_acquire().as_deref(), Some(&(2 * ROUNDS)));
    assert!(queue.empty());
}

/// SYN-01: from a task of the pool to one of the loop, by each of them.
#[test]
fn a_value_goes_from_the_pool_to_the_loop_by_each_way() {
    run(async {
        let (once, received) = oneshot::channel();
        let (latest, mut watched) = watch::channel(0);
        let (all, mut items) = broadcast::channel(4);
        let queue = Arc::new(Queue::new());
        let condition = Arc::new(Condition::new(0));
        let values = Arc::new(RwLock::new(0));
        let (event, permits, barrier) = (
            Arc::new(Event::new()),
            Arc::new(Semaphore::new(0)),
            Arc::new(Barrier::new(2)),
        );
        let from_pool = {
            let (queue, condition, values) = (queue.clone(), condition.clone(), values.clone());
            let (event, permits, barrier) = (event.clone(), permits.clone(), barrier.clone());
            spawn(async move {
                once.send(1).unwrap();
                barrier.wait().await.unwrap();
                latest.send(2).unwrap();
                barrier.wait().await.unwrap();
                all.send(3).unwrap();
                queue.put(4).await.unwrap();
                let mut guard = condition.acquire().await;
                *guard = 5;
                guard.notify_all();
                drop(guard);
                *values.write().await = 6;
                event.set();
                barrier.wait().await.unwrap();
                *values.write().await = 7;
                permits.release();
                assert!(TaskRef::current().is_some_and(|task| task.on_pool()));
            })
        };
        assert_eq!(received.await, Ok(1));
        barrier.wait().await.unwrap();
        watched.changed().await.unwrap();
        assert_eq!(*watched.borrow_and_update(), 2);
        barrier.wait().await.unwrap();
        assert_eq!(items.recv().await, Ok(3));
        assert_eq!(queue.get().await, Ok(4));
        let mut guard = condition.acquire().await;
        guard.wait_while(|value| *value == 0).await;
        assert_eq!(*guard, 5);
        drop(guard);
        event.wait().await;
        assert_eq!(*values.read().await, 6);
        barrier.wait().await.unwrap();
        drop(permits.acquire().await);
        assert_eq!(*values.read().await, 7);
        from_pool.await.unwrap();
    });
}
