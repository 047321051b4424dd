//! `LazyBlocking`: the loop's blocking pool, made at the first blocking call.
//!
//! Its default size is that of the machine, and asking for that costs more system calls than the rest of a loop's
//! start: programs that never block do not pay for it.

use std::fmt;
use std::sync::OnceLock;
use std::task::Waker;
use std::time::Duration;

use async_task::Runnable;
use asyncio_core::blocking::RunBlocking;
use asyncio_executor::{BlockingPool, ShutdownReport};

pub(crate) struct LazyBlocking {
    max_threads: Option<usize>,
    quiet_hook: Option<Waker>,
    pool: OnceLock<BlockingPool>,
}

impl LazyBlocking {
    /// `quiet_hook` is called when the last job has ended.
    pub(crate) fn new(max_threads: Option<usize>, quiet_hook: Option<Waker>) -> LazyBlocking {
        LazyBlocking {
            max_threads,
            quiet_hook,
            pool: OnceLock::new(),
        }
    }

    fn make(&self) -> BlockingPool {
        let mut builder = BlockingPool::builder().thread_name_prefix("asyncio-blocking");
        if let Some(threads) = self.max_threads {
            builder = builder.max_threads(threads);
        }
        let pool = builder.build().expect("the runner checks the number of threads");
        pool.set_quiet_hook(self.quiet_hook.clone());
        pool
    }

    /// Ends the pool, if there is one.
    pub(crate) fn shutdown(&self, timeout: Duration) -> Option<ShutdownReport> {
        self.pool.get().map(|pool| pool.shutdown(timeout))
    }
}

impl RunBlocking for LazyBlocking {
    fn submit(&self, job: Runnable) -> Result<(), Runnable> {
        self.pool.get_or_init(|| self.make()).submit(job)
    }

    fn outstanding(&self) -> usize {
        self.pool.get().map_or(0, BlockingPool::outstanding)
    }
}

impl fmt::Debug for LazyBlocking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LazyBlocking")
            .field("pool", &self.pool.get())
            .finish_non_exhaustive()
    }
}
