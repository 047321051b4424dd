//! Steps that take too long, as debug mode watches for them.

use std::time::{Duration, Instant};

use crate::cell::Queued;
use crate::{ExceptionContext, TaskRef, report};

/// Takes a step, and reports it if it takes too long.
#[cold]
pub(crate) fn watch(queued: Queued, limit: Duration) {
    let (task, location, queue) = match queued.as_call_ref() {
        Some(call) => (None, call.location(), call.queue()),
        None => {
            let task: TaskRef = queued.task();
            let (location, queue) = (task.location(), task.header().place.queue());
            (Some(task), location, queue)
        }
    };
    let start = Instant::now();
    queued.run();
    let took = start.elapsed();
    if took < limit {
        return;
    }
    let what = if task.is_some() {
        "a task's step"
    } else {
        "a callback"
    };
    let message = format!("Executing {what} took {:.3} seconds", took.as_secs_f64());
    let context = match task {
        Some(task) => ExceptionContext::new(message).with_task(task),
        None => ExceptionContext::new(message).with_location(location),
    };
    report::report(Some(queue), &context);
}
