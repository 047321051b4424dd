//! What other threads can see of a loop: its tasks, and the step that it takes just now.
//!
//! A queue is *watched* when somebody may look: an introspection socket is open, or debug mode is on. The owner then
//! publishes what runs, in a `Pulse` that is never freed, and lets its registry be read. Nothing here asks the loop to do
//! anything, so a look works on a loop that is stuck in a step. A queue that nobody watches publishes nothing.
//!
//! Invariant: the registry of a pulse is alive and watched while the pulse has its address. It is looked at under the
//! lock under which the address is taken out.

#![expect(unsafe_code, reason = "a registry that lies with its owner")]

use std::panic::Location;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::cell::{Header, Queued};
use crate::place::QueueId;
use crate::registry::Registry;
use crate::{TaskRef, table};

/// How many queues are watched.
static WATCHED: AtomicUsize = AtomicUsize::new(0);

/// Is any queue of this process watched? What costs something and is only looked at from outside is noted only then.
#[inline]
pub fn is_watched() -> bool {
    WATCHED.load(Ordering::Relaxed) != 0
}

/// What a thread runs just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Running {
    /// Nothing: it waits, or is between two steps.
    Nothing,
    /// The task with this number.
    Task(u64),
    /// A callback, which was given to the loop there.
    Callback(&'static Location<'static>),
}

/// A look at a queue: what runs, and how many steps were begun. Two looks that are equal, some time apart, show a step
/// that has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glimpse {
    /// What runs.
    pub running: Running,
    /// How many steps were begun, of tasks and callbacks.
    pub steps: u64,
}

/// What the owner of a queue publishes.
#[derive(Debug)]
pub(crate) struct Pulse {
    registry: Mutex<Address>,
    running: AtomicU64,
    /// Of a callback that runs.
    place: AtomicPtr<Location<'static>>,
    steps: AtomicU64,
}

/// Of a registry, or null.
#[derive(Debug)]
struct Address(*const Registry);

// SAFETY: an address; what is done with it keeps to the invariant above.
unsafe impl Send for Address {}

const NOTHING: u64 = 0;
const CALLBACK: u64 = u64::MAX;

impl Pulse {
    pub(crate) const fn new() -> Pulse {
        Pulse {
            registry: Mutex::new(Address(ptr::null())),
            running: AtomicU64::new(NOTHING),
            place: AtomicPtr::new(ptr::null_mut()),
            steps: AtomicU64::new(0),
        }
    }

    /// Takes a step, for all to see. The owner's thread alone calls it.
    #[inline]
    pub(crate) fn show(&self, queued: Queued, run: impl FnOnce(Queued)) {
        // Of a part of the loop it is known where it was made, as of a callback.
        match queued.location_of_call() {
            Some(location) => self.begin_callback(location),
            None if queued.header().is_part() => self.begin_callback(queued.header().location),
            None => self.begin_task(queued.header().id()),
        }
        run(queued);
        self.end();
    }

    #[inline]
    fn begin_task(&self, id: u64) {
        self.running.store(id, Ordering::Relaxed);
        self.count();
    }

    #[inline]
    fn begin_callback(&self, location: &'static Location<'static>) {
        self.place
            .store(ptr::from_ref(location).cast_mut(), Ordering::Relaxed);
        // Release: who sees that a callback runs sees which.
        self.running.store(CALLBACK, Ordering::Release);
        self.count();
    }

    #[inline]
    fn count(&self) {
        let steps = self.steps.load(Ordering::Relaxed);
        self.steps.store(steps.wrapping_add(1), Ordering::Relaxed);
    }

    #[inline]
    fn end(&self) {
        self.running.store(NOTHING, Ordering::Relaxed);
    }

    pub(crate) fn look(&self) -> Glimpse {
        let running = match self.running.load(Ordering::Acquire) {
            NOTHING => Running::Nothing,
            // SAFETY: what is written there is `'static`, and written before the mark.
            CALLBACK => match unsafe { self.place.load(Ordering::Relaxed).as_ref() } {
                Some(location) => Running::Callback(location),
                None => Running::Nothing,
            },
            task => Running::Task(task),
        };
        Glimpse {
            running,
            steps: self.steps.load(Ordering::Relaxed),
        }
    }

    /// Lets other threads read `registry` until [`close`](Pulse::close). The owner's thread alone calls it.
    ///
    /// # Safety
    ///
    /// The registry lives until then.
    pub(crate) unsafe fn open(&self, registry: &Registry) {
        let mut address = self.address();
        if address.0.is_null() {
            registry.set_watched(true);
            address.0 = registry;
            WATCHED.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Nobody reads the registry from now on.
    pub(crate) fn close(&self) {
        let mut address = self.address();
        if !address.0.is_null() {
            // SAFETY: it is alive, and this is its owner's thread.
            unsafe { &*address.0 }.set_watched(false);
            address.0 = ptr::null();
            WATCHED.fetch_sub(1, Ordering::Relaxed);
        }
        drop(address);
        self.end();
    }

    fn address(&self) -> MutexGuard<'_, Address> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Is its registry watched?
    pub(crate) fn is_open(&self) -> bool {
        !self.address().0.is_null()
    }

    /// What the task in `cell` belongs to, which has or had `index` in the registry.
    pub(crate) fn group_of(&self, index: u32, cell: NonNull<Header>) -> Option<usize> {
        let address = self.address();
        if address.0.is_null() {
            return None;
        }
        // SAFETY: by the invariant.
        unsafe { Registry::group_of(address.0, index, cell) }
    }

    fn tasks(&self) -> Option<Vec<TaskRef>> {
        let address = self.address();
        if address.0.is_null() {
            return None;
        }
        let mut tasks = Vec::new();
        // SAFETY: by the invariant. The cell of a registered task is allocated, and its header may be used anywhere.
        unsafe {
            Registry::read(address.0, |cell| {
                if !cell.as_ref().is_part() {
                    tasks.push(TaskRef::borrow(cell));
                }
            });
        }
        Some(tasks)
    }
}

/// The tasks of a watched loop that have not ended, from any thread and without the loop's help; `None` when the loop is
/// not watched, or gone.
pub fn watched_tasks(queue: QueueId) -> Option<Vec<TaskRef>> {
    table::pulse(queue)?.tasks()
}

/// What a watched loop runs just now; `None` when it is gone.
pub fn watched_step(queue: QueueId) -> Option<Glimpse> {
    table::pulse(queue).map(Pulse::look)
}
