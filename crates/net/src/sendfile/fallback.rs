//! Sending a file by reading and writing it.

use std::fs::File;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::sys::read_at;
use crate::job::{self, Job};

/// How much is read at a time, in bytes: more than Python's 16 KiB, for each read is a trip to another thread.
const CHUNK: u64 = 64 * 1024;

/// Reads the file on another thread and writes it to the socket, or wherever else `write` leads.
pub(crate) struct Fallback {
    file: Arc<File>,
    state: State,
}

enum State {
    /// The buffer was written.
    Idle(Vec<u8>),
    Reading(Job<io::Result<Vec<u8>>>),
    Writing {
        buffer: Vec<u8>,
        written: usize,
    },
}

impl Fallback {
    pub(crate) fn new(file: File) -> Fallback {
        Fallback {
            file: Arc::new(file),
            state: State::Idle(Vec::new()),
        }
    }

    /// Writes at most `left` bytes more of the file from `offset + sent`, and counts them in `sent`.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        mut write: impl FnMut(&mut Context<'_>, &[u8]) -> Poll<io::Result<usize>>,
        offset: u64,
        left: u64,
        sent: &mut u64,
    ) -> Poll<io::Result<()>> {
        let end = sent.saturating_add(left);
        loop {
            self.state = match &mut self.state {
                State::Idle(_) if *sent == end => return Poll::Ready(Ok(())),
                State::Idle(buffer) => {
                    let (file, at) = (self.file.clone(), offset + *sent);
                    let (mut buffer, wanted) = (std::mem::take(buffer), CHUNK.min(end - *sent));
                    State::Reading(job::start(move || {
                        buffer.resize(wanted as usize, 0);
                        let count = read_at(&file, &mut buffer, at)?;
                        buffer.truncate(count);
                        Ok(buffer)
                    }))
                }
                State::Reading(job) => {
                    let buffer = ready!(Pin::new(job).poll(cx))??;
                    if buffer.is_empty() {
                        self.state = State::Idle(buffer);
                        return Poll::Ready(Ok(()));
                    }
                    State::Writing { buffer, written: 0 }
                }
                State::Writing { buffer, written } => {
                    let count = ready!(write(cx, &buffer[*written..]))?;
                    *written += count;
                    *sent += count as u64;
                    if *written < buffer.len() {
                        continue;
                    }
                    State::Idle(std::mem::take(buffer))
                }
            };
        }
    }
}
