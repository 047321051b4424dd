//! Models of how workers wait and wake each other. A lost wake would be a deadlock here, which loom reports.
//!
//! The stand-ins: a push from outside is the protocol of `asyncio_core`'s remote queue around a counter, a task is one
//! of the counted, and the reactor is a flag that ends its wait. A light rest ends by itself, hence a model gets by with
//! it only where the protocol gives somebody a light rest; a deep rest ends by a wake alone.

use loom::sync::atomic::fence;
use loom::sync::{Arc, Condvar};
use loom::thread;

use super::*;

/// A flag that stays until it is waited for.
#[derive(Default)]
struct Flag {
    set: Mutex<bool>,
    changed: Condvar,
}

impl Flag {
    fn set(&self) {
        *lock(&self.set) = true;
        self.changed.notify_all();
    }

    /// Waits for the flag and takes it.
    fn wait(&self) {
        let mut set = lock(&self.set);
        while !*set {
            set = self.changed.wait(set).unwrap();
        }
        *set = false;
    }

    fn take(&self) -> bool {
        std::mem::take(&mut *lock(&self.set))
    }
}

/// The pool around a roster.
struct Model {
    roster: Roster<()>,
    injector: Mutex<u32>,
    parked: AtomicBool,
    watch_wanted: AtomicBool,
    /// What is queued by each worker for itself.
    deques: [Mutex<u32>; 2],
    /// The reactor was interrupted.
    interrupted: Flag,
    /// An event came for the reactor, but nobody has turned it since.
    event: AtomicBool,
    /// The event was seen to.
    handled: Flag,
    /// A timer is due, and has not fired.
    timer: Mutex<bool>,
}

impl Model {
    fn new(workers: usize) -> Arc<Model> {
        Arc::new(Model {
            roster: Roster::new(workers, ()),
            injector: Mutex::new(0),
            parked: AtomicBool::new(false),
            watch_wanted: AtomicBool::new(false),
            deques: [Mutex::new(0), Mutex::new(0)],
            interrupted: Flag::default(),
            event: AtomicBool::new(false),
            handled: Flag::default(),
            timer: Mutex::new(false),
        })
    }

    /// A push from outside.
    fn push(&self) {
        *lock(&self.injector) += 1;
        fence(Ordering::SeqCst);
        if self.parked.load(Ordering::Relaxed) && self.parked.swap(false, Ordering::Relaxed) {
            self.roster.wake_one(self);
        }
    }

    /// A push by worker number `worker` on its own thread.
    fn push_own(&self, worker: usize) {
        *lock(&self.deques[worker]) += 1;
        if self.watch_wanted.load(Ordering::Relaxed) && self.watch_wanted.swap(false, Ordering::Relaxed) {
            self.roster.wake_one(self);
        }
    }

    /// An event comes from outside.
    fn event(&self) {
        // A swap, since loom may order a plain store behind a swap that did not see it.
        self.event.swap(true, Ordering::SeqCst);
        self.interrupted.set();
    }

    /// Somebody else makes a timer.
    fn insert_timer(&self) {
        *lock(&self.timer) = true;
        if self.roster.is_driven() {
            self.interrupt();
        }
    }

    fn see_to_event(&self) {
        if self.event.swap(false, Ordering::SeqCst) {
            self.handled.set();
        }
    }

    /// Runs worker number `index` as `worker.rs` does: `step` is called for each task that it takes.
    fn work(&self, index: usize, mut step: impl FnMut()) {
        self.roster.started(index);
        let mut seat = Chair { model: self, index };
        while !self.roster.stopped() {
            if take(&self.deques[index]) || take(&self.injector) {
                step();
            } else {
                self.roster.rest(self, &mut seat);
            }
        }
    }
}

fn take(queue: &Mutex<u32>) -> bool {
    let mut queued = lock(queue);
    let some = *queued > 0;
    *queued -= u32::from(some);
    some
}

impl Place for Model {
    type Drivers = ();
    type Until = bool;
    type Turned = ();

    fn until(&self, (): &mut ()) -> bool {
        *lock(&self.timer)
    }

    fn turn(&self, (): &mut (), due: bool, light: bool) {
        if due || light {
            if !self.interrupted.take() {
                thread::yield_now();
            }
        } else {
            self.interrupted.wait();
        }
        self.see_to_event();
    }

    fn turned(&self, drivers: MutexGuard<'_, ()>, (): ()) {
        drop(drivers);
        if std::mem::take(&mut *lock(&self.timer)) {
            self.roster.stop(self);
        }
    }

    fn interrupt(&self) {
        self.interrupted.set();
    }

