//! `BlockingPool`: threads for work that blocks.
//!
//! A job is an `async_task::Runnable` whose future calls the closure once: one allocation, and the result, a panic and
//! the awaiter's waker travel through async-task's own cell. `roster` decides which thread does what, `room` who gets a
//! place in a bounded queue, `worker` is a thread's life, `shared` what they have in common.
//!
//! What was rejected: the pool of the `blocking` crate (global, without a bound or an end), and a wake per job.

mod builder;
mod error;
mod room;
mod roster;
mod shared;
mod shutdown;
mod spawn_wait;
mod task;
mod worker;

use std::fmt;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use async_task::{Builder, FallibleTask, Runnable};
use asyncio_core::blocking::RunBlocking;

pub use builder::BlockingPoolBuilder;
pub use error::{BlockingError, BuildError, SpawnError, SpawnErrorKind};
pub use shutdown::ShutdownReport;
pub use spawn_wait::SpawnWait;
pub use task::{BlockingTask, Outcome};

use shared::{Shared, wake_all};
use task::CallOnce;

/// A bounded pool of threads that run blocking functions.
///
/// Threads are started when they are needed and leave after an idle time. A single job finds its thread at once; when
/// jobs pile up behind jobs that block, further threads are called within 200 µs, then twice as many, and so on up to
/// the bound.
///
/// Dropping the pool closes it without waiting: jobs that wait still run on the threads that are there, and the threads
/// end after them. [`shutdown`](BlockingPool::shutdown) waits for a bounded time.
///
/// # Python
///
/// `concurrent.futures.ThreadPoolExecutor`, with a bound for the queue and a shutdown that cannot hang.
///
/// # Examples
///
/// ```
/// use asyncio_executor::{BlockingPool, block_on};
///
/// let pool = BlockingPool::new();
/// let text = block_on(pool.spawn(|| std::fs::read_to_string("Cargo.toml"))?)?;
/// assert!(text.contains("asyncio"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "ThreadPoolExecutor")]
pub struct BlockingPool {
    shared: Arc<Shared>,
}

/// A look at a pool, in plain numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlockingMetrics {
    /// Threads that are there, or are being started.
    pub threads: usize,
    /// Threads that have nothing to do.
    pub idle: usize,
    /// Jobs that wait for a thread.
    pub queued: usize,
    /// Jobs that run.
    pub running: usize,
}

impl BlockingPool {
    /// A pool with the defaults of its [builder](BlockingPool::builder). It starts no thread before the first job.
    pub fn new() -> BlockingPool {
        BlockingPool::builder().build_checked()
    }

    /// Sets limits, names and times.
    pub fn builder() -> BlockingPoolBuilder {
        BlockingPoolBuilder::new()
    }

    fn from_shared(shared: Shared) -> BlockingPool {
        BlockingPool {
            shared: Arc::new(shared),
        }
    }

