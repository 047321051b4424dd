//! What turns a loop: until a future is done, or until it is told to stop.

use std::future::Future;
use std::panic::Location;

use asyncio_core::{current_loop, inherit_context};

use super::EventLoop;
use crate::RunError;
use crate::main_task::{MainOptions, run_main};

impl EventLoop {
    /// Runs the loop until `future` is done, as a task, and hands out its value.
    ///
    /// Callbacks and tasks that are left stay in the loop and go on when it is run next. The future may borrow from the
    /// caller; one that is not to end with this call is made a task, of which the handle is given here.
    ///
    /// # Errors
    ///
    /// [`RunError::Stopped`] when the loop was told to stop first: the future is dropped. [`RunError::Nested`] when a
    /// loop runs on this thread already, [`RunError::Closed`] when this one was closed, and [`RunError::Cancelled`] when
    /// somebody cancelled the future's task.
    ///
    /// # Panics
    ///
    /// When the future panics.
    ///
    /// # Python
    ///
    /// `loop.run_until_complete`.
    ///
    /// # Examples
    ///
    /// ```
    /// use asyncio_loop::{EventLoop, RunError, get_running_loop};
    ///
    /// let mut event_loop = EventLoop::new()?;
    /// let stopped = event_loop.run_until_complete(async {
    ///     get_running_loop().stop();
    ///     std::future::pending::<()>().await;
    /// });
    /// assert!(matches!(stopped, Err(RunError::Stopped)));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn run_until_complete<F: Future>(&mut self, future: F) -> Result<F::Output, RunError> {
        let location = Location::caller();
        self.check()?;
        let options = MainOptions {
            handle_sigint: false,
            grace: None,
            context: inherit_context().unwrap_or_default(),
            location,
        };
        self.entered(|this| run_main(this, options, future))
    }

    /// Runs the loop until it is told to [`stop`](crate::LoopHandle::stop).
    ///
    /// Told before, it looks for events without waiting, runs what is ready, and returns.
    ///
    /// # Errors
    ///
    /// [`RunError::Nested`] when a loop runs on this thread already, [`RunError::Closed`] when this one was closed, and
    /// [`RunError::Io`] when its reactor fails.
    ///
    /// # Python
    ///
    /// `loop.run_forever()`.
    pub fn run_forever(&mut self) -> Result<(), RunError> {
        self.check()?;
        let turned = self.entered(|this| {
            loop {
                this.turn()?;
                if this.queue.is_stopping() {
                    return Ok(());
                }
            }
        });
        self.queue.stopped();
        turned
    }

    /// Tells the loop to stop: the next run looks for events without waiting, runs what is ready, and returns. A loop
    /// that runs is told by its [handle](crate::LoopHandle::stop).
    ///
    /// # Python
    ///
    /// `loop.stop()`.
    pub fn stop(&self) {
        self.queue.stop();
    }

    /// May the loop be run, here and now?
    pub(super) fn check(&self) -> Result<(), RunError> {
        if self.is_closed() {
            return Err(RunError::Closed);
        }
        if current_loop().is_some() {
            return Err(RunError::Nested);
        }
        self.check_fork()?;
        Ok(())
    }
}
