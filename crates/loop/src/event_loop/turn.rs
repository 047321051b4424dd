//! The turn of a loop: poll, fire, tick.
//!
//! What other threads woke is moved over first, and readers that were called are queued again if they are still ready.
//! When nothing is ready the loop parks in the reactor until an event, a timer or a wake from another thread; then the
//! timers that are due fire, and the ready tasks and callbacks take a step each (see `LoopQueue::tick` for how many). While
//! something is ready the reactor is only looked at, and not even that when nothing is registered with it: a loop that
//! only computes makes no system call.
//!
//! Invariant: between `prepare_park` and `unparked` the loop does nothing but wait, so that each wake from another
//! thread either is seen before the wait or ends it.
//!
//! A turn looks once whether anybody is to be told of it, debug mode or who asked for numbers; the rest is compiled for either
//! case (`TELL`), so that an untold turn pays nothing more.

use std::io;
use std::time::{Duration, Instant};

use super::EventLoop;
use super::look::Look;

impl EventLoop {
    /// Turns the loop once.
    ///
    /// What becomes ready in the reactor and the timers is woken inside the queue: such a wake takes no lock.
    pub(crate) fn turn(&mut self) -> io::Result<()> {
        if self.handle.switches().all_off() {
            self.take_turn::<false>()
        } else {
            self.take_turn::<true>()
        }
    }

    fn take_turn<const TELL: bool>(&mut self) -> io::Result<()> {
        self.queue.take_remote();
        self.ask_watches();
        if self.queue.has_ready() || self.queue.is_stopping() {
            if self.driver.is_some() || self.reactor.source_count() > self.own_sources {
                self.look::<TELL>(Look::Now)?;
            }
        } else {
            self.wait::<TELL>(None)?;
            self.queue.take_remote();
        }
        self.fire_and_tick::<TELL>();
        Ok(())
    }

    /// Turns the loop once, and waits until `limit` at most.
    pub(crate) fn turn_until(&mut self, limit: Instant) -> io::Result<()> {
        if self.handle.switches().all_off() {
            self.take_turn_until::<false>(limit)
        } else {
            self.take_turn_until::<true>(limit)
        }
    }

    fn take_turn_until<const TELL: bool>(&mut self, limit: Instant) -> io::Result<()> {
        self.queue.take_remote();
        self.ask_watches();
        if self.queue.has_ready() || self.queue.is_stopping() || limit <= Instant::now() {
            // Looked at even if nothing is registered: a host that waits on the descriptor wants it to be quiet again.
            self.look::<TELL>(Look::Now)?;
        } else {
            self.wait::<TELL>(Some(limit))?;
        }
        self.queue.take_remote();
        self.fire_and_tick::<TELL>();
        Ok(())
    }

    /// Readers and writers that were called and are still ready are events too.
    pub(super) fn ask_watches(&self) {
        if self.watches.is_asking() {
            self.queue.enter(|| self.watches.ask_again());
        }
    }

    fn fire_and_tick<const TELL: bool>(&mut self) {
        if !self.timers.is_empty() {
            self.queue.enter(|| self.timers.fire(self.options.clock.now()));
        }
        if TELL {
            self.tick_and_tell();
        } else {
            self.queue.tick(self.options.tick_budget);
        }
    }

    /// A tick in debug mode, or one of which numbers are kept.
    #[cold]
    fn tick_and_tell(&mut self) {
        let steps = match self.handle.switches().limit() {
            None => self.queue.tick(self.options.tick_budget),
            Some(limit) => {
                self.be_watched();
                self.queue.tick_watched(self.options.tick_budget, limit)
            }
        };
        if self.handle.switches().keeps_metrics() {
            self.publish(steps);
        }
    }

    /// When the next timer is due, on the system's clock.
    pub(super) fn real_deadline(&self) -> Option<Instant> {
        let deadline = self.timers.next_deadline()?;
        Some(self.options.clock.real(deadline))
    }

    fn wait<const TELL: bool>(&mut self, limit: Option<Instant>) -> io::Result<()> {
        let deadline = match self.options.clock.is_mock() {
            false => self.real_deadline(),
            true => match self.jump() {
                Jump::Jumped => return Ok(()),
                Jump::Wait(deadline) => deadline,
            },
        };
        if !self.queue.prepare_park() {
            return Ok(());
        }
        let until = match (deadline, limit) {
            (Some(deadline), Some(limit)) => Some(deadline.min(limit)),
            (one, other) => one.or(other),
        };
        let turned = self.look::<TELL>(Look::Until(until));
        self.queue.unparked();
        turned
    }

    /// With a mock clock: moves it to the next deadline, unless something real is awaited.
    fn jump(&mut self) -> Jump {
        let Some(clock) = self.options.clock.as_mock() else {
            return Jump::Wait(None);
        };
        // Before the look at the deadlines: a pool at rest makes no new ones.
        let pool_steps = self.pool.steps();
        let pool_rests = self.pool.is_quiet();
        let deadlines = [self.timers.next_deadline(), self.pool.next_deadline()];
        let Some(next) = deadlines.into_iter().flatten().min() else {
            // What a task of the pool waits for may end without the loop, and a timer come after it.
            let idle = pool_rests && self.pool.is_empty();
            return Jump::Wait((!idle).then(|| Instant::now() + POOL_RECHECK));
        };
        if !pool_rests {
            return Jump::Wait(Some(Instant::now() + POOL_RECHECK));
        }
        let outstanding = asyncio_core::blocking::RunBlocking::outstanding(&*self.blocking);
        let pool_io = self.pool.sources() > 0;
        if self.reactor.source_count() > self.own_sources || outstanding > 0 || pool_io {
            let Some(patience) = self.options.autojump_after else {
                let silent = pool_io || (outstanding > 0 && self.blocking.ends_silently());
                return Jump::Wait(silent.then(|| Instant::now() + IO_RECHECK));
            };
            let until = Instant::now() + patience;
            if !self.queue.prepare_park() {
                return Jump::Jumped;
            }
            let turned = self.queue.enter(|| self.reactor.turn(Some(until)));
            self.queue.unparked();
            if turned.is_err() || self.queue.has_ready() || Instant::now() < until {
                return Jump::Jumped;
            }
        }
        // Threads and workers hand over what they have before they count as idle: who waited for that comes first, and may
        // want to be woken earlier.
        if self.queue.has_remote() || !self.pool.is_quiet() || self.pool.steps() != pool_steps {
            return Jump::Jumped;
        }
        clock.advance_to(next);
        self.pool.clock_moved();
        Jump::Jumped
    }
}

/// A pool that is busy says nothing when it comes to rest: with a mock clock the loop looks again.
const POOL_RECHECK: Duration = Duration::from_micros(200);
/// Neither does an executor of somebody else when its last job has ended, nor a socket of the pool that is closed.
const IO_RECHECK: Duration = Duration::from_millis(1);

enum Jump {
    /// The clock was moved, or something came: look again.
    Jumped,
    /// Wait for an event, until the given instant.
    Wait(Option<Instant>),
}
