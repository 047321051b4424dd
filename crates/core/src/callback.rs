//! Callbacks: functions that a loop calls once, in turn with its tasks.
//!
//! A callback lies in the same ready queue as the tasks, as a cell that is in no registry, so that the order between
//! the two is that of the calls. Inside it there is no current task. A panic goes to the exception handler.

use std::future::Future;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::cell::{self, Callback, Queued};
use crate::place::{Kind, Place, QueueId, UNLISTED};
use crate::{Outcome, TaskRef, report, table, thread};

/// The future of a callback's cell.
struct Call<F> {
    function: Option<F>,
    queue: QueueId,
}

impl<F> Unpin for Call<F> {}

impl<F: FnOnce()> Future for Call<F> {
    type Output = Outcome<()>;

    fn poll(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Outcome<()>> {
        if let Some(function) = self.function.take() {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(function)) {
                report::callback_panicked(self.queue, panic);
            }
        }
        Poll::Ready(Outcome::Value(()))
    }
}

#[track_caller]
fn make<F: FnOnce()>(queue: QueueId, function: F) -> Queued {
    let call = Call {
        function: Some(function),
        queue,
    };
    let place = Place::new(queue, Kind::Loop, UNLISTED);
    #[expect(unsafe_code, reason = "a cell for the ready queue")]
    // SAFETY: the callers see to where the function runs; the one reference goes into the queue.
    unsafe {
        Queued::from_raw(cell::make(place, 1, Location::caller(), call))
    }
}

/// A callback for the ready queue of this thread's loop.
#[track_caller]
pub(crate) fn here<F: FnOnce() + 'static>(queue: QueueId, function: F) -> Queued {
    let callback = make(queue, function);
    callback.mark_ready();
    callback
}

/// Queues a callback on the loop `queue`, from any thread. Where that is gone the callback is dropped.
#[track_caller]
pub fn call_soon_threadsafe<F: FnOnce() + Send + 'static>(queue: QueueId, function: F) {
    if thread::home() == queue.home_of_loop() {
        thread::push_ready(here(queue, function));
    } else if table::is_there(queue) {
        table::remote(queue).push(make(queue, function));
    }
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
        Some(queue) => call_soon_threadsafe(queue, move || callback(&of_task)),
        None => {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(move || callback(&of_task))) {
                report::callback_panicked(place.queue(), panic);
            }
        }
    }
}
