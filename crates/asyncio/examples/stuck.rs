//! Two loops, of which one is stuck in a step on purpose, and a pool: something to look into.
//!
//! Run it and look into it from another terminal:
//!
//! ```text
//! ASYNCIO_INTROSPECT=1 cargo run -p asyncio-rs --example stuck
//! asyncio ps PID
//! ```

use std::io;
use std::thread;
use std::time::Duration;

use asyncio::{JoinError, run, sleep, task};

/// Blocks its thread, and with it the loop, for ever: what no task should do.
async fn blocks() {
    println!("blocks");
    loop {
        thread::park();
    }
}

/// A task of a loop that waits for one of its pool.
async fn asks() -> Result<(), JoinError> {
    let pooled = task().name("on the pool").spawn(sleep(Duration::from_secs(3600)));
    task().name("asks the pool").create(pooled).await?
}

fn main() -> io::Result<()> {
    println!("{}", std::process::id());
    thread::Builder::new()
        .name("second".to_owned())
        .spawn(|| run(asks()))?;
    run(async {
        let _ = task().name("the one that blocks").create(blocks()).await;
    });
    Ok(())
}
