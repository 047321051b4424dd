//! The main task of a run: the future that `run` was called with, which may borrow from the caller.

use std::cell::Cell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context as PollContext, Poll};
use std::time::Duration;

use asyncio_core::{Context, LoopQueue, Outcome, TaskRef};
use asyncio_tasks::raw::Root;

use crate::RunError;
use crate::event_loop::EventLoop;
use crate::shutdown::{OutOfTime, report_late};
use crate::sigint::Sigint;

pub(crate) struct MainOptions {
    pub(crate) handle_sigint: bool,
    pub(crate) grace: Option<Duration>,
    pub(crate) context: Context,
    pub(crate) location: &'static Location<'static>,
}

/// The main future, which tells when it is gone.
struct Main<F> {
    future: F,
    _alive: Alive,
}

/// Clears the flag when it is dropped.
struct Alive(Rc<Cell<bool>>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

impl<F: Future> Future for Main<F> {
    type Output = F::Output;

    #[expect(unsafe_code, reason = "a pin projection")]
    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut PollContext<'_>) -> Poll<F::Output> {
        // SAFETY: a structural projection; `Main` has no destructor of its own, and `future` is never moved.
        unsafe { self.map_unchecked_mut(|main| &mut main.future) }.poll(cx)
    }
}

/// Ends the main task, if it has not ended, before the caller's frame does: the task borrows from there.
struct EndMain<'a> {
    queue: &'a LoopQueue,
    task: TaskRef,
    alive: Rc<Cell<bool>>,
}

impl Drop for EndMain<'_> {
    fn drop(&mut self) {
        while self.alive.get() {
            self.task.abort();
            self.queue.take_remote();
            self.queue.tick(0);
        }
    }
}

/// Runs `main` as a task of the loop, which is entered, until it has ended.
pub(crate) fn run_main<F: Future>(
    event_loop: &mut EventLoop,
    options: MainOptions,
    main: F,
) -> Result<F::Output, RunError> {
    let sigint = if options.handle_sigint {
        Sigint::install(&event_loop.reactor.handle())
    } else {
        None
    };
    event_loop.own_sources = usize::from(sigint.is_some());
    let alive = Rc::new(Cell::new(true));
    let main = Root::new(Main {
        future: main,
        _alive: Alive(alive.clone()),
    });
    let context = options.context;
    // SAFETY: `end` below is dropped before this function's caller goes on, however that happens, and returns only
    // when the future is gone. The handle goes with this function.
    #[expect(unsafe_code, reason = "the main future may borrow from the caller of run")]
    let spawned = unsafe {
        event_loop
            .queue
            .spawn_borrowing(main, options.location, |task| task.set_context(Some(context)))
    };
    let Ok(mut task) = spawned else {
        return Err(RunError::Closed);
    };
    let main = task.as_task_ref().clone();
    let mut interrupted = false;
    let turned = catch_unwind(AssertUnwindSafe(|| {
        let mut late: Option<OutOfTime> = None;
        while alive.get() {
            event_loop.turn()?;
            if !interrupted && sigint.as_ref().is_some_and(Sigint::came) {
                interrupted = true;
                main.cancel();
                late = options.grace.map(|grace| OutOfTime::start(event_loop, grace));
            }
            if late.as_ref().is_some_and(OutOfTime::came) && alive.get() {
                report_late(event_loop, late.as_ref());
                event_loop.out_of_time = true;
                break;
            }
            if event_loop.queue.is_stopping() {
                break;
            }
        }
        Ok(())
    }));
    let stopped = event_loop.queue.is_stopping() && alive.get();
    event_loop.queue.stopped();
    // As in Python: if somebody else asked too, it is not the user's Ctrl-C alone.
    let by_ctrl_c = interrupted && main.cancelling() <= 1;
    // The future is gone from here on.
    drop(EndMain {
        queue: &event_loop.queue,
        task: main.clone(),
        alive,
    });
    match turned {
        Err(panic) => resume_unwind(panic),
        Ok(Err(error)) => return Err(RunError::Io(error)),
        Ok(Ok(())) => {}
    }
    if stopped {
        return Err(RunError::Stopped);
    }
    match task.take() {
        Some(Outcome::Value(value)) => Ok(value),
        Some(Outcome::Panicked(panic)) => resume_unwind(panic),
        Some(Outcome::Cancelled(_)) | None if by_ctrl_c => Err(RunError::KeyboardInterrupt),
        Some(Outcome::Cancelled(_)) | None => Err(RunError::Cancelled),
    }
}
