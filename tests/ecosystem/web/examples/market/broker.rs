//! `Broker`: a stream of Redis, with what this program asks of it.
//!
//! The client is the crate `redis`, which takes any connection: ours, so that it runs on our loop and on no other. Its own timeouts,
//! which would start a runtime's thread, are off; ours are around each call.
//!
//! The number of a tick is the number of its entry. So Redis itself refuses a tick that it has, and knows which one comes
//! next: who adds ticks keeps no state of its own.
//!
//! Invariant: an entry leaves the stream when it was acknowledged, and not before.

use std::time::Duration;

use asyncio::net::TcpStream;
use asyncio::{Task, create_task, timeout};
use redis::aio::MultiplexedConnection;
use redis::streams::{
    StreamAutoClaimOptions, StreamAutoClaimReply, StreamId, StreamReadOptions, StreamReadReply,
};
use redis::{AsyncCommands, AsyncConnectionConfig, RedisConnectionInfo, RedisResult};
use tokio_util::compat::FuturesAsyncReadCompatExt;

use crate::Failure;
use crate::tick::Tick;

/// How long Redis may take for anything.
const LIMIT: Duration = Duration::from_secs(5);
/// How long it waits for entries before it says that there are none.
const BLOCK: Duration = Duration::from_millis(500);
/// How many entries are read at once.
const BATCH: usize = 64;
/// The group of those who share the work.
const GROUP: &str = "workers";

/// A connection, and the stream that it is for.
#[derive(Debug)]
pub struct Broker {
    connection: MultiplexedConnection,
    /// Reads and writes for all calls.
    driver: Task<()>,
    key: String,
}

impl Broker {
    /// Connects to `HOST:PORT`.
    pub async fn connect(address: &str, key: &str) -> Result<Broker, Failure> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None);
        let connecting = async {
            let stream = TcpStream::connect(address).await?.compat();
            let info = RedisConnectionInfo::default();
            let (connection, driver) = MultiplexedConnection::new_with_config(&info, stream, config).await?;
            Ok::<_, Failure>((connection, create_task(driver)))
        };
        let (connection, driver) = timeout(LIMIT, connecting).await??;
        Ok(Broker {
            connection,
            driver,
            key: key.to_owned(),
        })
    }

    /// The number of the newest tick that was ever added; 0 if there was none.
    pub async fn newest(&mut self) -> Result<u64, Failure> {
        let exists: bool = within(LIMIT, self.connection.exists(&self.key)).await?;
        if !exists {
            return Ok(0);
        }
        let mut ask = redis::cmd("XINFO");
        ask.arg("STREAM").arg(&self.key);
        let info: std::collections::HashMap<String, redis::Value> =
            within(LIMIT, ask.query_async(&mut self.connection)).await?;
        let last = info.get("last-generated-id").ok_or("no last-generated-id")?;
        number(&redis::from_redis_value_ref::<String>(last)?)
    }

    /// Adds ticks, in the order of their numbers. When this has returned, Redis has them all.
    pub async fn add(&mut self, ticks: &[Tick]) -> Result<(), Failure> {
        let mut pipeline = redis::pipe();
        for tick in ticks {
            let text = serde_json::to_string(tick)?;
            let id = format!("{}-0", tick.seq);
            pipeline.xadd(&self.key, id, &[("tick", text)]).ignore();
        }
        within(LIMIT, pipeline.query_async(&mut self.connection)).await
    }

    /// How many entries nobody has acknowledged.
    pub async fn backlog(&mut self) -> Result<usize, Failure> {
        within(LIMIT, self.connection.xlen(&self.key)).await
    }

    /// Makes the group, unless it is there. It begins with the oldest entry.
    pub async fn make_group(&mut self) -> Result<(), Failure> {
        let made: RedisResult<()> = timeout(
            LIMIT,
            self.connection.xgroup_create_mkstream(&self.key, GROUP, "0"),
        )
        .await?;
        match made {
            Err(error) if error.code() == Some("BUSYGROUP") => Ok(()),
            made => Ok(made?),
        }
    }

    /// Entries that nobody in the group was given yet; waits for them, but not for ever.
    ///
    /// Cancelled, it may leave entries that this consumer was given and never saw. They are pending, and whoever claims them gets them.
    pub async fn read_new(&mut self, consumer: &str) -> Result<Vec<Tick>, Failure> {
        self.read(consumer, ">").await
    }

    /// Entries that this consumer was given and did not acknowledge, those with greater numbers: after a crash, what it had in hand.
    pub async fn read_own(&mut self, consumer: &str, after: u64) -> Result<Vec<Tick>, Failure> {
        self.read(consumer, &format!("{after}-0")).await
    }

    async fn read(&mut self, consumer: &str, from: &str) -> Result<Vec<Tick>, Failure> {
        let options = StreamReadOptions::default()
            .group(GROUP, consumer)
            .block(BLOCK.as_millis() as usize)
            .count(BATCH);
        let (keys, ids) = ([&self.key], [from]);
        let reading = self.connection.xread_options(&keys, &ids, &options);
        let reply: Option<StreamReadReply> = within(BLOCK + LIMIT, reading).await?;
        let entries = reply.into_iter().flat_map(|reply| reply.keys);
        entries
            .flat_map(|key| key.ids)
            .map(|entry| tick(&entry))
            .collect()
    }

    /// Takes over entries that another consumer was given at least so long ago: it has crashed, or it is slower than that.
    pub async fn claim(&mut self, consumer: &str, idle: Duration) -> Result<Vec<Tick>, Failure> {
        let options = StreamAutoClaimOptions::default().count(BATCH);
        let idle = idle.as_millis() as usize;
        let claiming = self
            .connection
            .xautoclaim_options(&self.key, GROUP, consumer, idle, "0-0", options);
        let reply: StreamAutoClaimReply = within(LIMIT, claiming).await?;
        reply.claimed.iter().map(tick).collect()
    }

    /// These are done: they leave the stream.
    pub async fn acknowledge(&mut self, numbers: &[u64]) -> Result<(), Failure> {
        let ids: Vec<String> = numbers.iter().map(|number| format!("{number}-0")).collect();
        let mut pipeline = redis::pipe();
        pipeline.atomic().xack(&self.key, GROUP, &ids).ignore();
        pipeline.xdel(&self.key, &ids).ignore();
        within(LIMIT, pipeline.query_async(&mut self.connection)).await
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.driver.cancel();
    }
}

/// A call that has its time.
async fn within<T>(limit: Duration, call: impl Future<Output = RedisResult<T>>) -> Result<T, Failure> {
    Ok(timeout(limit, call).await??)
}

/// The tick of an entry.
fn tick(entry: &StreamId) -> Result<Tick, Failure> {
    let text: String = entry
        .get("tick")
        .ok_or_else(|| format!("entry {} has no tick", entry.id))?;
    Ok(serde_json::from_str(&text)?)
}

/// The number of an entry: what stands before the hyphen.
fn number(id: &str) -> Result<u64, Failure> {
    Ok(id.split('-').next().unwrap_or_default().parse()?)
}
