//! `BlockingPoolBuilder`: the limits and names of a pool.

use std::fmt;
use std::thread::available_parallelism;
use std::time::Duration;

use super::BlockingPool;
use super::error::BuildError;
use super::room::Room;
use super::roster::Roster;
use super::shared::{Books, Shared, Threads};

/// Sets up a [`BlockingPool`].
///
/// # Examples
///
/// ```
/// use asyncio_executor::BlockingPool;
/// use std::time::Duration;
///
/// let pool = BlockingPool::builder()
///     .max_threads(8)
///     .queue_limit(1000)
///     .thread_name_prefix("db")
///     .idle_timeout(Duration::from_secs(60))
///     .build()?;
/// # Ok::<(), asyncio_executor::BuildError>(())
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct BlockingPoolBuilder {
    max_threads: Option<usize>,
    queue_limit: Option<usize>,
    name: Option<Box<dyn Fn(usize) -> String + Send + Sync>>,
    stack_size: Option<usize>,
    idle_timeout: Duration,
}

impl BlockingPoolBuilder {
    pub(super) fn new() -> BlockingPoolBuilder {
        BlockingPoolBuilder {
            max_threads: None,
            queue_limit: None,
            name: None,
            stack_size: None,
            idle_timeout: Duration::from_secs(10),
        }
    }

    /// At most so many threads. Default: four more than the cores, at most 32, as in Python.
    #[doc(alias = "max_workers")]
    pub fn max_threads(mut self, threads: usize) -> Self {
        self.max_threads = Some(threads);
        self
    }

    /// At most so many jobs that wait for a thread. Default: no limit.
    ///
    /// A job for which a thread is free, or may be started, does not count as waiting: the pool is full when
    /// `max_threads` + `jobs` are outstanding.
    pub fn queue_limit(mut self, jobs: usize) -> Self {
        self.queue_limit = Some(jobs);
        self
    }

    /// The name of each thread, made from its number, which is the lowest that is free. Linux shows 15 bytes of it.
    ///
    /// Default: `asyncio_0`, `asyncio_1`, ...
    pub fn thread_name(mut self, name: impl Fn(usize) -> String + Send + Sync + 'static) -> Self {
        self.name = Some(Box::new(name));
        self
    }

    /// Names the threads `prefix_0`, `prefix_1`, ...
    pub fn thread_name_prefix(self, prefix: impl Into<String>) -> Self {
        let prefix = prefix.into();
        self.thread_name(move |number| format!("{prefix}_{number}"))
    }

    /// The stack of each thread.
    ///
    /// # Units
    ///
    /// Bytes. Default: `std`'s.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// How long a thread without work stays. Default: 10 seconds. [`Duration::MAX`] is for ever.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// Makes the pool. It starts no thread before the first job.
    ///
    /// # Errors
    ///
    /// When `max_threads` or `queue_limit` is zero.
    pub fn build(self) -> Result<BlockingPool, BuildError> {
        if self.max_threads == Some(0) {
            return Err(BuildError {
                option: "max_threads",
            });
        }
        if self.queue_limit == Some(0) {
            return Err(BuildError {
                option: "queue_limit",
            });
        }
        Ok(self.build_checked())
    }

    pub(super) fn build_checked(self) -> BlockingPool {
        let cores = available_parallelism().map_or(1, usize::from);
        let max_threads = self.max_threads.unwrap_or_else(|| (cores + 4).min(32));
        let limit = self.queue_limit.map(|jobs| jobs.saturating_add(max_threads));
        let books = Books {
            roster: Roster::new(max_threads, cores),
            room: Room::new(limit),
            quiet_hook: None,
        };
        let threads = Threads {
            name: self
                .name
                .unwrap_or_else(|| Box::new(|number| format!("asyncio_{number}"))),
            stack_size: self.stack_size,
            idle_timeout: self.idle_timeout,
        };
        BlockingPool::from_shared(Shared::new(books, threads))
    }
}

impl fmt::Debug for BlockingPoolBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingPoolBuilder")
            .field("max_threads", &self.max_threads)
            .field("queue_limit", &self.queue_limit)
            .field("stack_size", &self.stack_size)
            .field("idle_timeout", &self.idle_timeout)
            .finish_non_exhaustive()
    }
}
