//! Broadcast channels in the tasks of a loop: what one can learn of a task that waits, and what it must not do.

use std::panic::{AssertUnwindSafe, catch_unwind};

use asyncio_core::{LoopQueue, Outcome, WaitKind};
use asyncio_sync::broadcast::channel;

fn turn(queue: &LoopQueue) {
    queue.take_remote();
    queue.tick(0);
}

#[test]
fn a_task_that_waits_tells_for_which_channel() {
    let queue = LoopQueue::new().unwrap();
    let (sender, mut receiver) = channel(1);
    let mut second = sender.subscribe();
    let first = async move { Outcome::Value(receiver.recv().await) };
    let second = async move { Outcome::Value(second.recv().await) };
    let mut first = queue.spawn(first).map_err(drop).unwrap();
    let second = queue.spawn(second).map_err(drop).unwrap();
    turn(&queue);
    let wait = first.as_task_ref().wait();
    assert_eq!(wait.kind, WaitKind::Queue);
    assert_ne!(wait.address, 0);
    assert_eq!(second.as_task_ref().wait(), wait);
    sender.send(1).unwrap();
    turn(&queue);
    assert!(matches!(first.take(), Some(Outcome::Value(Ok(1)))));
    assert!(second.as_task_ref().done());
}

#[test]
fn to_block_in_a_task_panics_and_to_take_what_is_there_does_not() {
    let queue = LoopQueue::new().unwrap();
    let (sender, mut receiver) = channel(1);
    sender.send(1).unwrap();
    let blocks = async move {
        let there = receiver.recv_blocking();
        let panic = catch_unwind(AssertUnwindSafe(|| receiver.recv_blocking())).map_err(|payload| {
            let message = payload.downcast::<String>().unwrap();
            message.contains("use recv().await")
        });
        Outcome::Value((there, panic))
    };
    let mut task = queue.spawn(blocks).map_err(drop).unwrap();
    turn(&queue);
    assert!(matches!(task.take(), Some(Outcome::Value((Ok(1), Err(true))))));
}
