//! Broadcast channels between threads.

use std::pin::pin;
use std::sync::Arc;
use std::thread;

use asyncio_executor::block_on;
use asyncio_sync::broadcast::{Receiver, RecvError, channel};
use futures_lite::{StreamExt, future};

/// Receives to the end: how many items came, and how many were lost. The items of each sender are in order.
async fn receive(mut receiver: Receiver<Arc<(usize, usize)>>, impatient: bool) -> (usize, usize) {
    let mut next = [0_usize; 8];
    let (mut came, mut lost) = (0, 0);
    loop {
        // Some waits are given up on the way.
        if impatient {
            let waited = future::poll_once(receiver.recv()).await;
            if let Some(Ok(item)) = waited {
                assert!(item.1 >= next[item.0]);
                next[item.0] = item.1 + 1;
                came += 1;
                continue;
            } else if let Some(Err(RecvError::Lagged(missed))) = waited {
                lost += missed as usize;
            }
        }
        match receiver.recv().await {
            Ok(item) => {
                assert!(item.1 >= next[item.0]);
                next[item.0] = item.1 + 1;
                came += 1;
            }
            Err(RecvError::Lagged(missed)) => lost += missed as usize,
            Err(RecvError::Closed) => return (came, lost),
        }
    }
}

#[test]
fn what_came_and_what_was_lost_is_what_was_sent() {
    const SENDERS: usize = 3;
    const SENDS: usize = 3000;
    const ALL: usize = SENDERS * SENDS + 1;
    for capacity in [1, 16, ALL] {
        let (sender, receiver) = channel(capacity);
        let receivers = [receiver, sender.subscribe(), sender.subscribe()];
        let witness = Arc::new((SENDERS, 0));
        thread::scope(|scope| {
            for (number, receiver) in receivers.into_iter().enumerate() {
                scope.spawn(move || {
                    let (came, lost) = block_on(receive(receiver, number == 0));
                    assert_eq!(came + lost, ALL);
                    assert!(lost == 0 || capacity < ALL);
                });
            }
            // Receivers come and go meanwhile.
            let visited = sender.clone();
            scope.spawn(move || {
                for _ in 0..200 {
                    let mut visitor = visited.subscribe();
                    let _ = visitor.try_recv();
                    drop(visitor.resubscribe());
                }
            });
            sender.send(witness.clone()).unwrap();
            for number in 0..SENDERS {
                let sender = sender.clone();
                scope.spawn(move || {
                    for item in 0..SENDS {
                        sender.send(Arc::new((number, item))).unwrap();
                    }
                });
            }
            drop(sender);
        });
        assert_eq!(Arc::strong_count(&witness), 1);
    }
}

#[test]
fn threads_that_block_get_all_items() {
    let (sender, mut receiver) = channel(100);
    let (answer, mut answers) = channel(100);
    thread::scope(|scope| {
        scope.spawn(move || {
            while let Ok(item) = receiver.recv_blocking() {
                answer.send(item).unwrap();
            }
        });
        for item in 0..1000 {
            sender.send(item).unwrap();
            assert_eq!(answers.recv_blocking(), Ok(item));
        }
        drop(sender);
        assert_eq!(answers.recv_blocking(), Err(RecvError::Closed));
    });
}

#[test]
fn items_pass_between_the_threads_of_tokio() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    runtime.block_on(async {
        let (sender, receiver) = channel(1000);
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let receiver = receiver.resubscribe();
                tokio::spawn(async move {
                    pin!(receiver.into_stream())
                        .try_fold(0, |sum, n| Ok(sum + n))
                        .await
                })
            })
            .collect();
        drop(receiver);
        for number in 1..=1000_u64 {
            sender.send(number).unwrap();
            if number % 100 == 0 {
                tokio::task::yield_now().await;
            }
        }
        drop(sender);
        for task in tasks {
            assert_eq!(task.await.unwrap(), Ok(500_500));
        }
    });
}