    /// Runs `f` on a thread of the pool.
    ///
    /// Never blocks and never waits for room; [`spawn_wait`](BlockingPool::spawn_wait) does the latter.
    ///
    /// # Errors
    ///
    /// Gives `f` back when the bounded queue is full, the pool was shut down, or no thread could be started.
    ///
    /// # Python
    ///
    /// `ThreadPoolExecutor.submit`, `loop.run_in_executor`.
    ///
    /// # Examples
    ///
    /// ```
    /// use asyncio_executor::{BlockingPool, SpawnErrorKind, block_on};
    /// use std::time::Duration;
    ///
    /// let pool = BlockingPool::new();
    /// assert_eq!(block_on(pool.spawn(|| 6 * 7).unwrap()), 42);
    ///
    /// assert!(pool.shutdown(Duration::from_secs(5)).is_clean());
    /// let refused = pool.spawn(|| 6 * 7).unwrap_err();
    /// assert!(matches!(refused.kind, SpawnErrorKind::ShutDown));
    /// assert_eq!((refused.job)(), 42);
    /// ```
    #[doc(alias("submit", "run_in_executor"))]
    pub fn spawn<T, F>(&self, f: F) -> Result<BlockingTask<T>, SpawnError<F>>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let books = match self.shared.admit(false) {
            Ok(books) => books,
            Err(kind) => return Err(SpawnError { job: f, kind }),
        };
        // The job is made under the lock: only now is it sure that `f` need not be given back.
        let (job, task) = make_job(f);
        let number = self.shared.push(books, job);
        Ok(BlockingTask::new(task, number, self.shared.clone()))
    }

    /// Waits for room in the bounded queue, then runs `f` on a thread of the pool.
    ///
    /// With an unbounded queue it is ready at once.
    ///
    /// # Errors
    ///
    /// Gives `f` back when the pool is shut down, also while this waits, or when no thread could be started.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future while it waits drops `f`, which has not run, and passes the place on.
    ///
    /// # Fairness
    ///
    /// First come, first served; [`spawn`](BlockingPool::spawn) gets no place while somebody waits for one.
    ///
    /// # Examples
    ///
    /// ```
    /// use asyncio_executor::{BlockingPool, block_on};
    ///
    /// let pool = BlockingPool::builder().max_threads(1).queue_limit(1).build()?;
    /// block_on(async {
    ///     let mut tasks = Vec::new();
    ///     for i in 0..100 {
    ///         tasks.push(pool.spawn_wait(move || i * i).await.unwrap());
    ///     }
    ///     assert_eq!(tasks.pop().unwrap().await, 99 * 99);
    /// });
    /// # Ok::<(), asyncio_executor::BuildError>(())
    /// ```
    pub fn spawn_wait<T, F>(&self, f: F) -> SpawnWait<'_, F>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        SpawnWait::new(&self.shared, f)
    }

    /// Drops all jobs that no thread has taken yet, and says how many they were.
    ///
    /// # Python
    ///
    /// `ThreadPoolExecutor.shutdown(cancel_futures=True)`, without the shutdown.
    #[doc(alias = "cancel_futures")]
    pub fn cancel_queued(&self) -> usize {
        if self.shared.is_forked() {
            return 0;
        }
        let mut books = self.shared.lock();
        let jobs = books.roster.cancel_all();
        let wakers = books.job_gone();
        drop(books);
        wake_all(wakers);
        jobs.len()
    }

    /// Takes no more jobs, lets the threads run what waits, and blocks this thread until all have ended, for at most
    /// `timeout`.
    ///
    /// When the time is over, jobs that no thread has taken are dropped (their outcome is
    /// [`BlockingError::Cancelled`]) and threads that are still in a job are left to themselves: they are named in the
    /// report, end after their job, and never hold up this call or the drop of the pool. `Duration::ZERO` drops what
    /// waits at once. It may be called again, to wait for longer.
    ///
    /// Called by a job of this pool, it finds that job's own thread stuck.
    ///
    /// # Python
    ///
    /// `ThreadPoolExecutor.shutdown(wait=True)`, `loop.shutdown_default_executor(timeout)`.
    ///
    /// # Examples
    ///
    /// ```
    /// use asyncio_executor::BlockingPool;
    /// use std::{sync::mpsc, time::Duration};
    ///
    /// let pool = BlockingPool::builder().thread_name_prefix("stdin").build()?;
    /// let (release, wait) = mpsc::channel::<()>();
    /// pool.spawn(move || wait.recv())?.detach();
    ///
    /// let report = pool.shutdown(Duration::from_millis(10));
    /// assert_eq!(report.stuck, ["stdin_0"]);
    /// drop(release);
    /// assert!(pool.shutdown(Duration::from_secs(10)).is_clean());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "shutdown_default_executor")]
    pub fn shutdown(&self, timeout: Duration) -> ShutdownReport {
        self.shared.close();
        self.shared.wait_until_left(timeout)
    }

    /// Whether the pool takes no more jobs.
    pub fn is_shut_down(&self) -> bool {
        self.shared.is_forked() || self.shared.lock().roster.is_closed()
    }

    /// How many threads and jobs there are now.
    ///
    /// A job whose result has just been handed over may still count as running for a moment.
    pub fn metrics(&self) -> BlockingMetrics {
        if self.shared.is_forked() {
            return BlockingMetrics::default();
        }
        let books = self.shared.lock();
        BlockingMetrics {
            threads: books.roster.threads(),
            idle: books.roster.idle(),
            queued: books.roster.queued(),
            running: books.roster.running(),
        }
    }

    /// Wakes `hook` each time the last outstanding job has ended, until another hook or `None` is set.
    ///
    /// A job hands over its result before it stops counting as [outstanding](RunBlocking::outstanding). A loop that
    /// waits for "nothing is out" (a mock clock) would sleep through that moment without this hook.
    pub fn set_quiet_hook(&self, hook: Option<Waker>) {
        if !self.shared.is_forked() {
            let old = std::mem::replace(&mut self.shared.lock().quiet_hook, hook);
            drop(old);
        }
    }
}

/// A job and the handle of its result.
fn make_job<T, F>(f: F) -> (Runnable, FallibleTask<T>)
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    // The future is ready at its first poll and its waker is known to nobody, so it is never scheduled again.
    let (job, task) = Builder::new()
        .propagate_panic(true)
        .spawn(move |()| CallOnce(Some(f)), |job: Runnable| drop(job));
    (job, task.fallible())
}

impl RunBlocking for BlockingPool {
    fn submit(&self, job: Runnable) -> Result<(), Runnable> {
        match self.shared.admit(false) {
            Ok(books) => {
                self.shared.push(books, job);
                Ok(())
            }
            Err(_) => Err(job),
        }
    }

    fn outstanding(&self) -> usize {
        if self.shared.is_forked() {
            return 0;
        }
        self.shared.lock().roster.outstanding()
    }

    fn shut_down(&self, timeout: Duration) -> bool {
        self.shutdown(timeout).is_clean()
    }
}

impl Default for BlockingPool {
    fn default() -> BlockingPool {
        BlockingPool::new()
    }
}

impl Drop for BlockingPool {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl fmt::Debug for BlockingPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingPool")
            .field("metrics", &self.metrics())
            .finish_non_exhaustive()
    }
}
