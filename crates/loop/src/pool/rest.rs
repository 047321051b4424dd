//! How workers wait, and who wakes whom.
//!
//! The pool's drivers (reactor and timers) lie in one mutex; a resting worker that gets it waits inside the
//! reactor, the others park. The drivers are let go before a task is polled, so that a step that takes long holds
//! up nobody's I/O, provided that somebody else is awake to take them. Hence two depths of rest:
//!
//! - *Light*: waits of at most `LOOK_INTERVAL`, between which the worker looks at the others' queues. A worker
//!   rests lightly while another is busy, and for a while after. At most `LIGHT` workers do, the rest sleep.
//! - *Deep*: until it is woken, or an event or a timer comes.
//!
//! Rule 1: whoever leaves his rest to work, while only deep sleepers remain, asks for a wake at the next push, and
//! makes one himself if he brings work. So a busy worker always has a light rester beside it, if it has a fellow.
//!
//! Rule 2 (no lost push): a worker first enters itself in `resting`, with how it will wait; then announces that it
//! parks and looks at the queues (`PoolQueue::prepare_park`); then waits. A push after the look finds the
//! announcement and the entry; a push before it is seen by the look.
//!
//! Rule 3 (no late timer): `in_reactor` is set before the next deadline is read, and both the reading and an
//! insertion take the lock of the timers. So either the reading sees the new timer or its inserter sees the flag.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::task::{Wake, Waker};
use std::thread::Thread;
use std::time::Instant;

use asyncio_core::blocking::RunBlocking;
use asyncio_core::{Look, PoolQueue, Worker};
use asyncio_reactor::{Handle, Reactor};
use asyncio_timers::{Clock, Timers, TimersHandle};

use super::worker::LOOK_INTERVAL;

/// At most so many workers rest lightly at a time.
const LIGHT: usize = 2;
/// After so many looks at which everybody else rested, a worker goes to deep rest.
const QUIET_LOOKS: u32 = 10;

/// What the workers of a pool share.
pub(super) struct Shared {
    pub(super) queue: PoolQueue,
    pub(super) reactor: Handle,
    pub(super) timers: TimersHandle,
    pub(super) blocking: Arc<dyn RunBlocking>,
    clock: Clock,
    drivers: Mutex<Drivers>,
    resting: Mutex<Vec<Rest>>,
    /// How many workers do not wait.
    busy: AtomicUsize,
    /// A worker waits in the reactor without a bound of its own.
    in_reactor: AtomicBool,
    stopped: AtomicBool,
    /// With a mock clock: when the next timer is due, as the worker in the reactor last saw it.
    due: Mutex<Option<Instant>>,
    /// With a mock clock: `due` is out of date.
    due_stale: AtomicBool,
    threads: Box<[OnceLock<Thread>]>,
}

struct Drivers {
    reactor: Reactor,
    timers: Timers,
}

/// A worker that waits, or is about to.
struct Rest {
    worker: usize,
    /// It waits in the reactor; otherwise it is parked.
    in_reactor: bool,
    light: bool,
}

/// Wakes a resting worker: what an outside push, or the push of a worker that nobody watches, calls.
struct WakeOne(Weak<Shared>);

impl Wake for WakeOne {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if let Some(shared) = self.0.upgrade() {
            shared.wake_one();
        }
    }
}

/// Makes the worker in the reactor look at the timers again.
struct NewDeadline(Weak<Shared>);

impl Wake for NewDeadline {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if let Some(shared) = self.0.upgrade() {
            if shared.clock.is_mock() {
                shared.due_stale.store(true, Ordering::SeqCst);
            }
            if shared.in_reactor.load(Ordering::SeqCst) {
                shared.interrupt_driver();
            }
        }
    }
}

impl Shared {
    pub(super) fn new(
        queue: PoolQueue,
        reactor: Reactor,
        clock: Clock,
        blocking: Arc<dyn RunBlocking>,
    ) -> Shared {
        let timers = Timers::with_clock(clock.clone());
        let workers = queue.workers();
        Shared {
            queue,
            reactor: reactor.handle(),
            timers: timers.handle(),
            blocking,
            clock,
            drivers: Mutex::new(Drivers { reactor, timers }),
            resting: Mutex::new(Vec::with_capacity(workers)),
            busy: AtomicUsize::new(workers),
            in_reactor: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
            due: Mutex::new(None),
            due_stale: AtomicBool::new(false),
            threads: (0..workers).map(|_| OnceLock::new()).collect(),
        }
    }

    /// Lets the queues and the timers wake workers.
    pub(super) fn connect(self: &Arc<Self>) {
        let wake_one = Waker::from(Arc::new(WakeOne(Arc::downgrade(self))));
        self.queue.set_unpark(wake_one.clone());
        self.queue.set_watch(wake_one);
        self.drivers()
            .timers
            .set_unpark(Waker::from(Arc::new(NewDeadline(Arc::downgrade(self)))));
    }

    /// Notes the thread of worker number `worker`.
    pub(super) fn started(&self, worker: usize, thread: Thread) {
        let _ = self.threads[worker].set(thread);
    }

    /// A worker notes its own thread too: whoever is first, it is known before the worker rests.
    pub(super) fn wait_until_started(&self, worker: usize) {
        self.started(worker, std::thread::current());
    }