    fn prepare_park(&self) -> bool {
        self.parked.swap(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if *lock(&self.injector) == 0 {
            return true;
        }
        self.parked.swap(false, Ordering::Relaxed);
        false
    }

    fn want_watch(&self, wanted: bool) {
        self.watch_wanted.swap(wanted, Ordering::Relaxed);
    }
}

struct Chair<'a> {
    model: &'a Model,
    index: usize,
}

impl Seat for Chair<'_> {
    fn index(&self) -> usize {
        self.index
    }

    fn has_ready(&self) -> bool {
        *lock(&self.model.deques[self.index]) > 0 || *lock(&self.model.injector) > 0
    }

    fn look(&mut self) -> bool {
        let other = 1 - self.index;
        let taken = other < self.model.roster.threads.len() && take(&self.model.deques[other]);
        if taken {
            *lock(&self.model.deques[self.index]) += 1;
        }
        taken
    }
}

/// Checks `model` with at most `preemptions` forced switches, unless the environment says otherwise.
fn check(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(
        builder
            .preemption_bound
            .map_or(preemptions, |bound| bound.min(preemptions)),
    );
    builder.max_branches = 20_000;
    builder.check(model);
}

#[test]
fn loom_no_push_from_outside_is_lost_while_a_worker_goes_to_rest() {
    check(3, || {
        let model = Model::new(1);
        let worker = {
            let model = model.clone();
            thread::spawn(move || {
                let mut left = 2;
                model.work(0, || {
                    left -= 1;
                    if left == 0 {
                        model.roster.stop(&*model);
                    }
                });
            })
        };
        model.push();
        model.push();
        worker.join().unwrap();
    });
}

/// Both rest, one in the reactor and one parked, or are about to.
#[test]
fn loom_no_push_from_outside_is_lost_while_two_workers_go_to_rest() {
    check(2, || {
        let model = Model::new(2);
        let left = Arc::new(AtomicUsize::new(2));
        let workers: Vec<_> = (0..2)
            .map(|index| {
                let (model, left) = (model.clone(), left.clone());
                thread::spawn(move || {
                    model.work(index, || {
                        if left.fetch_sub(1, Ordering::SeqCst) == 1 {
                            model.roster.stop(&*model);
                        }
                    });
                })
            })
            .collect();
        model.push();
        model.push();
        for worker in workers {
            worker.join().unwrap();
        }
    });
}

#[test]
fn loom_stop_ends_every_rest() {
    check(3, || {
        let model = Model::new(2);
        let workers: Vec<_> = (0..2)
            .map(|index| {
                let model = model.clone();
                thread::spawn(move || model.work(index, || unreachable!("nothing was pushed")))
            })
            .collect();
        model.roster.stop(&*model);
        for worker in workers {
            worker.join().unwrap();
        }
    });
}

#[test]
fn loom_a_timer_that_is_made_while_a_worker_goes_to_rest_fires() {
    check(3, || {
        let model = Model::new(1);
        let worker = {
            let model = model.clone();
            // The timer stops the pool.
            thread::spawn(move || model.work(0, || unreachable!("nothing was pushed")))
        };
        model.insert_timer();
        worker.join().unwrap();
    });
}

/// A step that lasts until an event was seen to: another worker must come to wait in the reactor.
#[test]
fn loom_the_drivers_are_taken_over_when_their_holder_leaves() {
    check(2, || {
        let model = Model::new(2);
        let workers: Vec<_> = (0..2)
            .map(|index| {
                let model = model.clone();
                thread::spawn(move || {
                    model.work(index, || {
                        model.event();
                        model.handled.wait();
                        model.roster.stop(&*model);
                    });
                })
            })
            .collect();
        model.push();
        for worker in workers {
            worker.join().unwrap();
        }
    });
}

/// Rule 1: a step that queues a task and lasts until that task has run, which another worker must come and take.
#[test]
fn loom_a_busy_worker_has_somebody_who_looks() {
    check(2, || {
        let model = Model::new(2);
        let steps = Arc::new(AtomicUsize::new(0));
        let ran = Arc::new(Flag::default());
        let workers: Vec<_> = (0..2)
            .map(|index| {
                let (model, steps, ran) = (model.clone(), steps.clone(), ran.clone());
                thread::spawn(move || {
                    model.work(index, || {
                        if steps.fetch_add(1, Ordering::SeqCst) == 0 {
                            model.push_own(index);
                            ran.wait();
                            model.roster.stop(&*model);
                        } else {
                            ran.set();
                        }
                    });
                })
            })
            .collect();
        model.push();
        for worker in workers {
            worker.join().unwrap();
        }
    });
}
