//! Callbacks of the owner of a queue, and how a loop is told to stop.

use std::panic::Location;

use super::LoopQueue;
use crate::{Context, DelayedCall, Handle, QueueId, thread};

impl LoopQueue {
    /// Queues a callback behind what is ready now, to run in `context`, or in a copy of the current one. It is no task:
    /// inside it there is no current task.
    ///
    /// # Errors
    ///
    /// Gives the callback back when the queue was closed.
    #[track_caller]
    pub fn call_soon<F: FnOnce() + 'static>(
        &self,
        context: Option<Context>,
        callback: F,
    ) -> Result<Handle, F> {
        if self.state.closed.get() {
            return Err(callback);
        }
        let handle = self.state.call_soon(context, Location::caller(), callback);
        // Who is not in a turn may be about to wait elsewhere: see `prepare_park`.
        self.state.remote.wake_parked();
        Ok(handle)
    }

    /// A callback for later, which a timer queues; otherwise as [`call_soon`](LoopQueue::call_soon).
    ///
    /// # Errors
    ///
    /// Gives the callback back when the queue was closed.
    #[track_caller]
    pub fn delay_call<F: FnOnce() + 'static>(
        &self,
        context: Option<Context>,
        callback: F,
    ) -> Result<(DelayedCall, Handle), F> {
        if self.state.closed.get() {
            return Err(callback);
        }
        let call = self.state.delay_call(context, Location::caller(), callback);
        self.state.remote.wake_parked();
        Ok(call)
    }

    /// Ends a wait that goes on elsewhere, if something is ready: for the owner that was not in a turn when it made it
    /// ready; see [`prepare_park`](LoopQueue::prepare_park).
    pub fn nudge(&self) {
        if self.has_ready() {
            self.state.remote.wake_parked();
        }
    }

    /// Asks the loop to stop when what is ready now has had its turn.
    pub fn stop(&self) {
        self.state.stopping.set(true);
    }

    /// Was the loop asked to stop?
    pub fn is_stopping(&self) -> bool {
        self.state.stopping.get()
    }

    /// The loop has stopped.
    pub fn stopped(&self) {
        self.state.stopping.set(false);
    }
}

/// Asks the loop `queue` to stop, if it is the one that this thread turns. `false`: it is not.
pub fn stop_here(queue: QueueId) -> bool {
    thread::with_loop(|state| {
        let here = state.filter(|state| state.id() == queue);
        here.map(|state| state.stopping.set(true)).is_some()
    })
}
