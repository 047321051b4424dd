//! `conduct`: lets a pipeline run until it is told to end, and ends it in order.
//!
//! The end has three steps. First nothing more comes in: what brings ticks is cancelled, which makes it say goodbye. Then what
//! is in the queue is worked off, for a bounded time. Then the workers that are left are cancelled, and clean up. A second signal
//! skips the wait.

use std::cell::Cell;
use std::time::Duration;

use asyncio::reactor::signals::Signals;
use asyncio::{ExceptionGroup, Task, create_task, select, timeout};

use crate::intake::Intake;
use crate::{Failure, Shared, first};

/// A task group that runs as a task of its own.
pub type Crew = Task<Result<(), ExceptionGroup<Failure>>>;

/// The two sides of a queue.
#[derive(Debug)]
pub struct Pipeline {
    /// Brings ticks in.
    pub incoming: Crew,
    /// Works on them.
    pub working: Crew,
    /// Lies between the two.
    pub intake: Shared<Intake>,
    /// How long working off may take.
    pub drain: Duration,
    /// What is told to those who watch.
    pub phase: Shared<Cell<&'static str>>,
}

impl Pipeline {
    /// Runs it. `true` when a signal ended it, `false` when there was no more to do.
    ///
    /// # Errors
    ///
    /// Of a side that failed; the other one is ended in order all the same.
    ///
    /// # Cancel safety
    ///
    /// Cancelled before its end, it detaches both sides; the loop ends them.
    pub async fn conduct(self, signals: &mut Signals) -> Result<bool, Failure> {
        let Pipeline {
            mut incoming,
            mut working,
            intake,
            drain,
            phase,
        } = self;
        let mut failed = None;
        let told = select! {
            signal = signals.recv() => signal.map(|_| true)?,
            ended = &mut incoming => {
                failed = failure(ended);
                false
            },
            ended = &mut working => {
                incoming.cancel();
                drop(incoming.await);
                return failure(ended).map_or(Ok(false), Err);
            },
        };
        phase.set("draining");
        if told {
            incoming.cancel();
            failed = failure(incoming.await);
        }
        intake.close();

        let workers = working.task_ref();
        let hurry = async move {
            // When the time is over this asks the workers to stop, and waits for their cleanup.
            match timeout(drain, working).await {
                Ok(ended) => failure(ended),
                Err(_) => None,
            }
        };
        let mut draining = create_task(hurry);
        let outcome = select! {
            outcome = &mut draining => outcome,
            _again = signals.recv() => {
                workers.cancel();
                draining.await
            }
        };
        intake.abandon();
        failed = failed.or(outcome.unwrap_or_default());
        failed.map_or(Ok(told), Err)
    }
}

/// Why a side failed; that it was cancelled is no reason.
fn failure(ended: Result<Result<(), ExceptionGroup<Failure>>, asyncio::JoinError>) -> Option<Failure> {
    match ended {
        Ok(Ok(())) => None,
        Ok(Err(group)) => Some(first(group)),
        Err(error) if error.is_cancelled() => None,
        Err(error) => Some(error.into()),
    }
}
