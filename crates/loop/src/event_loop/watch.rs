//! What lets others look at a loop: the entry in the process's list, the introspection socket, the watchdog.

use std::io;

use super::EventLoop;
use crate::metrics::Now;
use crate::watchdog;
use crate::watched::Watching;

/// What lives as long as others may look.
#[derive(Default)]
pub(super) struct Watch {
    listed: Option<Watching>,
    watchdog: Option<watchdog::Awake>,
    #[cfg(unix)]
    _socket: Option<crate::introspect::Open>,
}

impl EventLoop {
    /// Opens what the options ask for.
    pub(super) fn begin_watch(&mut self) -> io::Result<()> {
        #[cfg(unix)]
        if self.options.introspect {
            self.be_listed();
            self.watch._socket = Some(crate::introspect::open()?);
            self.handle.metrics();
        }
        if self.options.debug {
            self.be_watched();
        }
        Ok(())
    }

    /// Debug mode is on: the watchdog looks at the loop.
    pub(super) fn be_watched(&mut self) {
        if self.watch.watchdog.is_none() {
            self.be_listed();
            self.watch.watchdog = Some(watchdog::wake());
        }
    }

    fn be_listed(&mut self) {
        if self.watch.listed.is_none() {
            self.queue.watch();
            self.watch.listed = Some(Watching::start(self.handle.clone()));
        }
    }

    /// Writes down the numbers of a turn, for who asked.
    #[inline]
    pub(super) fn publish(&self, steps: usize) {
        let now = Now {
            ready: self.queue.ready_len(),
            tasks: self.queue.live(),
            timers: self.timers.len(),
            sources: self.reactor.source_count().saturating_sub(self.own_sources),
        };
        self.handle.published().turned(steps, now);
    }
}
