//! The end of a loop: everything is asked to stop, and has time to clean up.
//!
//! All tasks of the loop and of its pool are asked, and the loop turns until they have ended; then those that were
//! made meanwhile are asked, and so on. With a grace period a timer runs beside it: what has not ended when it fires
//! is named in a report and dropped.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use asyncio_core::{ExceptionContext, Outcome, RawTask, StartPool, TaskRef, report};
use asyncio_timers::sleep;

use crate::event_loop::EventLoop;

/// A timer of the loop's own, which runs while cleanup does.
pub(crate) struct OutOfTime {
    came: Rc<Cell<bool>>,
    grace: Duration,
    timer: Option<RawTask<()>>,
}

impl OutOfTime {
    pub(crate) fn start(event_loop: &EventLoop, grace: Duration) -> OutOfTime {
        let came = Rc::new(Cell::new(false));
        let fired = came.clone();
        let timer = event_loop.queue.spawn(async move {
            sleep(grace).await;
            fired.set(true);
            Outcome::Value(())
        });
        OutOfTime {
            came,
            grace,
            timer: timer.ok(),
        }
    }

    pub(crate) fn came(&self) -> bool {
        self.came.get()
    }

    fn is_timer(&self, task: &TaskRef) -> bool {
        self.timer
            .as_ref()
            .is_some_and(|timer| timer.as_task_ref() == task)
    }
}

/// The tasks of the loop and its pool that have not ended, without the loop's own timer.
fn left(event_loop: &EventLoop, timer: Option<&OutOfTime>) -> Vec<TaskRef> {
    let mut tasks = event_loop.queue.tasks();
    tasks.extend(event_loop.pool.tasks());
    tasks.retain(|task| !timer.is_some_and(|timer| timer.is_timer(task)));
    tasks
}

/// Asks all tasks to stop, and turns the loop, which is entered, until they have ended or `grace` is over.
pub(crate) fn cancel_all(event_loop: &mut EventLoop, grace: Option<Duration>) {
    if event_loop.out_of_time {
        return;
    }
    if left(event_loop, None).is_empty() {
        return;
    }
    let timer = grace.map(|grace| OutOfTime::start(event_loop, grace));
    loop {
        let tasks = left(event_loop, timer.as_ref());
        if tasks.is_empty() {
            return;
        }
        let open = Arc::new(AtomicUsize::new(tasks.len()));
        for task in tasks {
            let open = open.clone();
            // It runs on this thread, and so ends the loop's wait for a task of the pool.
            task.add_done_callback(move |_| {
                open.fetch_sub(1, Ordering::Relaxed);
            });
            task.cancel();
        }
        while open.load(Ordering::Relaxed) > 0 {
            // Nobody stops a loop that ends.
            event_loop.queue.stopped();
            if let Err(error) = event_loop.turn() {
                let context =
                    ExceptionContext::new("the loop failed while its tasks were ended").with_error(error);
                report(Some(event_loop.queue.id()), &context);
                return;
            }
            if timer.as_ref().is_some_and(OutOfTime::came) && open.load(Ordering::Relaxed) > 0 {
                report_late(event_loop, timer.as_ref());
                return;
            }
        }
    }
}

/// Names the tasks that have not ended in time. One that only waits for others is not the culprit.
pub(crate) fn report_late(event_loop: &EventLoop, timer: Option<&OutOfTime>) {
    let grace = timer.map_or(Duration::ZERO, |timer| timer.grace);
    for task in left(event_loop, timer) {
        if task.wait().kind.is_of_tasks() {
            continue;
        }
        let message = format!("Task did not end within {grace:?} of the request to stop, and is dropped");
        let context = ExceptionContext::new(message).with_task(task);
        report(Some(event_loop.queue.id()), &context);
    }
}
