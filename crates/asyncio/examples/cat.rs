//! Copies its input to its output: `cargo run --example cat`. With a number, it waits at most so many seconds.

use std::io;
use std::time::Duration;

use asyncio::io::{copy, stdin, stdout};

async fn cat(limit: Option<Duration>) -> io::Result<u64> {
    let copying = copy(stdin(), stdout());
    match limit {
        None => copying.await,
        Some(limit) => asyncio::timeout(limit, copying)
            .await
            .unwrap_or_else(|late| Err(io::Error::new(io::ErrorKind::TimedOut, late))),
    }
}

fn main() -> io::Result<()> {
    let limit = match std::env::args().nth(1) {
        None => None,
        Some(seconds) => Some(Duration::from_secs_f64(
            seconds.parse().map_err(io::Error::other)?,
        )),
    };
    asyncio::run(cat(limit)).map(drop)
}
