//! `PerCore`: one loop per core, as one call.
//!
//! The calling thread runs a loop of its own, which only waits: for the first failure, for the end of all, or for
//! Ctrl-C. Each core has a thread with a runner. The call returns when all threads have ended, so nothing outlives
//! it, and what the cores run may borrow from the caller.

mod affinity;
mod crew;
mod error;

pub use error::PerCoreError;

use std::fmt;
use std::future::Future;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

use asyncio_core::current_loop;
use asyncio_tasks::current_task;

use crate::{RunError, Runner};
use affinity::Cpus;
use crew::{Crew, Ended};

type Configure = dyn Fn(usize, Runner) -> Runner + Send + Sync;

/// Runs one loop per core, each on a thread of its own.
///
/// # Examples
///
/// ```
/// use asyncio_loop::{PerCore, PerCoreError};
///
/// let squares = PerCore::new()
///     .threads(3)
///     .run(|core| async move { Ok::<_, std::io::Error>(core * core) })?;
/// assert_eq!(squares, [0, 1, 4]);
/// # Ok::<(), PerCoreError<std::io::Error>>(())
/// ```
pub struct PerCore {
    threads: Option<NonZeroUsize>,
    pin: bool,
    name: String,
    configure: Option<Box<Configure>>,
    handle_sigint: bool,
}

/// Runs `main(core)` on a loop for each core, and gives the values in the order of the cores: [`PerCore`] with its
/// defaults.
///
/// # Errors
///
/// See [`PerCore::run`].
///
/// # Panics
///
/// See [`PerCore::run`].
///
/// # Examples
///
/// ```
/// let cores = asyncio_loop::run_per_core(|core| async move { Ok::<_, std::io::Error>(core) })?;
/// assert_eq!(cores[0], 0);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn run_per_core<F, Fut, T, E>(main: F) -> Result<Vec<T>, PerCoreError<E>>
where
    F: Fn(usize) -> Fut + Sync,
    Fut: Future<Output = Result<T, E>>,
    T: Send,
    E: Send,
{
    PerCore::new().run(main)
}

impl PerCore {
    /// As many loops as the process may use cores, not pinned.
    pub fn new() -> PerCore {
        PerCore {
            threads: None,
            pin: false,
            name: "asyncio-core".to_owned(),
            configure: None,
            handle_sigint: true,
        }
    }

    /// Sets how many loops there are.
    ///
    /// # Panics
    ///
    /// When `threads` is zero.
    pub fn threads(mut self, threads: usize) -> PerCore {
        let threads = NonZeroUsize::new(threads);
        assert!(threads.is_some(), "threads must be at least 1");
        self.threads = threads;
        self
    }

    /// Decides whether each thread stays on one core, of those that the process may use. The default is no. Linux
    /// and Android only; elsewhere [`run`](PerCore::run) refuses.
    pub fn pin(mut self, pin: bool) -> PerCore {
        self.pin = pin;
        self
    }

    /// Sets what the threads are named by: `name-0`, `name-1` and so on. The default is "asyncio-core".
    pub fn name(mut self, name: impl Into<String>) -> PerCore {
        self.name = name.into();
        self
    }

    /// Sets how the runner of each core is made from the usual one, whose pool has one thread.
    pub fn runner(mut self, configure: impl Fn(usize, Runner) -> Runner + Send + Sync + 'static) -> PerCore {
        self.configure = Some(Box::new(configure));
        self
    }

    /// Decides whether Ctrl-C cancels the main futures. The default is yes, where `run` is called on the main thread
    /// and nothing else handles SIGINT.
    pub fn handle_sigint(mut self, handle: bool) -> PerCore {
        self.handle_sigint = handle;
        self
    }

