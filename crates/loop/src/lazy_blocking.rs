//! `LazyBlocking`: where a loop's blocking work runs. Its own pool, made at the first blocking call, or what it was given
//! instead.
//!
//! The own pool's default size is that of the machine, and asking for that costs more system calls than the rest of a
//! loop's start: programs that never block do not pay for it.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::Waker;
use std::time::Duration;

use async_task::Runnable;
use asyncio_core::blocking::RunBlocking;
use asyncio_executor::{BlockingPool, ShutdownReport};

pub(crate) struct LazyBlocking {
    max_threads: Option<usize>,
    quiet_hook: Option<Waker>,
    pool: OnceLock<BlockingPool>,
    /// What takes the place of the pool; `is_given` says whether to look.
    given: Mutex<Option<Arc<dyn RunBlocking>>>,
    is_given: AtomicBool,
    is_shut: AtomicBool,
}

impl LazyBlocking {
    /// `quiet_hook` is called when the last job has ended.
    pub(crate) fn new(max_threads: Option<usize>, quiet_hook: Option<Waker>) -> LazyBlocking {
        LazyBlocking {
            max_threads,
            quiet_hook,
            pool: OnceLock::new(),
            given: Mutex::new(None),
            is_given: AtomicBool::new(false),
            is_shut: AtomicBool::new(false),
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

    /// Lets `executor` take the place of the pool.
    pub(crate) fn give(&self, executor: Arc<dyn RunBlocking>) {
        let old = self
            .given
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .replace(executor);
        self.is_given.store(true, Ordering::Release);
        drop(old);
    }

    fn given(&self) -> Option<Arc<dyn RunBlocking>> {
        if !self.is_given.load(Ordering::Acquire) {
            return None;
        }
        self.given.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// An executor of somebody else says nothing when its last job has ended: who waits for that has to look again.
    pub(crate) fn ends_silently(&self) -> bool {
        self.given().is_some()
    }

    /// Ends the pool, if there is one.
    pub(crate) fn shutdown(&self, timeout: Duration) -> Option<ShutdownReport> {
        self.is_shut.store(true, Ordering::Release);
        self.pool.get().map(|pool| pool.shutdown(timeout))
    }
}

impl RunBlocking for LazyBlocking {
    fn submit(&self, job: Runnable) -> Result<(), Runnable> {
        if self.is_shut.load(Ordering::Acquire) {
            return Err(job);
        }
        match self.given() {
            Some(given) => given.submit(job),
            None => self.pool.get_or_init(|| self.make()).submit(job),
        }
    }

    fn outstanding(&self) -> usize {
        let given = self.given().map_or(0, |given| given.outstanding());
        given + self.pool.get().map_or(0, BlockingPool::outstanding)
    }

    fn shut_down(&self, timeout: Duration) -> bool {
        self.is_shut.store(true, Ordering::Release);
        let given = self.given().is_none_or(|given| given.shut_down(timeout));
        let own = self
            .pool
            .get()
            .is_none_or(|pool| pool.shutdown(timeout).is_clean());
        given && own
    }
}

impl fmt::Debug for LazyBlocking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LazyBlocking")
            .field("pool", &self.pool.get())
            .field("given", &self.given())
            .finish_non_exhaustive()
    }
}
