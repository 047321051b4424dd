//! `Roster`: which workers rest and how, and who wakes whom.
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
//! makes one himself if he brings work. So a busy worker always has a light rester beside it, if it has a fellow. A
//! worker counts as busy before it looks who rests; and who goes to rest chooses how, by whether others are busy, and
//! enters that under one lock. So either the one sees the other busy and rests lightly, or is seen to sleep.
//!
//! Rule 2 (no lost push): a worker first enters itself in `resting`, with how it will wait; then announces that it
//! parks and looks at the queues (`PoolQueue::prepare_park`); then waits. A push after the look finds the
//! announcement and the entry; a push before it is seen by the look.
//!
//! Rule 3 (no late timer): `in_reactor` is set before the next deadline is read, and both the reading and an
//! insertion take the lock of the timers. So either the reading sees the new timer or its inserter sees the flag.
//!
//! Rule 4 (no missed stop): `stopped` is set before `resting` is read, and a worker looks at it after it has entered
//! itself. So either the worker sees it or the one who stops finds the entry. Whoever took the entry off to wake its
//! worker has ended that wait, and the next begins with an entry.
//!
//! What is waited in and looked at is given by the two traits, for which the models have stand-ins.

use std::sync::OnceLock;

use super::worker::LOOK_INTERVAL;
use crate::sync::{self, AtomicBool, AtomicUsize, Mutex, MutexGuard, Ordering, Thread, lock, try_lock};

/// At most so many workers rest lightly at a time.
const LIGHT: usize = 2;
/// After so many looks at which everybody else rested, a worker goes to deep rest. The models need not count.
const QUIET_LOOKS: u32 = if cfg!(asyncio_loom) { 1 } else { 10 };

/// One worker's view of the queues.
pub(super) trait Seat {
    /// The worker's number.
    fn index(&self) -> usize;

    /// Is something ready in the worker's own queue, or in that for pushes from outside?
    fn has_ready(&self) -> bool;

    /// Looks at the other workers' queues. `true` when something was taken from them.
    fn look(&mut self) -> bool;
}

/// What the roster needs of the pool.
pub(super) trait Place {
    /// What one worker at a time waits in.
    type Drivers;
    /// What ends the wait in the drivers by itself.
    type Until;
    /// What came of it.
    type Turned;

    /// Reads until when to wait in the drivers.
    fn until(&self, drivers: &mut Self::Drivers) -> Self::Until;

    /// Waits in the drivers; lightly, for at most `LOOK_INTERVAL`.
    fn turn(&self, drivers: &mut Self::Drivers, until: Self::Until, light: bool) -> Self::Turned;

    /// Sees to what the wait has brought, and lets go of the drivers.
    fn turned(&self, drivers: MutexGuard<'_, Self::Drivers>, turned: Self::Turned);

    /// Ends the wait in the drivers, or the next one.
    fn interrupt(&self);

    /// Announces that a worker is about to wait, so that the next push from outside calls [`Roster::wake_one`].
    /// `false` when something was pushed already.
    fn prepare_park(&self) -> bool;

    /// Asks for one call of [`Roster::wake_one`] at the next push on a worker's thread, or withdraws that.
    fn want_watch(&self, wanted: bool);
}

/// Who rests, and the drivers in which one of them waits.
pub(super) struct Roster<D> {
    drivers: Mutex<D>,
    resting: Mutex<Vec<Rest>>,
    /// How many workers do not wait.
    busy: AtomicUsize,
    /// A worker waits in the drivers.
    in_reactor: AtomicBool,
    stopped: AtomicBool,
    threads: Box<[OnceLock<Thread>]>,
}

/// A worker that waits, or is about to.
struct Rest {
    worker: usize,
    /// It waits in the reactor; otherwise it is parked.
    in_reactor: bool,
    light: bool,
}

impl<D> Roster<D> {
    pub(super) fn new(workers: usize, drivers: D) -> Roster<D> {
        Roster {
            drivers: Mutex::new(drivers),
            resting: Mutex::new(Vec::with_capacity(workers)),
            busy: AtomicUsize::new(workers),
            in_reactor: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
            threads: (0..workers).map(|_| OnceLock::new()).collect(),
        }
    }

    /// Notes that this thread is worker number `worker`. To be called before it rests.
    pub(super) fn started(&self, worker: usize) {
        let _ = self.threads[worker].set(sync::current());
    }

