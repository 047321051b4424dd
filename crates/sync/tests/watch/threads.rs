//! Watch channels between threads.

use std::pin::pin;
use std::thread;

use asyncio_executor::block_on;
use asyncio_sync::watch::channel;
use futures_lite::{StreamExt, future};

#[test]
fn values_pass_between_the_threads_of_tokio() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    runtime.block_on(async {
        let (sender, receiver) = channel(0_u32);
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let receiver = receiver.clone();
                tokio::spawn(async move { pin!(receiver.into_stream()).last().await })
            })
            .collect();
        drop(receiver);
        for number in 1..=1000 {
            sender.send(number).unwrap();
            if number % 100 == 0 {
                tokio::task::yield_now().await;
            }
        }
        drop(sender);
        for task in tasks {
            assert_eq!(task.await.unwrap(), Some(1000));
        }
    });
}

#[test]
fn threads_that_wait_see_values_in_order_and_the_last() {
    const SENDERS: usize = 3;
    const SENDS: usize = 2000;
    let (sender, receiver) = channel(0_usize);
    thread::scope(|scope| {
        for _ in 0..SENDERS {
            let sender = sender.clone();
            scope.spawn(move || {
                for _ in 0..SENDS {
                    sender.send_modify(|sum| *sum += 1);
                }
            });
        }
        drop(sender);
        for receiver_number in 0..3 {
            let mut receiver = receiver.clone();
            scope.spawn(move || {
                let mut last = 0;
                let mut polls = 0_usize;
                block_on(async {
                    loop {
                        polls += 1;
                        // Some waits are given up on the way.
                        if receiver_number == 0 && polls % 3 == 0 {
                            let mut wait = pin!(receiver.changed());
                            let _ = future::poll_once(wait.as_mut()).await;
                            continue;
                        }
                        if receiver.changed().await.is_err() {
                            break;
                        }
                        let value = *receiver.borrow_and_update();
                        assert!(value >= last);
                        last = value;
                    }
                });
                assert_eq!(*receiver.borrow(), SENDERS * SENDS);
                if receiver_number > 0 {
                    assert_eq!(last, SENDERS * SENDS);
                }
            });
        }
    });
}

#[test]
fn a_thread_that_waits_for_receivers_to_go_is_woken() {
    for _ in 0..300 {
        let (sender, receiver) = channel(());
        thread::scope(|scope| {
            for _ in 0..2 {
                let receiver = receiver.clone();
                scope.spawn(move || drop(receiver));
            }
            drop(receiver);
            block_on(sender.closed());
            assert!(sender.is_closed());
        });
    }
}
