//! `Feeder`: puts bytes into a reader that has no connection.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use asyncio_core::{WaitKind, waits_for};

#[derive(Default)]
struct State {
    bytes: Vec<u8>,
    eof: bool,
    error: Option<io::Error>,
    waker: Option<Waker>,
}

type Shared = Arc<Mutex<State>>;

fn lock(shared: &Shared) -> MutexGuard<'_, State> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The sending end of [`StreamReader::pipe`](crate::StreamReader::pipe). Dropped, it ends the stream.
///
/// # Python
///
/// The methods `feed_data`, `feed_eof` and `set_exception` of `asyncio.StreamReader`.
pub struct Feeder {
    shared: Shared,
}

impl Feeder {
    /// Gives bytes to the reader. They are kept until it takes them: who feeds without looking at
    /// [`buffered`](Feeder::buffered) has no bound.
    pub fn feed_data(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let mut state = lock(&self.shared);
        state.bytes.extend_from_slice(bytes);
        wake(state);
    }

    /// Ends the stream; what was fed before can still be read.
    pub fn feed_eof(self) {
        drop(self);
    }

    /// Ends the stream with an error, which is told after what was fed before.
    pub fn set_exception(self, error: io::Error) {
        lock(&self.shared).error = Some(error);
    }

    /// How many bytes the reader has not looked at yet.
    pub fn buffered(&self) -> usize {
        lock(&self.shared).bytes.len()
    }
}

impl Drop for Feeder {
    fn drop(&mut self) {
        let mut state = lock(&self.shared);
        state.eof = true;
        wake(state);
    }
}

/// Wakes the reader, when the lock is free.
fn wake(mut state: MutexGuard<'_, State>) {
    let waker = state.waker.take();
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl fmt::Debug for Feeder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feeder")
            .field("buffered", &self.buffered())
            .finish()
    }
}

/// The reader's end.
pub(super) struct Feed(Shared);

impl Feed {
    pub(super) fn new() -> (Feeder, Feed) {
        let shared = Shared::default();
        let feeder = Feeder {
            shared: shared.clone(),
        };
        (feeder, Feed(shared))
    }

    /// Whether the end is what comes next.
    pub(super) fn has_ended(&self) -> bool {
        let state = lock(&self.0);
        state.eof && state.bytes.is_empty() && state.error.is_none()
    }

    /// Appends all that was fed; 0: the end.
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut Vec<u8>,
    ) -> Poll<io::Result<usize>> {
        let mut state = lock(&self.0);
        if !state.bytes.is_empty() {
            let count = state.bytes.len();
            buffer.append(&mut state.bytes);
            return Poll::Ready(Ok(count));
        }
        if let Some(error) = state.error.take() {
            return Poll::Ready(Err(error));
        }
        if state.eof {
            return Poll::Ready(Ok(0));
        }
        let old = state.waker.replace(cx.waker().clone());
        drop(state);
        drop(old);
        waits_for(WaitKind::Io, Arc::as_ptr(&self.0).addr());
        Poll::Pending
    }
}
