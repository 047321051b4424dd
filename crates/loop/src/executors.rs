//! Blocking work through a handle: on the loop's default executor, or on another.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use asyncio_core::blocking::RunBlocking;
use asyncio_tasks::{BlockingCall, Promise, call_blocking};

use crate::LoopHandle;

/// Blocking work did not end in the time that it had; its threads are left to themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExecutorBusy(());

impl fmt::Display for ExecutorBusy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the executor did not finish joining its threads in time")
    }
}

impl std::error::Error for ExecutorBusy {}

impl LoopHandle {
    /// Hands `function` to `executor`, or without one to the loop's default executor, now and from any thread. It runs
    /// in a copy of the current context.
    ///
    /// # Errors
    ///
    /// Awaiting gives a [`JoinError`](asyncio_tasks::JoinError) when the function panicked, or when it was refused, as
    /// the executor was shut down or the loop closed: it counts as cancelled then.
    ///
    /// # Cancel safety
    ///
    /// Dropped while the function waits for a thread, the future withdraws it. A function that runs runs to its end.
    ///
    /// # Python
    ///
    /// `loop.run_in_executor`.
    ///
    /// # Examples
    ///
    /// ```
    /// use asyncio_executor::BlockingPool;
    /// use asyncio_loop::get_running_loop;
    ///
    /// let sum = asyncio_loop::run(async {
    ///     let this = get_running_loop();
    ///     let one = this.run_in_executor(None, || 40).await.unwrap();
    ///     let pool = BlockingPool::builder().max_threads(1).build().unwrap();
    ///     one + this.run_in_executor(Some(&pool), || 2).await.unwrap()
    /// });
    /// assert_eq!(sum, 42);
    /// ```
    pub fn run_in_executor<F, T>(&self, executor: Option<&dyn RunBlocking>, function: F) -> BlockingCall<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        call_blocking(executor.unwrap_or(&**self.blocking()), function)
    }

    /// Lets `executor` run what [`run_in_executor`](LoopHandle::run_in_executor) gets without one, what `to_thread`
    /// gets, and name look-ups. What the former one has goes on there.
    ///
    /// # Python
    ///
    /// `loop.set_default_executor`, which takes pools of threads only.
    pub fn set_default_executor(&self, executor: Arc<dyn RunBlocking>) {
        self.blocking().give(executor);
    }

    /// Ends the default executor: it takes nothing more, and this waits until what it has is done, without an end or for
    /// `timeout`. One that was never used ends at once.
    ///
    /// # Errors
    ///
    /// When the time was over first. The threads go on.
    ///
    /// # Cancel safety
    ///
    /// The executor is ended all the same; nobody waits for it.
    ///
    /// # Python
    ///
    /// `loop.shutdown_default_executor(timeout)`, which warns in place of the error.
    pub async fn shutdown_default_executor(&self, timeout: Option<Duration>) -> Result<(), ExecutorBusy> {
        let blocking = self.blocking().clone();
        let ended = Promise::new();
        let of_thread = ended.clone();
        // Not a thread of the executor that ends.
        let waiting = std::thread::Builder::new()
            .name("asyncio-shutdown".to_owned())
            .spawn(move || {
                let clean = blocking.shut_down(timeout.unwrap_or(Duration::MAX));
                // Nobody may wait for it any more.
                let _ = of_thread.set_result(clean);
            });
        if waiting.is_err() {
            return Err(ExecutorBusy(()));
        }
        match ended.await {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(ExecutorBusy(())),
        }
    }
}
