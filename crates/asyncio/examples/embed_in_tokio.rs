//! A loop of ours inside of tokio's: one thread, two loops, and neither polls the other.
//!
//! tokio is the host. It waits for the descriptor of our loop and for its next deadline together with everything else
//! that it has, and lets our loop take a turn when there is something to do. On either side futures use the timers and
//! sockets of their own loop; what belongs to neither, such as a queue of ours, they share.

use std::io::{Error, Result};
use std::sync::Arc;
use std::time::Duration;

use asyncio::{EventLoop, Queue, WaitFor};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Runs our loop as a part of tokio's until `done` says so.
async fn drive(event_loop: &mut EventLoop, done: impl Fn() -> bool) -> Result<()> {
    let fd = event_loop.try_clone_fd()?;
    #[expect(unsafe_code, reason = "tokio cannot check that a descriptor stays the same")]
    // SAFETY: an owned descriptor is the same open one for as long as it lives.
    let events = unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) }?;
    while !done() {
        // From here on, what makes something ready makes the descriptor readable.
        match event_loop.prepare_wait() {
            WaitFor::Nothing => tokio::task::yield_now().await,
            WaitFor::Event => events.readable().await?.clear_ready(),
            WaitFor::Until(due) => tokio::select! {
                ready = events.readable() => ready?.clear_ready(),
                () = tokio::time::sleep_until(due.into()) => {}
            },
        }
        let _ = event_loop.run_once(Some(Duration::ZERO)).map_err(Error::from)?;
    }
    Ok(())
}

async fn both() -> Result<()> {
    let mut event_loop = EventLoop::new()?;
    let questions = Arc::new(Queue::new());
    let answers = Arc::new(Queue::new());

    let (asked, to) = (questions.clone(), answers.clone());
    let ours = event_loop.create_task(async move {
        let mut count = 0;
        while let Ok(question) = asked.get().await {
            asyncio::sleep(Duration::from_millis(2)).await;
            count += 1;
            if to.put(format!("{question}? {}", count * 6)).await.is_err() {
                break;
            }
        }
        count
    });
    let host = tokio::spawn(async move {
        for question in ["one times six", "two times six"] {
            tokio::time::sleep(Duration::from_millis(2)).await;
            if questions.put(question).await.is_err() {
                break;
            }
            if let Ok(answer) = answers.get().await {
                println!("{answer}");
            }
        }
        questions.shutdown();
    });
    drive(&mut event_loop, || ours.is_finished()).await?;
    host.await.map_err(Error::other)?;
    println!("{} answers", ours.await.map_err(Error::other)?);
    Ok(())
}

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(both())
}
