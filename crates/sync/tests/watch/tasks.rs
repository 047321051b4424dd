//! Watch channels in the tasks of a loop: what one can learn of a task that waits.

use asyncio_core::{LoopQueue, Outcome, WaitKind};
use asyncio_sync::watch::channel;

fn turn(queue: &LoopQueue) {
    queue.take_remote();
    queue.tick(0);
}

#[test]
fn a_task_that_waits_tells_for_which_channel() {
    let queue = LoopQueue::new().unwrap();
    let (sender, mut receiver) = channel(0);
    let mut other = receiver.clone();
    let changed = async move { Outcome::Value(receiver.changed().await) };
    let found = async move { Outcome::Value(other.wait_for(|n| *n == 2).await.is_ok()) };
    let watcher = sender.clone();
    let closed = async move {
        watcher.closed().await;
        Outcome::Value(())
    };
    let changed = queue.spawn(changed).map_err(drop).unwrap();
    let found = queue.spawn(found).map_err(drop).unwrap();
    let closed = queue.spawn(closed).map_err(drop).unwrap();
    turn(&queue);
    let wait = changed.as_task_ref().wait();
    assert_eq!(wait.kind, WaitKind::Signal);
    assert_ne!(wait.address, 0);
    assert_eq!(found.as_task_ref().wait(), wait);
    assert_eq!(closed.as_task_ref().wait(), wait);

    sender.send(1).unwrap();
    turn(&queue);
    assert!(changed.as_task_ref().done());
    assert_eq!(found.as_task_ref().wait(), wait);
    sender.send(2).unwrap();
    turn(&queue);
    turn(&queue);
    assert!(found.as_task_ref().done() && closed.as_task_ref().done());
}
