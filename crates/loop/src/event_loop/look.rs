//! The look at the reactor in a turn, and how long it takes beyond what was to be waited for.
//!
//! In debug mode it is timed: what it takes after the system came back, or after the deadline, or at all where nothing was to
//! be waited for, is time in which no task runs. It is the wakers that somebody else wrote, or a system that has too much to do.

use std::io;
use std::time::{Duration, Instant};

use asyncio_core::ExceptionContext;

use super::EventLoop;

/// How long to wait for events.
#[derive(Debug, Clone, Copy)]
pub(super) enum Look {
    /// Not at all.
    Now,
    /// Until the instant, or for ever.
    Until(Option<Instant>),
}

impl EventLoop {
    /// Looks for events, and wakes who waits for them. It is only timed if somebody is to be told.
    #[inline]
    pub(super) fn look<const TELL: bool>(&mut self, look: Look) -> io::Result<()> {
        let limit = if TELL {
            self.handle.switches().limit()
        } else {
            None
        };
        match limit {
            None => self.look_untimed(look),
            Some(limit) => self.look_timed(look, limit),
        }
    }

    #[inline]
    fn look_untimed(&mut self, look: Look) -> io::Result<()> {
        let (reactor, driver) = (&mut self.reactor, &mut self.driver);
        self.queue.enter(|| match (look, driver) {
            (Look::Now, None) => reactor.poll().map(drop),
            (Look::Now, Some(driver)) => driver.look(reactor),
            (Look::Until(until), None) => reactor.turn(until).map(drop),
            (Look::Until(until), Some(driver)) => driver.wait(reactor, until),
        })
    }

    #[cold]
    fn look_timed(&mut self, look: Look, limit: Duration) -> io::Result<()> {
        let start = Instant::now();
        self.reactor.time_waits(true);
        let looked = self.look_untimed(look);
        let returned = self.reactor.time_waits(false);
        let begin = match (look, returned) {
            (Look::Now, _) => start,
            (Look::Until(Some(until)), Some(returned)) if until < returned => until.max(start),
            (Look::Until(_), Some(returned)) => returned,
            // A driver that has not waited in the reactor is its own affair.
            (Look::Until(_), None) => return looked,
        };
        let took = begin.elapsed();
        if took >= limit {
            let message = format!("Polling for I/O took {:.3} seconds", took.as_secs_f64());
            self.handle
                .call_exception_handler(&ExceptionContext::new(message));
        }
        looked
    }
}
