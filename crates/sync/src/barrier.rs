//! `Barrier`: tasks wait until there are enough of them.
//!
//! The one that makes the number full sends everybody on, each with its index, in one go: the barrier is empty then,
//! and fills for the next phase at once. There is no state in which the ones of the last phase must leave before others
//! can come, which Python's needs because its waiters find out for themselves.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use asyncio_core::{WaitKind, WakeList, waits_for};
use pin_project_lite::pin_project;

use crate::blocking::block_on;
use crate::monitor::{Locked, Monitor, Status, Waiter};
use crate::value_error::ValueError;

const LINE: usize = 0;
/// The note of those who waited in vain; others get their index.
const BROKEN: usize = usize::MAX;

/// A number of tasks that go on together.
///
/// # Fairness
///
/// The index that each gets is its place in the order of arrival.
///
/// # Python
///
/// `asyncio.Barrier` (3.11). A new phase can fill while tasks of the last one have not run yet, and the indices are
/// unique also when somebody gives up meanwhile.
///
/// # Examples
///
/// ```
/// use asyncio_sync::Barrier;
/// use futures_lite::future::zip;
///
/// let barrier = Barrier::new(2);
/// let (first, second) = futures_lite::future::block_on(zip(barrier.wait(), barrier.wait()));
/// assert_eq!((first, second), (Ok(0), Ok(1)));
/// ```
pub struct Barrier {
    parties: usize,
    monitor: Monitor<State>,
}

struct State {
    /// How many are on the list.
    waiting: usize,
    broken: bool,
}

impl Barrier {
    /// A barrier for that many tasks.
    ///
    /// # Panics
    ///
    /// When `parties` is 0; see [`try_new`](Barrier::try_new).
    pub fn new(parties: usize) -> Barrier {
        match Barrier::try_new(parties) {
            Ok(barrier) => barrier,
            Err(error) => panic!("{error}"),
        }
    }

    /// A barrier for that many tasks, a number that comes from outside.
    ///
    /// # Errors
    ///
    /// When `parties` is 0.
    pub fn try_new(parties: usize) -> Result<Barrier, ValueError> {
        if parties == 0 {
            return Err(ValueError::new("parties must be at least 1: 0 tasks cannot meet"));
        }
        let state = State {
            waiting: 0,
            broken: false,
        };
        Ok(Barrier {
            parties,
            monitor: Monitor::new(state),
        })
    }

    /// Waits until as many tasks wait as the barrier is for; gives each its own index, from 0.
    ///
    /// # Errors
    ///
    /// When the barrier is broken, is aborted, or is reset while the task waits.
    ///
    /// # Cancel safety
    ///
    /// Dropped before the barrier was full, it leaves, and the barrier waits for one more; the barrier is not broken.
    /// Dropped later, it has been counted.
    pub fn wait(&self) -> BarrierWait<'_> {
        BarrierWait {
            barrier: self,
            waiter: Waiter::new(&self.monitor),
        }
    }

    /// As [`wait`](Barrier::wait), for a thread that runs no loop.
    ///
    /// # Errors
    ///
    /// As `wait`.
    ///
    /// # Panics
    ///
    /// In a step of a loop or of a pool's worker, which it would block. (Of other executors it cannot know.)
    pub fn wait_blocking(&self) -> Result<usize, BrokenBarrierError> {
        block_on("Barrier::wait_blocking", "wait().await", self.wait())
    }

    /// Sends those who wait away with an error, and begins anew. Mends a broken barrier.
    pub fn reset(&self) {
        self.send_away(false);
    }

    /// Breaks the barrier: those who wait, and those who come, get an error, until it is [`reset`](Barrier::reset).
    pub fn abort(&self) {
        self.send_away(true);
    }

    /// How many tasks the barrier is for.
    pub fn parties(&self) -> usize {
        self.parties
    }

    /// How many wait now.
    pub fn n_waiting(&self) -> usize {
        self.monitor.lock().waiting
    }

    /// Whether it was aborted, and not reset since.
    #[doc(alias = "is_broken")]
    pub fn broken(&self) -> bool {
        self.monitor.lock().broken
    }

    fn send_away(&self, broken: bool) {
        let mut wake = WakeList::new();
        let mut state = self.monitor.lock();
        state.broken = broken;
        state.waiting = 0;
        state.notify_all(LINE, BROKEN, &mut wake);
        drop(state);
        wake.wake_all();
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (waiting, broken) = {
            let state = self.monitor.lock();
            (state.waiting, state.broken)
        };
        f.debug_struct("Barrier")
            .field("parties", &self.parties)
            .field("n_waiting", &waiting)
            .field("broken", &broken)
            .finish()
    }
}

/// Somebody is at the barrier. What it gets at once; `None`: it waits.
fn arrive(
    parties: usize,
    state: &mut Locked<'_, State>,
    waiter: Pin<&Waiter<'_, State>>,
    cx: &mut Context<'_>,
    wake: &mut WakeList,
) -> Option<Result<usize, BrokenBarrierError>> {
    if state.broken {
        return Some(Err(BrokenBarrierError(())));
    }
    if state.waiting + 1 < parties {
        state.push_back(LINE, waiter, 0, cx.waker().clone());
        state.waiting += 1;
        return None;
    }
    for index in 0..state.waiting {
        if let Some(waker) = state.notify_front(LINE, index) {
            wake.push(waker);
        }
    }
    state.waiting = 0;
    Some(Ok(parties - 1))
}

pin_project! {
    /// The wait at a barrier; from [`Barrier::wait`].
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct BarrierWait<'a> {
        barrier: &'a Barrier,
        #[pin]
        waiter: Waiter<'a, State>,
    }

    impl PinnedDrop for BarrierWait<'_> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if this.waiter.status() == Status::Waiting {
                let mut state = this.barrier.monitor.lock();
                let left = state.remove(this.waiter.as_ref());
                // It may have been notified before the lock was ours.
                if left.is_some() {
                    state.waiting -= 1;
                }
                drop(state);
                drop(left);
            }
        }
    }
}

impl Future for BarrierWait<'_> {
    type Output = Result<usize, BrokenBarrierError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if this.waiter.status() == Status::Idle {
            let mut wake = WakeList::new();
            let mut state = this.barrier.monitor.lock();
            let arrived = arrive(
                this.barrier.parties,
                &mut state,
                this.waiter.as_ref(),
                cx,
                &mut wake,
            );
            drop(state);
            wake.wake_all();
            if let Some(result) = arrived {
                return Poll::Ready(result);
            }
        } else if this.waiter.status() == Status::Waiting {
            let old = this
                .barrier
                .monitor
                .lock()
                .renew(this.waiter.as_ref(), cx.waker());
            drop(old);
        }
        if let Status::Notified(note) = this.waiter.status() {
            this.waiter.reset();
            return Poll::Ready(match note {
                BROKEN => Err(BrokenBarrierError(())),
                index => Ok(index),
            });
        }
        waits_for(WaitKind::Signal, (&raw const **this.barrier).addr());
        Poll::Pending
    }
}

impl fmt::Debug for BarrierWait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BarrierWait").finish_non_exhaustive()
    }
}

/// The barrier was aborted, or reset while the task waited at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrokenBarrierError(());

impl fmt::Display for BrokenBarrierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the barrier was aborted, or reset while a task waited at it")
    }
}

impl Error for BrokenBarrierError {}
