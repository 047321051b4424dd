//! `Metrics`: a loop in plain numbers.
//!
//! The loop writes them down at the end of each turn, once somebody has asked: so they can be read from any thread, also
//! when the loop is stuck, and a loop that nobody asks pays for one look at a flag per turn.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use asyncio_core::blocking::RunBlocking;

use crate::LoopHandle;

/// A loop in plain numbers, as of the end of its last turn; those of its pools as of now.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use asyncio_loop::{Runner, get_running_loop};
/// use asyncio_timers::sleep;
///
/// let metrics = Runner::new().run(async {
///     let this = get_running_loop();
///     this.metrics();
///     sleep(Duration::from_millis(1)).await;
///     this.metrics()
/// });
/// assert!(metrics.unwrap().turns > 0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Metrics {
    /// Turns of the loop since it was first asked.
    pub turns: u64,
    /// Steps of tasks and calls of callbacks in these turns.
    pub steps: u64,
    /// Tasks and callbacks that were ready.
    pub ready: u64,
    /// Tasks of the loop that had not ended.
    pub tasks: u64,
    /// Timers that had not fired.
    pub timers: u64,
    /// Descriptors and sockets that were registered.
    pub sources: u64,
    /// Threads of the pool behind `spawn`; 0 if it was not started.
    pub workers: u64,
    /// Tasks of the pool that have not ended.
    pub pool_tasks: u64,
    /// Tasks that wait for any worker.
    pub pool_injected: u64,
    /// Tasks that a worker took from another one's queue.
    pub pool_steals: u64,
    /// Blocking work that was given to threads and has not ended.
    pub blocking: u64,
}

impl Metrics {
    /// Each number with its name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
        [
            ("turns", self.turns),
            ("steps", self.steps),
            ("ready", self.ready),
            ("tasks", self.tasks),
            ("timers", self.timers),
            ("sources", self.sources),
            ("workers", self.workers),
            ("pool_tasks", self.pool_tasks),
            ("pool_injected", self.pool_injected),
            ("pool_steals", self.pool_steals),
            ("blocking", self.blocking),
        ]
        .into_iter()
    }
}

/// What the loop writes down.
#[derive(Debug, Default)]
pub(crate) struct Published {
    turns: AtomicU64,
    steps: AtomicU64,
    ready: AtomicUsize,
    tasks: AtomicUsize,
    timers: AtomicUsize,
    sources: AtomicUsize,
}

/// What a loop has at the end of a turn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    pub(crate) ready: usize,
    pub(crate) tasks: usize,
    pub(crate) timers: usize,
    pub(crate) sources: usize,
}

impl Published {
    /// The end of a turn with so many steps. The loop's thread alone calls it.
    #[inline]
    pub(crate) fn turned(&self, steps: usize, now: Now) {
        let add = |sum: &AtomicU64, more: u64| {
            sum.store(sum.load(Ordering::Relaxed).wrapping_add(more), Ordering::Relaxed);
        };
        add(&self.turns, 1);
        add(&self.steps, steps as u64);
        self.ready.store(now.ready, Ordering::Relaxed);
        self.tasks.store(now.tasks, Ordering::Relaxed);
        self.timers.store(now.timers, Ordering::Relaxed);
        self.sources.store(now.sources, Ordering::Relaxed);
    }
}

impl LoopHandle {
    /// The loop in plain numbers, from any thread. The first call asks the loop to keep them, and so sees none of its own
    /// numbers; while the loop can be looked into from outside it keeps them anyway.
    pub fn metrics(&self) -> Metrics {
        let published = self.published();
        self.switches().keep_metrics();
        let mut metrics = Metrics {
            turns: published.turns.load(Ordering::Relaxed),
            steps: published.steps.load(Ordering::Relaxed),
            ready: published.ready.load(Ordering::Relaxed) as u64,
            tasks: published.tasks.load(Ordering::Relaxed) as u64,
            timers: published.timers.load(Ordering::Relaxed) as u64,
            sources: published.sources.load(Ordering::Relaxed) as u64,
            blocking: self.blocking().outstanding() as u64,
            ..Metrics::default()
        };
        if let Some(queue) = self.pool().and_then(|pool| pool.started()) {
            metrics.workers = queue.workers() as u64;
            metrics.pool_tasks = queue.live() as u64;
            metrics.pool_injected = queue.injected() as u64;
            metrics.pool_steals = queue.steals();
        }
        metrics
    }
}
