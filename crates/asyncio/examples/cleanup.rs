//! A hundred tasks that clean up on Ctrl-C, with awaits. With `--stubborn` there is one more whose cleanup never ends,
//! and a grace of a second, after which it is dropped and named.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use asyncio::{RunError, Runner, TaskGroup, finally, sleep, task_group};

async fn worker(cleaned: Arc<AtomicU32>) -> Result<(), std::io::Error> {
    finally!({ pending::<()>().await }, {
        sleep(Duration::from_millis(10)).await;
        cleaned.fetch_add(1, Ordering::Relaxed);
    });
    Ok(())
}

async fn stubborn() -> Result<(), std::io::Error> {
    finally!({ pending::<()>().await }, { pending::<()>().await });
    Ok(())
}

fn main() {
    let with_stubborn = std::env::args().any(|argument| argument == "--stubborn");
    let mut runner = Runner::new();
    if with_stubborn {
        runner = runner.grace(Duration::from_secs(1));
    }
    let cleaned = Arc::new(AtomicU32::new(0));
    let result = runner.run(task_group(async |group: TaskGroup<std::io::Error>| {
        for _ in 0..100 {
            group.create_task(worker(cleaned.clone()));
        }
        if with_stubborn {
            let task = group.create_task(stubborn());
            if let Some(task) = task.task_ref() {
                task.set_name("stubborn");
            }
        }
        asyncio::yield_now().await;
        println!("ready");
        pending::<()>().await;
        Ok(())
    }));
    drop(runner);
    println!("{} cleaned up", cleaned.load(Ordering::Relaxed));
    if matches!(result, Err(RunError::KeyboardInterrupt)) {
        asyncio::exit_by_sigint();
    }
}