    pub(super) fn stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// Makes every worker leave after the step that it is in.
    pub(super) fn stop(&self, place: &impl Place<Drivers = D>) {
        self.stopped.store(true, Ordering::Release);
        for rest in lock(&self.resting).iter().filter(|rest| !rest.in_reactor) {
            self.unpark(rest.worker);
        }
        place.interrupt();
    }

    /// Does every worker wait?
    pub(super) fn all_wait(&self) -> bool {
        self.busy.load(Ordering::SeqCst) == 0
    }

    /// Waits a worker in the drivers, or will it before it reads until when?
    pub(super) fn is_driven(&self) -> bool {
        self.in_reactor.load(Ordering::SeqCst)
    }

    pub(super) fn drivers(&self) -> MutexGuard<'_, D> {
        lock(&self.drivers)
    }

    pub(super) fn try_drivers(&self) -> Option<MutexGuard<'_, D>> {
        try_lock(&self.drivers)
    }

    fn unpark(&self, worker: usize) {
        if let Some(thread) = self.threads[worker].get() {
            thread.unpark();
        }
    }

    /// Wakes one resting worker, a light one first.
    pub(super) fn wake_one(&self, place: &impl Place<Drivers = D>) {
        let chosen = {
            let mut resting = lock(&self.resting);
            let light = resting.iter().rposition(|rest| rest.light);
            let Some(chosen) = light.or(resting.len().checked_sub(1)) else {
                return;
            };
            resting.remove(chosen)
        };
        if chosen.in_reactor {
            place.interrupt();
        } else {
            self.unpark(chosen.worker);
        }
    }

    /// Waits until there is something to run for the worker in `seat`, or the pool stops.
    pub(super) fn rest(&self, place: &impl Place<Drivers = D>, seat: &mut impl Seat) {
        let mut quiet_looks = 0;
        loop {
            if self.stopped() || seat.has_ready() || seat.look() {
                break;
            }
            self.wait(place, seat, &mut quiet_looks);
        }
        self.leave(place, seat);
    }

    /// Waits once: rules 1 and 2 give the order of the steps.
    fn wait(&self, place: &impl Place<Drivers = D>, seat: &impl Seat, quiet_looks: &mut u32) {
        let drivers = self.try_drivers();
        let light = {
            let mut resting = lock(&self.resting);
            // Beside this one.
            let others_busy = self.busy.load(Ordering::SeqCst) > 1;
            *quiet_looks = if others_busy { 0 } else { *quiet_looks + 1 };
            let light =
                *quiet_looks < QUIET_LOOKS && resting.iter().filter(|rest| rest.light).count() < LIGHT;
            resting.push(Rest {
                worker: seat.index(),
                in_reactor: drivers.is_some(),
                light,
            });
            light
        };
        if place.prepare_park() && !seat.has_ready() && !self.stopped() {
            match drivers {
                Some(drivers) => self.wait_in_drivers(place, drivers, light),
                None => {
                    self.busy.fetch_sub(1, Ordering::SeqCst);
                    if light {
                        sync::park_timeout(LOOK_INTERVAL);
                    } else {
                        sync::park();
                    }
                    self.busy.fetch_add(1, Ordering::SeqCst);
                }
            }
        }
        lock(&self.resting).retain(|rest| rest.worker != seat.index());
    }

    fn wait_in_drivers<P>(&self, place: &P, mut drivers: MutexGuard<'_, D>, light: bool)
    where
        P: Place<Drivers = D>,
    {
        self.in_reactor.store(true, Ordering::SeqCst);
        let until = place.until(&mut drivers);
        self.busy.fetch_sub(1, Ordering::SeqCst);
        let turned = place.turn(&mut drivers, until, light);
        self.busy.fetch_add(1, Ordering::SeqCst);
        self.in_reactor.store(false, Ordering::SeqCst);
        place.turned(drivers, turned);
    }

    /// Rule 1.
    fn leave(&self, place: &impl Place<Drivers = D>, seat: &impl Seat) {
        let only_deep = {
            let resting = lock(&self.resting);
            let only_deep = !resting.is_empty() && resting.iter().all(|rest| !rest.light);
            // Under the lock, lest it undoes what a later one asks for.
            place.want_watch(only_deep && !self.stopped());
            only_deep
        };
        if !only_deep || self.stopped() {
            return;
        }
        if seat.has_ready() || !place.prepare_park() {
            place.want_watch(false);
            self.wake_one(place);
        }
    }
}

#[cfg(all(test, asyncio_loom))]
mod loom_tests;
