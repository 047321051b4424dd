//! `Crew`: what the threads of the cores know of each other.
//!
//! Invariant: once it is over, each main task that has joined was asked to stop, and no other joins.

use std::any::Any;
use std::sync::{Mutex, MutexGuard, PoisonError};

use asyncio_tasks::{CancelToken, TaskRef};

use super::PerCoreError;

/// How the thread of a core ended.
pub(super) enum Ended<T, E> {
    Value(T),
    Failed(PerCoreError<E>),
    Panicked(Box<dyn Any + Send>),
    /// Somebody else had failed.
    Cancelled,
}

pub(super) struct Crew<T, E> {
    state: Mutex<State<T, E>>,
    /// Set when all have ended or one has failed.
    over: CancelToken,
}

struct State<T, E> {
    tasks: Vec<Option<TaskRef>>,
    values: Vec<Option<T>>,
    running: usize,
    stopped: bool,
    error: Option<PerCoreError<E>>,
    panic: Option<Box<dyn Any + Send>>,
}

impl<T, E> Crew<T, E> {
    pub(super) fn new(cores: usize) -> Crew<T, E> {
        Crew {
            state: Mutex::new(State {
                tasks: (0..cores).map(|_| None).collect(),
                values: (0..cores).map(|_| None).collect(),
                running: cores,
                stopped: false,
                error: None,
                panic: None,
            }),
            over: CancelToken::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State<T, E>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn over(&self) -> &CancelToken {
        &self.over
    }

    pub(super) fn is_over(&self) -> bool {
        self.state().stopped
    }

    /// Notes the main task of a core. `false` when it is over: nothing is to be begun.
    pub(super) fn join(&self, core: usize, task: TaskRef) -> bool {
        let mut state = self.state();
        if !state.stopped {
            state.tasks[core] = Some(task);
        }
        !state.stopped
    }

    /// Stops the others if `ended` is a failure, which is kept.
    pub(super) fn tell(&self, ended: Ended<T, E>) -> Ended<T, E> {
        match ended {
            Ended::Failed(error) => {
                self.fail(error);
                Ended::Cancelled
            }
            Ended::Panicked(panic) => {
                self.state().panic.get_or_insert(panic);
                self.stop();
                Ended::Cancelled
            }
            ended @ (Ended::Value(_) | Ended::Cancelled) => ended,
        }
    }

    /// Keeps `error` if it is the first, and stops everybody.
    pub(super) fn fail(&self, error: PerCoreError<E>) {
        self.state().error.get_or_insert(error);
        self.stop();
    }

    fn stop(&self) {
        let tasks = {
            let mut state = self.state();
            state.stopped = true;
            std::mem::take(&mut state.tasks)
        };
        for task in tasks.into_iter().flatten() {
            task.cancel();
        }
        self.over.cancel();
    }

    /// The thread of `core` has ended.
    pub(super) fn end(&self, core: usize, ended: Ended<T, E>) {
        let ended = self.tell(ended);
        let last = {
            let mut state = self.state();
            if let Ended::Value(value) = ended {
                state.values[core] = Some(value);
            }
            state.running -= 1;
            state.running == 0
        };
        if last {
            self.over.cancel();
        }
    }

    /// What came of it, when all threads have ended. `Err`: a panic.
    pub(super) fn into_result(self) -> Result<Result<Vec<T>, PerCoreError<E>>, Box<dyn Any + Send>> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        match (state.panic, state.error) {
            (Some(panic), _) => Err(panic),
            (None, Some(error)) => Ok(Err(error)),
            (None, None) => Ok(Ok(state.values.into_iter().flatten().collect())),
        }
    }
}
