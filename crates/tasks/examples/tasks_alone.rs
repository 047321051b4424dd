//! This crate alone, on smol: timeouts with cleanup and a group that borrows, which need no executor; and tasks and groups,
//! for which the port says where they run.

use std::time::Duration;

use asyncio_tasks::{Job, LocalJob, Spawn, TaskGroup, borrow_group, finally, on, task_group, timeout};

struct Smol;

impl Spawn for Smol {
    fn spawn(&self, job: Job) {
        smol::spawn(job).detach();
    }

    fn spawn_local(&self, _job: LocalJob) {
        unreachable!("nothing here asks for this thread");
    }
}

async fn give_up() {
    let slow = finally(std::future::pending::<()>(), async { println!("put away") });
    let late = timeout(Duration::from_millis(5), slow).await;
    println!("in time: {}", late.is_ok());
}

async fn borrow() {
    let text = String::from("borrowed");
    let done = borrow_group(async |group| {
        for letters in [3, 8] {
            let text = &text;
            group.start(async move {
                println!("{}", &text[..letters]);
                Ok::<(), String>(())
            });
        }
        Ok(())
    });
    println!("all well: {}", done.await.is_ok());
}

async fn share_work() {
    let done = task_group(async |group: TaskGroup<String>| {
        let halves = [1..=50, 51..=100].map(|half| group.spawn(async move { Ok::<u32, String>(half.sum()) }));
        let [low, high] = halves;
        Ok(low.await + high.await)
    });
    println!("{:?}", done.await);
    let failed = task_group(async |group: TaskGroup<String>| {
        group.spawn(async { Err::<(), _>("one fails".to_owned()) });
        group.spawn(std::future::pending::<Result<(), String>>());
        Ok(())
    });
    println!(
        "{}",
        failed.await.is_err_and(|errors| errors.errors() == ["one fails"])
    );
}

fn main() {
    smol::block_on(async {
        give_up().await;
        borrow().await;
        on(Smol, share_work()).await;
    });
}
