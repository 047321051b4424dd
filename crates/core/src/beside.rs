//! `Beside`: futures that run beside a loop's tasks, for what a leaf crate needs to be driven as long as it is used.
//!
//! They are no tasks: nobody lists them, asks them to stop or waits for them. A wake from any thread queues a callback on
//! the loop that polls the future then. There is one for a name, started at the first use, so a program that never
//! uses the crate pays nothing. They are `Send`, since a worker of the pool may be the first to need one, and end with the run; a
//! `Part` belongs to the loop's thread, and lives until it is ready or the loop closes.
//!
//! Beside them lies what a crate keeps for a loop until it is closed: one value of a type.
//!
//! Invariant: the futures live only while the loop is run. When it stops, each is polled once more, so that it sees what was
//! handed to it, and dropped; the crate then falls back on whatever it does without a loop.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Wake, Waker};

use crate::callback::call_soon_threadsafe;
use crate::place::QueueId;
use crate::slot::{Entered, Slot};

type Driver = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The futures beside one loop's tasks; the loop owns it.
pub struct Beside {
    queue: QueueId,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    open: bool,
    closed: bool,
    running: Vec<(&'static str, Arc<Entry>)>,
    kept: Vec<Arc<dyn Any + Send + Sync>>,
}

struct Entry {
    queue: QueueId,
    /// A callback that polls it is queued.
    queued: AtomicBool,
    driver: Mutex<Option<Driver>>,
}

thread_local! {
    static CURRENT: Slot<Arc<Beside>> = const { Slot::empty() };
}

/// Runs `make()` beside the tasks of the loop that this thread runs or works for, unless something of that name does
/// already. Its first poll is here. False: there is no loop, or it is not being run.
pub fn run_beside<F>(name: &'static str, make: impl FnOnce() -> F) -> bool
where
    F: Future<Output = ()> + Send + 'static,
{
    Slot::with(&CURRENT, |beside| {
        beside.is_some_and(|beside| beside.run(name, make))
    })
}

/// The value of type `T` of the loop that this thread runs or works for; `make` gives it at the first use. The loop drops
/// its share when it is closed, after its tasks and its pool have ended.
///
/// `None` when there is no loop, or it has been closed.
pub fn of_loop<T>(make: impl FnOnce() -> T) -> Option<Arc<T>>
where
    T: Any + Send + Sync,
{
    Slot::current(&CURRENT)?.keep(make)
}

impl Beside {
    /// For the loop with the given queue; nothing can run before [`open`](Beside::open).
    pub fn new(queue: QueueId) -> Arc<Beside> {
        Arc::new(Beside {
            queue,
            state: Mutex::default(),
        })
    }

    /// Makes it the one of this thread until the guard is dropped.
    pub fn enter(self: &Arc<Beside>) -> Entered<Arc<Beside>> {
        Slot::enter(&CURRENT, self.clone())
    }

    /// The loop begins to be run.
    pub fn open(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).open = true;
    }

    /// The loop stops to be run: everything is polled for the last time, and dropped.
    pub fn end(&self) {
        let running = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.open = false;
            std::mem::take(&mut state.running)
        };
        for (_, entry) in running {
            entry.poll();
            let driver = entry.driver.lock().unwrap_or_else(PoisonError::into_inner).take();
            drop(driver);
        }
    }

    /// The loop is closed: what was kept for it goes.
    pub fn close(&self) {
        let kept = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.closed = true;
            std::mem::take(&mut state.kept)
        };
        drop(kept);
    }

    fn keep<T>(&self, make: impl FnOnce() -> T) -> Option<Arc<T>>
    where
        T: Any + Send + Sync,
    {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.closed {
            return None;
        }
        let found = state
            .kept
            .iter()
            .find_map(|kept| Arc::clone(kept).downcast().ok());
        Some(found.unwrap_or_else(|| {
            let made = Arc::new(make());
            state.kept.push(made.clone());
            made
        }))
    }

    fn run<F>(&self, name: &'static str, make: impl FnOnce() -> F) -> bool
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let entry = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if !state.open || state.running.iter().any(|(known, _)| *known == name) {
                return state.open;
            }
            let entry = Arc::new(Entry {
                queue: self.queue,
                queued: AtomicBool::new(false),
                driver: Mutex::default(),
            });
            state.running.push((name, entry.clone()));
            entry
        };
        let driver = Box::pin(make());
        *entry.driver.lock().unwrap_or_else(PoisonError::into_inner) = Some(driver);
        entry.poll();
        true
    }
}

impl Entry {
    fn poll(self: &Arc<Entry>) {
        self.queued.store(false, Ordering::Release);
        let waker = Waker::from(self.clone());
        let mut driver = self.driver.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(running) = &mut *driver else {
            return;
        };
        let ended = running.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
        let ended = ended.then(|| driver.take());
        drop(driver);
        drop(ended);
    }
}

impl Wake for Entry {
    fn wake(self: Arc<Entry>) {
        if !self.queued.swap(true, Ordering::AcqRel) {
            let queue = self.queue;
            drop(call_soon_threadsafe(queue, move || self.poll()));
        }
    }
}

impl fmt::Debug for Beside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let names: Vec<&str> = state.running.iter().map(|(name, _)| *name).collect();
        f.debug_struct("Beside")
            .field("open", &state.open)
            .field("kept", &state.kept.len())
            .field("running", &names)
            .finish_non_exhaustive()
    }
}
