//! Callbacks: functions that a loop calls once, in turn with its tasks.
//!
//! A callback lies in the same ready queue as the tasks, so that the order between the two is that of the calls. Its
//! cell is in `call`. Inside it there is no current task. A panic goes to the exception handler.

use std::fmt;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::ptr::NonNull;

use crate::call;
use crate::cell::{Callback, Queued};
use crate::loop_queue::LoopState;
use crate::place::{Kind, QueueId};
use crate::{Context, DelayedCall, Handle, TaskRef, ThreadSafeHandle, report, table, thread};

/// A callback was refused; it comes back.
pub struct CallRefused<F> {
    /// The callback, which was not called.
    pub function: F,
    /// Why.
    pub reason: CallRefusal,
}

/// Why a loop did not take a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallRefusal {
    /// This thread turns no loop.
    NoLoop,
    /// This thread does not turn the loop that was asked for.
    WrongThread,
    /// The loop was closed.
    Closed,
}

impl LoopState {
    /// Queues a callback, on the thread of this loop.
    #[inline]
    pub(crate) fn call_soon<F: FnOnce() + 'static>(
        &self,
        context: Option<Context>,
        location: &'static Location<'static>,
        function: F,
    ) -> Handle {
        #[expect(unsafe_code, reason = "a cell for the ready queue")]
        // SAFETY: the state is not Send, so this is the loop's thread; the handle stays here, and so does the queue.
        let (queued, handle) = unsafe { call::local(self.id(), context, location, function) };
        self.push(Queued::from_call(queued));
        Handle::new(handle)
    }

    /// A callback for later, on the thread of this loop.
    pub(crate) fn delay_call<F: FnOnce() + 'static>(
        &self,
        context: Option<Context>,
        location: &'static Location<'static>,
        function: F,
    ) -> (DelayedCall, Handle) {
        #[expect(unsafe_code, reason = "a cell for a timer")]
        // SAFETY: this is the loop's thread, and neither of the two leaves it.
        let (call, handle) = unsafe { call::local(self.id(), context, location, function) };
        (DelayedCall::new(call), Handle::new(handle))
    }
}

impl fmt::Display for CallRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CallRefusal::NoLoop => "no running event loop: call this inside `asyncio::run`",
            CallRefusal::WrongThread => {
                "the event loop does not run on this thread: use call_soon_threadsafe"
            }
            CallRefusal::Closed => "Event loop is closed",
        })
    }
}

impl std::error::Error for CallRefusal {}

impl<F> fmt::Display for CallRefused<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

impl<F> std::error::Error for CallRefused<F> {}

impl<F> fmt::Debug for CallRefused<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CallRefused").field(&self.reason).finish()
    }
}

/// Queues a callback on the loop that this thread turns, behind what is ready now. With a `queue` it must be that one.
///
/// # Errors
///
/// Gives the callback back when this thread does not turn such a loop, or the loop was closed.
#[inline]
pub fn call_soon<F: FnOnce() + 'static>(
    queue: Option<QueueId>,
    context: Option<Context>,
    location: &'static Location<'static>,
    function: F,
) -> Result<Handle, CallRefused<F>> {
    match here(queue) {
        Ok(state) => Ok(state.call_soon(context, location, function)),
        Err(reason) => Err(CallRefused { function, reason }),
    }
}

/// A callback for later on the loop that this thread turns; a timer queues it. Otherwise as [`call_soon`].
///
/// # Errors
///
/// As for [`call_soon`].
pub fn delay_call<F: FnOnce() + 'static>(
    queue: Option<QueueId>,
    context: Option<Context>,
    location: &'static Location<'static>,
    function: F,
) -> Result<(DelayedCall, Handle), CallRefused<F>> {
    match here(queue) {
        Ok(state) => Ok(state.delay_call(context, location, function)),
        Err(reason) => Err(CallRefused { function, reason }),
    }
}

/// The loop that this thread turns, if it is open, and the one that is asked for.
#[inline]
fn here<'a>(queue: Option<QueueId>) -> Result<&'a LoopState, CallRefusal> {
    let state = thread::with_loop(|state| match state {
        Some(state) if queue.is_some_and(|queue| queue != state.id()) => Err(CallRefusal::WrongThread),
        Some(state) if state.is_closed() => Err(CallRefusal::Closed),
        Some(state) => Ok(NonNull::from(state)),
        None if queue.is_none() => Err(CallRefusal::NoLoop),
        None => Err(CallRefusal::WrongThread),
    })?;
    #[expect(unsafe_code, reason = "the loop is used outside of the closure that found it")]
    // SAFETY: this thread turns the loop at least until the function that entered it goes on, which is below the
    // callers' on the stack; they use it no longer than they run.
    Ok(unsafe { state.as_ref() })
}

/// Queues a callback on the loop `queue`, from any thread. Where that is gone the callback is dropped.
#[track_caller]
pub fn call_soon_threadsafe<F: FnOnce() + Send + 'static>(queue: QueueId, function: F) -> ThreadSafeHandle {
    call_soon_threadsafe_in(queue, None, function)
}

/// Queues a callback on the loop `queue`, from any thread, to run in `context`.
#[track_caller]
pub fn call_soon_threadsafe_in<F: FnOnce() + Send + 'static>(
    queue: QueueId,
    context: Option<Context>,
    function: F,
) -> ThreadSafeHandle {
    let (call, handle) = call::shared(queue, context, Location::caller(), function);
    if thread::home() == queue.home_of_loop() {
        thread::push_call(call);
    } else if table::is_there(queue) {
        table::remote(queue).push(Queued::from_call(call));
    } else {
        call.cancel();
    }
    ThreadSafeHandle::new(handle)
}

/// Calls what waits for the end of `task`.
pub(crate) fn call(task: &TaskRef, callback: Callback) {
    let of_task = task.clone();
    let place = task.header().place;
    let queue = match place.kind() {
        Kind::Loop => Some(place.queue()),
        Kind::Pool => table::pool(place.queue()).and_then(|pool| pool.home()),
        Kind::Foreign => None,
    };
    match queue {
        Some(queue) => drop(call_soon_threadsafe(queue, move || callback(&of_task))),
        None => {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(move || callback(&of_task))) {
                report::callback_panicked(place.queue(), None, panic);
            }
        }
    }
}
