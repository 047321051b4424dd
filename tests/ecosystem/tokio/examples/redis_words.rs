//! Counts words with Redis: one task puts lines into a list, several take them out and count, all over one connection.
//! `cargo run --example redis_words -- redis://127.0.0.1/`.
//!
//! The client is made for tokio. Only the futures that are the client's are given tokio's context ([`compat`]); the tasks,
//! the group and the limit of time are ours.
//!
//! [`compat`]: asyncio_tokio::TokioCompat::compat

use std::error::Error;
use std::time::Duration;

use asyncio::{TaskGroup, task_group, timeout};
use asyncio_tokio::TokioCompat;
use redis::aio::MultiplexedConnection;
use redis::{AsyncTypedCommands, RedisError};

const LINES: [&str; 4] = [
    "the quick brown fox",
    "jumps over the lazy dog",
    "the end",
    "no the",
];
const WORKERS: usize = 3;

async fn put(mut redis: MultiplexedConnection) -> Result<(), RedisError> {
    for line in LINES {
        redis.rpush("lines", line).await?;
    }
    // An end for each worker.
    for _ in 0..WORKERS {
        redis.rpush("lines", "").await?;
    }
    Ok(())
}

async fn count(mut redis: MultiplexedConnection) -> Result<(), RedisError> {
    loop {
        // A wait inside of the server would hold up the others: they share the connection.
        let line: Option<String> = redis.lpop("lines", None).await?;
        let Some(line) = line else {
            asyncio::sleep(Duration::from_millis(1)).await;
            continue;
        };
        if line.is_empty() {
            return Ok(());
        }
        let mut pipe = redis::pipe();
        for word in line.split(' ') {
            pipe.hincr("words", word, 1).ignore();
        }
        pipe.exec_async(&mut redis).await?;
    }
}

async fn words(url: String) -> Result<(), Box<dyn Error>> {
    let client = redis::Client::open(url)?;
    let mut redis = client.get_multiplexed_async_connection().compat().await?;
    let shared = redis.clone();
    let counted = task_group(async |group: TaskGroup<RedisError>| {
        for _ in 0..WORKERS {
            group.create_task(count(shared.clone()).compat());
        }
        put(shared).compat().await
    });
    counted.await.map_err(|errors| format!("{errors:?}"))?;
    let mut counts: Vec<_> = redis.hgetall("words").compat().await?.into_iter().collect();
    counts.sort();
    for (word, count) in counts {
        println!("{word}: {count}");
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1).ok_or("usage: redis_words URL")?;
    asyncio::run(async { timeout(Duration::from_secs(30), words(url)).await? })
}
