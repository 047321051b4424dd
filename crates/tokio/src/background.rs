//! `Background`: a tokio runtime on a thread of its own.
//!
//! It has one thread, which runs what is spawned and waits for I/O and timers. Whoever enters its handle, on any thread, has
//! tokio's context; what becomes ready is woken from that thread.
//!
//! Invariant: the runtime is dropped on its own thread, so an end never blocks who asks for it, unless they say so.

use std::io;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// So long the end waits for what runs on tokio's blocking threads. Some of that never ends, such as a read of the
/// standard input.
const GRACE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(crate) struct Background {
    handle: Handle,
    /// Its drop is the request to end.
    stop: Option<oneshot::Sender<()>>,
    ended: oneshot::Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl Background {
    pub(crate) fn start() -> io::Result<Background> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, ended) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("asyncio-tokio".to_owned())
            .spawn(move || {
                // That it fails is what is waited for: the sender is dropped.
                let _ = runtime.block_on(stopped);
                runtime.shutdown_timeout(GRACE);
                let _ = tell.send(());
            })?;
        Ok(Background {
            handle,
            stop: Some(stop),
            ended,
            thread: Some(thread),
        })
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Ends everything that was spawned, and waits until it is gone.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it lets the end go on without anybody waiting.
    pub(crate) async fn end(mut self) {
        drop(self.stop.take());
        // An error: the thread has panicked, in a destructor of what it dropped. That is an end too.
        let _ = (&mut self.ended).await;
        // It has nothing left to do but to leave.
        self.join();
    }

    /// As [`end`](Background::end), blocking the thread.
    pub(crate) fn end_blocking(mut self) {
        drop(self.stop.take());
        self.join();
    }

    fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            // The panic hook has told of a panic.
            let _ = thread.join();
        }
    }
}
