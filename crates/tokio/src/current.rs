//! Which runtime of tokio serves this thread.
//!
//! The one that is entered, if there is one; else that of the loop; else one for the process, which never ends, as with the
//! fallback threads of the other crates.
//!
//! Invariant: a runtime that a loop started is gone when the loop is closed, with everything that was spawned on it.

use std::io;
use std::sync::{Mutex, PoisonError};

use asyncio_core::of_loop;
use tokio::runtime::Handle;

use crate::background::Background;

#[derive(Debug)]
enum Runtime {
    /// Started for this loop.
    Own(Background),
    /// Somebody else's, for instance that of the loop's driver.
    Others(Handle),
}

/// What a loop keeps.
#[derive(Debug, Default)]
struct OfLoop {
    runtime: Mutex<Option<Runtime>>,
}

impl OfLoop {
    fn handle(&self) -> io::Result<Handle> {
        let mut runtime = self.runtime.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = &*runtime {
            return Ok(runtime.handle());
        }
        let started = Runtime::Own(Background::start()?);
        Ok(runtime.insert(started).handle())
    }
}

impl Runtime {
    fn handle(&self) -> Handle {
        match self {
            Runtime::Own(background) => background.handle().clone(),
            Runtime::Others(handle) => handle.clone(),
        }
    }
}

impl Drop for OfLoop {
    fn drop(&mut self) {
        let runtime = self.runtime.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(Runtime::Own(background)) = runtime.take() {
            background.end_blocking();
        }
    }
}

static OF_PROCESS: OfLoop = OfLoop {
    runtime: Mutex::new(None),
};

/// The runtime that serves this thread: the one that is entered here, if there is one; else that of the loop that this
/// thread runs or works for, which is started now if need be and ends when the loop is closed; else one for the whole
/// process.
///
/// # Errors
///
/// When a runtime has to be started, and the operating system has no descriptor or thread to spare.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// asyncio::run(async {
///     let handle = asyncio_tokio::handle()?;
///     let task = handle.spawn(async {
///         tokio::time::sleep(Duration::from_millis(1)).await;
///         7
///     });
///     // To await what tokio runs needs nothing of tokio.
///     assert_eq!(task.await?, 7);
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn handle() -> io::Result<Handle> {
    if let Ok(entered) = Handle::try_current() {
        return Ok(entered);
    }
    match of_loop(OfLoop::default) {
        Some(of_loop) => of_loop.handle(),
        None => OF_PROCESS.handle(),
    }
}

/// What runs on this thread's loop and its pool is served by the given runtime, unless they are served already.
pub(crate) fn serve(handle: &Handle) {
    if let Some(of_loop) = of_loop(OfLoop::default) {
        let mut runtime = of_loop.runtime.lock().unwrap_or_else(PoisonError::into_inner);
        runtime.get_or_insert_with(|| Runtime::Others(handle.clone()));
    }
}