    pub(super) fn stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// Makes every worker leave after the step that it is in.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.threads
            .iter()
            .filter_map(OnceLock::get)
            .for_each(Thread::unpark);
        self.interrupt_driver();
    }

    /// Ends the wait of the worker in the reactor, if there is one.
    pub(super) fn interrupt_driver(&self) {
        // The eventfd of a reactor can be written to as long as the reactor lives, which is as long as `self`.
        let _ = self.reactor.notify();
    }

    /// With a mock clock: does every worker rest, with nothing queued?
    pub(super) fn is_quiet(&self) -> bool {
        self.busy.load(Ordering::SeqCst) == 0
            && !self.due_stale.load(Ordering::SeqCst)
            && !(0..self.queue.workers()).any(|worker| self.queue.worker(worker).has_ready())
    }

    /// With a mock clock: when the pool's next timer is due.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        *self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn drivers(&self) -> MutexGuard<'_, Drivers> {
        self.drivers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn try_drivers(&self) -> Option<MutexGuard<'_, Drivers>> {
        match self.drivers.try_lock() {
            Ok(drivers) => Some(drivers),
            Err(std::sync::TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(std::sync::TryLockError::WouldBlock) => None,
        }
    }

    fn resting(&self) -> MutexGuard<'_, Vec<Rest>> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sees to events and timers without waiting, unless another worker does.
    pub(super) fn drive_if_free(&self) {
        if let Some(mut drivers) = self.try_drivers() {
            if !drivers.reactor.is_idle() {
                report(drivers.reactor.poll());
            }
            self.fire(&mut drivers.timers);
        }
    }

    fn fire(&self, timers: &mut Timers) {
        if !timers.is_empty() {
            timers.fire(self.clock.now());
        }
    }

    /// Wakes one resting worker, a light one first.
    pub(super) fn wake_one(&self) {
        let chosen = {
            let mut resting = self.resting();
            let light = resting.iter().rposition(|rest| rest.light);
            let Some(chosen) = light.or(resting.len().checked_sub(1)) else {
                return;
            };
            resting.remove(chosen)
        };
        if chosen.in_reactor {
            self.interrupt_driver();
        } else if let Some(thread) = self.threads[chosen.worker].get() {
            thread.unpark();
        }
    }

    /// Waits until there is something for `worker` to run, or the pool stops.
    pub(super) fn rest(&self, worker: &Worker, look: &mut Look) {
        let mut quiet_looks = 0;
        loop {
            if self.stopped() || worker.has_ready() || worker.look(look) > 0 {
                break;
            }
            // Beside this one.
            let others_busy = self.busy.load(Ordering::SeqCst) > 1;
            quiet_looks = if others_busy { 0 } else { quiet_looks + 1 };
            let light =
                quiet_looks < QUIET_LOOKS && self.resting().iter().filter(|rest| rest.light).count() < LIGHT;
            self.wait(worker, light);
        }
        self.leave(worker);
    }

    /// Waits once: rule 2 gives the order of the steps.
    fn wait(&self, worker: &Worker, light: bool) {
        let drivers = self.try_drivers();
        let rest = Rest {
            worker: worker.index(),
            in_reactor: drivers.is_some(),
            light,
        };
        self.resting().push(rest);
        if self.queue.prepare_park() && !worker.has_ready() && !self.stopped() {
            let bound = light.then(|| Instant::now() + LOOK_INTERVAL);
            match drivers {
                Some(drivers) => self.wait_in_reactor(drivers, bound),
                None => {
                    self.busy.fetch_sub(1, Ordering::SeqCst);
                    match bound {
                        Some(_) => std::thread::park_timeout(LOOK_INTERVAL),
                        None => std::thread::park(),
                    }
                    self.busy.fetch_add(1, Ordering::SeqCst);
                }
            }
        }
        self.resting().retain(|rest| rest.worker != worker.index());
    }

    fn wait_in_reactor(&self, mut drivers: MutexGuard<'_, Drivers>, bound: Option<Instant>) {
        self.in_reactor.store(true, Ordering::SeqCst);
        let due = if self.clock.is_mock() {
            self.publish_due(&drivers.timers);
            None
        } else {
            drivers.timers.next_deadline()
        };
        let deadline = match (due, bound) {
            (Some(due), Some(bound)) => Some(due.min(bound)),
            (due, bound) => due.or(bound),
        };
        self.busy.fetch_sub(1, Ordering::SeqCst);
        let turned = drivers.reactor.turn(deadline);
        self.busy.fetch_add(1, Ordering::SeqCst);
        self.in_reactor.store(false, Ordering::SeqCst);
        self.fire(&mut drivers.timers);
        drop(drivers);
        report(turned);
    }

    /// Tells the owner of the mock clock when the next timer is due; the clock is moved by it alone.
    fn publish_due(&self, timers: &Timers) {
        self.due_stale.store(false, Ordering::SeqCst);
        *self.due.lock().unwrap_or_else(PoisonError::into_inner) = timers.next_deadline();
    }

    /// Rule 1.
    fn leave(&self, worker: &Worker) {
        let (light, deep) = {
            let resting = self.resting();
            let light = resting.iter().filter(|rest| rest.light).count();
            (light, resting.len() - light)
        };
        if light > 0 || deep == 0 || self.stopped() {
            self.queue.want_watch(false);
            return;
        }
        self.queue.want_watch(true);
        if worker.has_ready() || !self.queue.prepare_park() {
            self.queue.want_watch(false);
            self.wake_one();
        }
    }
}

/// An error of the reactor's wait is a fault of this program or of the system; the pool goes on with its queues.
fn report(turned: std::io::Result<usize>) {
    if let Err(error) = turned {
        eprintln!("asyncio: the pool's reactor failed: {error}");
        // Not to spin on an error that stays.
        std::thread::park_timeout(LOOK_INTERVAL);
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("queue", &self.queue)
            .finish_non_exhaustive()
    }
}
