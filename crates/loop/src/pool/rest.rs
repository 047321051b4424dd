//! `Shared`: what the workers of a pool share, and what one of them waits in.
//!
//! Who waits how, and who wakes whom, is the protocol of `roster.rs`, with its rules. This file gives it the real
//! queues, reactor and timers, and keeps what the owner of a mock clock wants to know.

use std::fmt;
use std::sync::{Arc, Weak};
use std::task::{Wake, Waker};
use std::time::Instant;

use asyncio_core::blocking::RunBlocking;
use asyncio_core::{Look, PoolQueue, Worker};
use asyncio_reactor::{Handle, Reactor};
use asyncio_timers::{Clock, Timers, TimersHandle};

use super::roster::{Place, Roster, Seat};
use super::worker::LOOK_INTERVAL;
use crate::sync::{AtomicBool, Mutex, MutexGuard, Ordering, lock};

/// What the workers of a pool share.
pub(super) struct Shared {
    pub(super) queue: PoolQueue,
    pub(super) reactor: Handle,
    pub(super) timers: TimersHandle,
    pub(super) blocking: Arc<dyn RunBlocking>,
    clock: Clock,
    roster: Roster<Drivers>,
    /// With a mock clock: when the next timer is due, as the worker in the reactor last saw it.
    due: Mutex<Option<Instant>>,
    /// With a mock clock: `due` is out of date.
    due_stale: AtomicBool,
}

pub(super) struct Drivers {
    reactor: Reactor,
    timers: Timers,
}

/// Wakes a resting worker: what an outside push, or the push of a worker that nobody watches, calls.
struct WakeOne(Weak<Shared>);

impl Wake for WakeOne {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if let Some(shared) = self.0.upgrade() {
            shared.roster.wake_one(&*shared);
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
            if shared.roster.is_driven() {
                shared.interrupt();
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
            roster: Roster::new(workers, Drivers { reactor, timers }),
            due: Mutex::new(None),
            due_stale: AtomicBool::new(false),
        }
    }

    /// Lets the queues and the timers wake workers.
    pub(super) fn connect(self: &Arc<Self>) {
        let wake_one = Waker::from(Arc::new(WakeOne(Arc::downgrade(self))));
        self.queue.set_unpark(wake_one.clone());
        self.queue.set_watch(wake_one);
        self.roster
            .drivers()
            .timers
            .set_unpark(Waker::from(Arc::new(NewDeadline(Arc::downgrade(self)))));
    }

    /// Notes that this thread is worker number `worker`. To be called before it rests.
    pub(super) fn started(&self, worker: usize) {
        self.roster.started(worker);
    }

    pub(super) fn stopped(&self) -> bool {
        self.roster.stopped()
    }

    /// Makes every worker leave after the step that it is in.
    pub(super) fn stop(&self) {
        self.roster.stop(self);
    }

    /// Lets the pool look at its clock again, after somebody has moved it.
    pub(super) fn clock_moved(&self) {
        self.interrupt();
    }

    /// With a mock clock: does every worker rest, with nothing queued?
    pub(super) fn is_quiet(&self) -> bool {
        self.roster.all_wait()
            && !self.due_stale.load(Ordering::SeqCst)
            && !(0..self.queue.workers()).any(|worker| self.queue.worker(worker).has_ready())
    }

    /// How many descriptors and sockets are registered with the pool's reactor.
    pub(super) fn sources(&self) -> usize {
        self.reactor.source_count()
    }

    /// With a mock clock: when the pool's next timer is due.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        *lock(&self.due)
    }

    /// Sees to events and timers without waiting, unless another worker does.
    pub(super) fn drive_if_free(&self) {
        if let Some(mut drivers) = self.roster.try_drivers() {
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

    /// Waits until there is something for `worker` to run, or the pool stops.
    pub(super) fn rest(&self, worker: &Worker, look: &mut Look) {
        self.roster.rest(self, &mut WorkerSeat { worker, look });
    }

    /// Tells the owner of the mock clock when the next timer is due; the clock is moved by it alone.
    fn publish_due(&self, timers: &Timers) {
        self.due_stale.store(false, Ordering::SeqCst);
        *lock(&self.due) = timers.next_deadline();
    }
}

impl Place for Shared {
    type Drivers = Drivers;
    type Until = Option<Instant>;
    type Turned = std::io::Result<usize>;

    fn until(&self, drivers: &mut Drivers) -> Option<Instant> {
        if self.clock.is_mock() {
            self.publish_due(&drivers.timers);
            None
        } else {
            let due = drivers.timers.next_deadline();
            due.map(|due| self.clock.real(due))
        }
    }

    fn turn(&self, drivers: &mut Drivers, due: Option<Instant>, light: bool) -> std::io::Result<usize> {
        let bound = light.then(|| Instant::now() + LOOK_INTERVAL);
        let deadline = match (due, bound) {
            (Some(due), Some(bound)) => Some(due.min(bound)),
            (due, bound) => due.or(bound),
        };
        drivers.reactor.turn(deadline)
    }

    fn turned(&self, mut drivers: MutexGuard<'_, Drivers>, turned: std::io::Result<usize>) {
        self.fire(&mut drivers.timers);
        drop(drivers);
        report(turned);
    }

    fn interrupt(&self) {
        // The eventfd of a reactor can be written to as long as the reactor lives, which is as long as `self`.
        let _ = self.reactor.notify();
    }

    fn prepare_park(&self) -> bool {
        self.queue.prepare_park()
    }

    fn want_watch(&self, wanted: bool) {
        self.queue.want_watch(wanted);
    }
}

/// A worker's queues, and what it saw when it last looked at those of the others.
struct WorkerSeat<'a> {
    worker: &'a Worker,
    look: &'a mut Look,
}

impl Seat for WorkerSeat<'_> {
    fn index(&self) -> usize {
        self.worker.index()
    }

    fn has_ready(&self) -> bool {
        self.worker.has_ready()
    }

    fn look(&mut self) -> bool {
        self.worker.look(self.look) > 0
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