    /// Runs `main(core)` on a loop for each core, and gives the values in the order of the cores.
    ///
    /// The first error, panic or Ctrl-C cancels the main futures of all others, which may clean up; then their loops
    /// are ended. This returns when all threads have.
    ///
    /// # Errors
    ///
    /// The first failure, see [`PerCoreError`].
    ///
    /// # Panics
    ///
    /// When a main future panics: the first panic goes on here, after all threads have ended.
    pub fn run<F, Fut, T, E>(&self, main: F) -> Result<Vec<T>, PerCoreError<E>>
    where
        F: Fn(usize) -> Fut + Sync,
        Fut: Future<Output = Result<T, E>>,
        T: Send,
        E: Send,
    {
        if current_loop().is_some() {
            return Err(PerCoreError::Loop {
                core: None,
                error: RunError::Nested,
            });
        }
        let cores = self.threads.map(NonZeroUsize::get).unwrap_or_else(available);
        let cpus = self
            .pin
            .then(Cpus::allowed)
            .transpose()
            .map_err(PerCoreError::Pin)?;
        let crew = Crew::new(cores);
        thread::scope(|scope| {
            for core in 0..cores {
                let (crew, cpus, main) = (&crew, cpus.as_ref(), &main);
                let work = move || {
                    // Also when something of ours panics, the others are to hear of the end.
                    let ended = catch_unwind(AssertUnwindSafe(|| self.run_one(crew, cpus, core, main)));
                    crew.end(core, ended.unwrap_or_else(Ended::Panicked));
                };
                let thread = thread::Builder::new().name(format!("{}-{core}", self.name));
                if let Err(error) = thread.spawn_scoped(scope, work) {
                    crew.end(core, Ended::Failed(PerCoreError::Thread { core, error }));
                    break;
                }
            }
            // Wakes when all have ended, or one has failed; on Ctrl-C it is cancelled.
            let waited = Runner::new()
                .handle_sigint(self.handle_sigint)
                .run(crew.over().cancelled());
            if let Err(error) = waited {
                crew.fail(match error {
                    RunError::KeyboardInterrupt => PerCoreError::KeyboardInterrupt,
                    error => PerCoreError::Loop { core: None, error },
                });
            }
        });
        crew.into_result().unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// What the thread of one core does.
    fn run_one<F, Fut, T, E>(
        &self,
        crew: &Crew<T, E>,
        cpus: Option<&Cpus>,
        core: usize,
        main: F,
    ) -> Ended<T, E>
    where
        F: Fn(usize) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        if let Some(Err(error)) = cpus.map(|cpus| cpus.pin_this_thread(core)) {
            return Ended::Failed(PerCoreError::Thread { core, error });
        }
        let usual = Runner::new().handle_sigint(false).worker_threads(1);
        let mut runner = match &self.configure {
            Some(configure) => configure(core, usual),
            None => usual,
        };
        let joined = catch_unwind(AssertUnwindSafe(|| {
            runner.run(async {
                let task = current_task().filter(|task| crew.join(core, task.clone()));
                match task {
                    Some(_) => Some(main(core).await),
                    // It is over before it has begun.
                    None => None,
                }
            })
        }));
        let ended = match joined {
            Ok(Ok(Some(Ok(value)))) => Ended::Value(value),
            Ok(Ok(Some(Err(error)))) => Ended::Failed(PerCoreError::Failed { core, error }),
            Ok(Ok(None)) => Ended::Cancelled,
            Ok(Err(RunError::Cancelled)) if crew.is_over() => Ended::Cancelled,
            Ok(Err(error)) => Ended::Failed(PerCoreError::Loop {
                core: Some(core),
                error,
            }),
            Err(panic) => Ended::Panicked(panic),
        };
        // The others need not wait until this loop's tasks have cleaned up.
        let ended = crew.tell(ended);
        runner.close();
        ended
    }
}

fn available() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

impl Default for PerCore {
    fn default() -> PerCore {
        PerCore::new()
    }
}

impl fmt::Debug for PerCore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerCore")
            .field("threads", &self.threads)
            .field("pin", &self.pin)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
