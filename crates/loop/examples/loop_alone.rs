//! This crate alone, inside of smol: one thread, two loops. smol waits for the descriptor of ours and for its next deadline,
//! and lets it take a turn when there is something to do.

use std::time::{Duration, Instant};

use asyncio_loop::{EventLoop, RunError, WaitFor};
use asyncio_timers::sleep;
use smol::future::or;
use smol::{Async, LocalExecutor, Timer};

async fn drive(event_loop: &mut EventLoop, done: impl Fn() -> bool) -> Result<(), RunError> {
    let fd = Async::new(event_loop.try_clone_fd()?)?;
    while !done() {
        // From here on, what makes something ready makes the descriptor readable.
        match event_loop.prepare_wait() {
            WaitFor::Nothing => smol::future::yield_now().await,
            WaitFor::Event => fd.readable().await?,
            WaitFor::Until(due) => {
                let left = due.saturating_duration_since(Instant::now());
                or(fd.readable(), async {
                    Timer::after(left).await;
                    Ok(())
                })
                .await?;
            }
        }
        let _ = event_loop.run_once(Some(Duration::ZERO))?;
    }
    Ok(())
}

fn main() -> Result<(), RunError> {
    let mut event_loop = EventLoop::new()?;
    let ours = event_loop.create_task(async {
        for count in 1..=3 {
            sleep(Duration::from_millis(2)).await;
            println!("ours counts {count}");
        }
    });
    let theirs = LocalExecutor::new();
    let timer = theirs.spawn(async {
        Timer::after(Duration::from_millis(1)).await;
        println!("smol's timer rings");
    });
    smol::block_on(theirs.run(async {
        drive(&mut event_loop, || ours.is_finished()).await?;
        timer.await;
        event_loop.shutdown(None);
        Ok(())
    }))
}
