//! The background thread that turns a reactor for sources made where no reactor was entered.
//!
//! It is started at the first need and lives as long as the process. A forked child has no such thread, so it starts
//! one of its own. If the reactor fails, the thread closes it (whoever waits gets an error) and the next need starts
//! another one.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::handle::Handle;
use crate::reactor::Reactor;

static FALLBACK: Mutex<Option<Handle>> = Mutex::new(None);

/// The reactor of the background thread.
pub(crate) fn handle() -> io::Result<Handle> {
    let mut fallback = FALLBACK.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = &*fallback {
        if handle.is_ours() && !handle.is_closed() {
            return Ok(handle.clone());
        }
    }
    let reactor = Reactor::new()?;
    let handle = reactor.handle();
    thread::Builder::new()
        .name("asyncio-reactor".into())
        .spawn(move || turn_for_ever(reactor))?;
    *fallback = Some(handle.clone());
    Ok(handle)
}

fn turn_for_ever(mut reactor: Reactor) {
    // A waker that panics is somebody else's fault: the others' I/O goes on. The panic hook has reported it.
    while let Ok(Ok(_)) | Err(_) =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| reactor.turn(None)))
    {}
}
