//! The cancel explorer: a future, cancelled once at each of its suspension points.

use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use asyncio_tasks::raw::Cancellable;
use asyncio_tasks::yield_now;

/// One run of what is explored: a fresh future, and the check that follows it.
#[derive(Debug)]
pub struct Case<F, C> {
    future: F,
    check: C,
}

impl<F, C> Case<F, C> {
    /// A future, and what checks afterwards that nothing was lost. The check is told how the future ended.
    pub fn new(future: F, check: C) -> Case<F, C>
    where
        F: Future,
        C: AsyncFnOnce(Ended<F::Output>),
    {
        Case { future, check }
    }
}

/// In which way a future is cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It is asked to stop: cleanup runs.
    Soft,
    /// It is dropped.
    Hard,
}

/// How the future of one run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended<T> {
    /// With a value: it was not cancelled, or turned the request down.
    Value(T),
    /// It was cancelled.
    Cancelled {
        /// In which way.
        how: How,
        /// At which suspension; 0 is before the first poll.
        at: usize,
    },
}

/// What an exploration came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explored {
    /// How often the future suspended in a run that nobody disturbed.
    pub suspension_points: usize,
    /// How many runs were cancelled.
    pub runs: usize,
}

/// A future that suspends more often than this has no end that can be waited for.
const MOST: usize = 100_000;

/// Runs the future of a case once for each of its suspension points, and cancels it there: softly and hard; once more
/// it is dropped before its first poll. After each run the case's check is awaited.
///
/// `make` makes a fresh case for each run. The future is polled where the explorer is awaited, so it may need a loop
/// or not; what it needs from others (an item in a queue, a tick of a clock) they must give it in each run.
///
/// # Panics
///
/// When a check panics: the message says at which suspension. When the future suspends more than 100,000 times.
///
/// # Cancel safety
///
/// Dropped, it drops the run that it is in.
pub async fn explore_cancel<F, C>(mut make: impl FnMut() -> Case<F, C>) -> Explored
where
    F: Future,
    C: AsyncFnOnce(Ended<F::Output>),
{
    let mut explored = Explored {
        suspension_points: 0,
        runs: 0,
    };
    let Case { future, check } = make();
    drop(future);
    check_run(
        check,
        Ended::Cancelled {
            how: How::Hard,
            at: 0,
        },
    )
    .await;
    for how in [How::Hard, How::Soft] {
        for at in 1.. {
            assert!(at <= MOST, "the future suspended {MOST} times: has it an end?");
            let Case { future, check } = make();
            let ended = Probe::run(future, how, at).await;
            // A wake that was meant for what was dropped is no suspension of the next run.
            yield_now().await;
            let whole = matches!(&ended, (Ended::Value(_), false));
            check_run(check, ended.0).await;
            if whole {
                explored.suspension_points = explored.suspension_points.max(at - 1);
                break;
            }
            explored.runs += 1;
        }
    }
    explored
}

/// Awaits a check, and says where the run was cancelled if it panics.
async fn check_run<T>(check: impl AsyncFnOnce(Ended<T>), ended: Ended<T>) {
    let place = Place(match &ended {
        Ended::Value(_) => None,
        Ended::Cancelled { how, at } => Some((*how, *at)),
    });
    check(ended).await;
    std::mem::forget(place);
}

/// Dropped by a panic, it says where that was.
struct Place(Option<(How, usize)>);

impl Drop for Place {
    fn drop(&mut self) {
        if std::thread::panicking() {
            match self.0 {
                Some((how, at)) => eprintln!("the check failed after a {how:?} cancel at suspension {at}"),
                None => eprintln!("the check failed after a run that was not cancelled"),
            }
        }
    }
}

/// Counts the suspensions of a future, and cancels it at one of them.
struct Probe<'a, F: Future> {
    future: Option<Pin<&'a mut Cancellable<F>>>,
    how: How,
    at: usize,
    suspended: usize,
    cancelled: bool,
}

impl<F: Future> Probe<'_, F> {
    /// How the run ended, and whether it was cancelled.
    async fn run(future: F, how: How, at: usize) -> (Ended<F::Output>, bool) {
        let mut slot = pin!(Some(Cancellable::new(future)));
        let mut probe = Probe {
            future: slot.as_mut().as_pin_mut(),
            how,
            at,
            suspended: 0,
            cancelled: false,
        };
        let value = std::future::poll_fn(|cx| probe.poll(cx)).await;
        let cancelled = probe.cancelled;
        // A hard cancel is this very drop.
        slot.set(None);
        match value {
            Some(value) => (Ended::Value(value), cancelled),
            None => (Ended::Cancelled { how, at }, cancelled),
        }
    }

    /// `None`: cancelled.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<F::Output>> {
        let Some(future) = &mut self.future else {
            return Poll::Ready(None);
        };
        match future.as_mut().poll(cx) {
            Poll::Ready(Ok(value)) => return Poll::Ready(Some(value)),
            Poll::Ready(Err(_)) => return Poll::Ready(None),
            Poll::Pending => {}
        }
        self.suspended += 1;
        if self.cancelled || self.suspended != self.at {
            return Poll::Pending;
        }
        self.cancelled = true;
        match self.how {
            How::Hard => Poll::Ready(None),
            How::Soft => {
                future.as_mut().cancel("the cancel explorer");
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }
}

impl<F: Future> fmt::Debug for Probe<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe")
            .field("how", &self.how)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}
