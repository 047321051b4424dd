//! The port to executors that are not ours: two functions that start a job, and `on`, which installs them.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use asyncio_core::Slot;
use pin_project_lite::pin_project;

/// A job for any thread.
pub type Job = Pin<Box<dyn Future<Output = ()> + Send>>;
/// A job for the thread that starts it.
pub type LocalJob = Pin<Box<dyn Future<Output = ()>>>;

/// An executor that is not ours, as far as tasks need one.
///
/// # Examples
///
/// ```
/// use asyncio_tasks::{Job, LocalJob, Spawn};
///
/// /// Starts jobs on threads of their own.
/// struct Threads;
///
/// impl Spawn for Threads {
///     fn spawn(&self, job: Job) {
///         std::thread::spawn(|| futures_lite::future::block_on(job));
///     }
///     fn spawn_local(&self, _job: LocalJob) {
///         panic!("use spawn: these threads share nothing");
///     }
/// }
///
/// let work = asyncio_tasks::on(Threads, async { asyncio_tasks::spawn(async { 6 * 7 }).await });
/// assert_eq!(futures_lite::future::block_on(work).unwrap(), 42);
/// ```
pub trait Spawn: Send + Sync + 'static {
    /// Starts a job on whatever thread.
    fn spawn(&self, job: Job);

    /// Starts a job on this thread.
    fn spawn_local(&self, job: LocalJob);
}

thread_local! {
    static PORT: Slot<Arc<dyn Spawn>> = const { Slot::empty() };
    /// Is there a port? Looked at by each `create_task`.
    static IS_SET: Cell<bool> = const { Cell::new(false) };
}

/// Was the future being polled told to use an executor?
#[inline]
pub(crate) fn is_set() -> bool {
    IS_SET.get()
}

/// The executor that the future being polled was told to use.
#[inline]
pub(crate) fn current() -> Option<Arc<dyn Spawn>> {
    if IS_SET.get() { Slot::current(&PORT) } else { None }
}

/// Lets tasks that `future` starts, and those that they start, run on `executor`.
///
/// Inside a task of our own loop it takes the place of that loop.
pub fn on<F: IntoFuture>(executor: impl Spawn, future: F) -> On<F::IntoFuture> {
    on_port(Arc::new(executor), future.into_future())
}

pub(crate) fn on_port<F>(port: Arc<dyn Spawn>, future: F) -> On<F> {
    On { port, future }
}

pin_project! {
    /// The future of [`on`].
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct On<F> {
        port: Arc<dyn Spawn>,
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for On<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        struct Before(bool);
        impl Drop for Before {
            fn drop(&mut self) {
                IS_SET.set(self.0);
            }
        }
        let this = self.project();
        let _entered = Slot::enter(&PORT, this.port.clone());
        let _before = Before(IS_SET.replace(true));
        this.future.poll(cx)
    }
}

impl<F> fmt::Debug for On<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("On").finish_non_exhaustive()
    }
}
