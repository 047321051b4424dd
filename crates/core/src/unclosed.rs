//! `Unclosed`: what was opened in debug mode and is dropped without being closed is reported, with the place where it was
//! opened.
//!
//! Dropping closes, here as everywhere in Rust. But nobody waits for such an end: what was to be sent may be lost with the
//! loop, a child lives on without an owner. Outside of debug mode nothing is remembered but an empty box.

use std::fmt;
use std::panic::Location;

use crate::place::QueueId;
use crate::{ExceptionContext, home_loop, report, table};

/// What one remembers of itself that is to be closed; nothing outside of debug mode.
#[derive(Default)]
pub struct Unclosed(Option<Box<Opened>>);

struct Opened {
    queue: QueueId,
    location: &'static Location<'static>,
}

impl Unclosed {
    /// Remembers the place, if the loop that runs here, or to whose pool this thread belongs, is in debug mode.
    pub fn opened_at(location: &'static Location<'static>) -> Unclosed {
        let queue = home_loop().filter(|queue| is_debug(*queue));
        Unclosed(queue.map(|queue| Box::new(Opened { queue, location })))
    }

    /// It is being dropped: reports it, unless it is closed as far as `is_closed` knows, or there is a panic on its way that
    /// explains it. Once.
    pub fn dropped(&mut self, message: &str, is_closed: impl FnOnce() -> bool) {
        let Some(opened) = self.0.take() else {
            return;
        };
        if is_closed() || std::thread::panicking() {
            return;
        }
        let context = ExceptionContext::new(message).with_location(opened.location);
        report::report(Some(opened.queue), &context);
    }
}

impl fmt::Debug for Unclosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.0.as_ref().map(|opened| opened.location);
        f.debug_tuple("Unclosed").field(&place).finish()
    }
}

/// Says whether the loop `queue` is in debug mode, from any thread.
pub fn set_debug(queue: QueueId, debug: bool) {
    table::set_debug(queue, debug);
}

/// Is the loop `queue` in debug mode? `false` if it is gone.
pub fn is_debug(queue: QueueId) -> bool {
    table::is_debug(queue)
}
