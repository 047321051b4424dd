//! `Shared`: what the handles and the waiters of a promise share, and the protocol between them.
//!
//! One lock guards how the promise stands and the list of those who are told. It is set once: who finds it open puts
//! the outcome there and takes the list, in one critical section, and tells those on it afterwards, without the lock. So
//! one who adds itself under the lock either finds the outcome or is told of it.
//!
//! Handles are counted apart from waiters. When the last handle goes nobody is left who could set the promise, and it
//! is cancelled: its waiters end, where they would hang in Python.

use std::error::Error;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::{Arc, PoisonError};
use std::task::Waker;

use asyncio_core::{ExceptionContext, QueueId, report};

use crate::promise::entries::{Entries, Entry, Schedule};
use crate::sync::{AtomicBool, AtomicUsize, Mutex, MutexGuard, Ordering};
use crate::{CancelledError, Promise, PromiseError};

/// How a promise stands.
pub(super) enum Stage<T> {
    Open,
    Value(T),
    Failed(Arc<dyn Error + Send + Sync>),
    Cancelled(CancelledError),
    /// It had a value, which somebody took out.
    Taken,
}

pub(super) struct State<T> {
    pub(super) stage: Stage<T>,
    entries: Entries<T>,
    next: u64,
    /// Somebody saw that it failed.
    pub(super) retrieved: bool,
}

pub(super) struct Shared<T> {
    state: Mutex<State<T>>,
    /// Not open any more; set under the lock.
    done: AtomicBool,
    pub(super) handles: AtomicUsize,
    /// The loop that calls the callbacks.
    pub(super) queue: Option<QueueId>,
    pub(super) location: &'static Location<'static>,
}

impl<T> State<T> {
    /// Why there is no value to be had.
    pub(super) fn error(&mut self) -> Option<PromiseError> {
        match &self.stage {
            Stage::Open => Some(PromiseError::open()),
            Stage::Value(_) => None,
            Stage::Failed(error) => {
                self.retrieved = true;
                Some(PromiseError::Failed(error.clone()))
            }
            Stage::Cancelled(error) => Some(PromiseError::Cancelled(error.clone())),
            Stage::Taken => Some(PromiseError::taken()),
        }
    }

    /// Moves the value out.
    pub(super) fn take(&mut self) -> Result<T, PromiseError> {
        if let Some(error) = self.error() {
            return Err(error);
        }
        match std::mem::replace(&mut self.stage, Stage::Taken) {
            Stage::Value(value) => Ok(value),
            _ => unreachable!("without a value there is an error"),
        }
    }

    fn add(&mut self, entry: Entry<T>) -> u64 {
        let number = self.next;
        self.next += 1;
        self.entries.push(number, entry);
        number
    }
}

impl<T> Shared<T> {
    /// Of a new promise, with one handle.
    pub(super) fn new(queue: Option<QueueId>, location: &'static Location<'static>) -> Shared<T> {
        Shared {
            state: Mutex::new(State {
                stage: Stage::Open,
                entries: Entries::new(),
                next: 0,
                retrieved: false,
            }),
            done: AtomicBool::new(false),
            handles: AtomicUsize::new(1),
            queue,
            location,
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn state_mut(&mut self) -> &mut State<T> {
        self.state.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    #[inline]
    pub(super) fn is_done(&self) -> bool {
        self.done.load(Ordering::Acquire)
    }

    /// Sets the outcome and tells everybody, or gives it back.
    pub(super) fn settle(self: &Arc<Self>, stage: Stage<T>) -> Result<(), Stage<T>> {
        let entries = {
            let mut state = self.state();
            if !matches!(state.stage, Stage::Open) {
                return Err(stage);
            }
            state.stage = stage;
            self.done.store(true, Ordering::Release);
            std::mem::replace(&mut state.entries, Entries::new())
        };
        for entry in entries.into_entries() {
            match entry {
                // A waker is foreign code: its panic was told to the panic hook and must not keep the others waiting.
                Entry::Waiter(waker) => drop(catch_unwind(AssertUnwindSafe(|| waker.wake()))),
                Entry::Callback(schedule) => schedule(Promise::handle_of(self)),
                Entry::Gone => {}
            }
        }
        Ok(())
    }

    /// Cancels an open promise.
    pub(super) fn cancel(self: &Arc<Self>, message: Option<&str>) -> bool {
        !self.is_done()
            && self
                .settle(Stage::Cancelled(CancelledError::new(message)))
                .is_ok()
    }

    /// Adds a callback, which gets a number. Of a promise that is done it comes back.
    pub(super) fn add_callback(&self, schedule: Schedule<T>) -> (u64, Option<Schedule<T>>) {
        let mut state = self.state();
        if matches!(state.stage, Stage::Open) {
            return (state.add(Entry::Callback(schedule)), None);
        }
        let number = state.next;
        state.next += 1;
        (number, Some(schedule))
    }

    pub(super) fn remove_callback(&self, number: u64) -> bool {
        let removed = {
            let mut state = self.state();
            match state.entries.get_mut(number) {
                Some(Entry::Callback(_)) => state.entries.remove(number),
                _ => Entry::Gone,
            }
        };
        matches!(removed, Entry::Callback(_))
    }

    /// Leaves a waker for the end, under the number that is kept in `place`. True: the promise is done.
    pub(super) fn wait(&self, place: &mut Option<u64>, waker: &Waker) -> bool {
        if self.is_done() {
            return true;
        }
        if let Some(number) = *place {
            let mut state = self.state();
            match state.entries.get_mut(number) {
                Some(Entry::Waiter(known)) if known.will_wake(waker) => return false,
                _ => {}
            }
        }
        // Wakers are cloned and dropped without the lock.
        let waker = waker.clone();
        let old = {
            let mut state = self.state();
            if !matches!(state.stage, Stage::Open) {
                drop(state);
                return true;
            }
            match place.and_then(|number| state.entries.get_mut(number)) {
                Some(entry) => std::mem::replace(entry, Entry::Waiter(waker)),
                None => {
                    *place = Some(state.add(Entry::Waiter(waker)));
                    Entry::Gone
                }
            }
        };
        drop(old);
        false
    }

    /// Takes a waker back.
    pub(super) fn stop_waiting(&self, place: &mut Option<u64>) {
        if let Some(number) = place.take() {
            if !self.is_done() {
                let old = self.state().entries.remove(number);
                drop(old);
            }
        }
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        let (queue, location) = (self.queue, self.location);
        let state = self.state_mut();
        if let (Stage::Failed(error), false) = (&state.stage, state.retrieved) {
            let context = ExceptionContext::new("Promise exception was never retrieved")
                .with_error(PromiseError::Failed(error.clone()))
                .with_location(location);
            report(queue, &context);
        }
    }
}
