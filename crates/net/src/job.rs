//! `Job`: a blocking call on another thread.
//!
//! It goes to the blocking pool of the loop. Where there is none, on a foreign executor, each job has a thread of its
//! own, so that one that blocks for long (opening a FIFO) holds up no other.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use async_task::{FallibleTask, Runnable};
use asyncio_core::{WaitKind, blocking, waits_for};

/// A blocking call on another thread. Dropped before it has begun, it is withdrawn; once it has, it runs to its end.
#[derive(Debug)]
#[must_use = "a job that is dropped is withdrawn"]
pub(crate) struct Job<T>(FallibleTask<T>);

/// Starts `function` on another thread.
pub(crate) fn start<T: Send + 'static>(function: impl FnOnce() -> T + Send + 'static) -> Job<T> {
    // A job is scheduled once, by hand, and never wakes itself: its schedule function is never called.
    let (job, task) = async_task::Builder::new()
        .propagate_panic(true)
        .spawn(move |()| async move { function() }, drop::<Runnable>);
    // A job that is refused is dropped, and the task tells.
    let _refused = blocking::with(|pool| match pool {
        Some(pool) => pool.submit(job),
        None => {
            let thread = std::thread::Builder::new().name("asyncio-file".to_owned());
            let _started = thread.spawn(move || job.run());
            Ok(())
        }
    });
    Job(task.fallible())
}

impl<T> Job<T> {
    /// Lets the call be made although nobody waits for it.
    pub(crate) fn detach(self) {
        self.0.detach();
    }
}

impl<T> Future for Job<T> {
    type Output = io::Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        let poll = Pin::new(&mut self.0).poll(cx);
        if poll.is_pending() {
            waits_for(WaitKind::Thread, 0);
        }
        let refused = || io::Error::other("no thread takes blocking work: the loop is ending");
        Poll::Ready(ready!(poll).ok_or_else(refused))
    }
}
