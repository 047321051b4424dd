//! `ReadDir`: the entries of a directory, as a stream.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fmt;
use std::fs::{FileType, Metadata};
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::on_path;
use crate::job::{self, Job};

/// How many entries one trip to another thread brings.
const BATCH: usize = 64;

type Entries = VecDeque<io::Result<std::fs::DirEntry>>;

/// The entries of a directory, without `.` and `..`, in no particular order.
///
/// # Errors
///
/// The operating system's, with the path. An item may be an error, too.
///
/// # Cancel safety
///
/// Nothing is changed by it.
pub async fn read_dir(path: impl AsRef<Path>) -> io::Result<ReadDir> {
    let rest = on_path("list", path.as_ref(), |path| std::fs::read_dir(path)).await?;
    Ok(ReadDir {
        state: State::Idle(Some(rest)),
        entries: VecDeque::new(),
    })
}

/// The stream of [`read_dir`]. No entry is lost when a wait for the next is dropped.
#[must_use = "streams do nothing unless polled"]
pub struct ReadDir {
    state: State,
    entries: Entries,
}

enum State {
    /// `None`: that was all.
    Idle(Option<std::fs::ReadDir>),
    Reading(Job<(Option<std::fs::ReadDir>, Entries)>),
}

fn next_batch(mut rest: std::fs::ReadDir) -> (Option<std::fs::ReadDir>, Entries) {
    let entries: Entries = rest.by_ref().take(BATCH).collect();
    let more = entries.len() == BATCH;
    (more.then_some(rest), entries)
}

impl Stream for ReadDir {
    type Item = io::Result<DirEntry>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(entry) = this.entries.pop_front() {
                return Poll::Ready(Some(entry.map(|entry| DirEntry(Arc::new(entry)))));
            }
            this.state = match &mut this.state {
                State::Idle(rest) => match rest.take() {
                    None => return Poll::Ready(None),
                    Some(rest) => State::Reading(job::start(move || next_batch(rest))),
                },
                State::Reading(job) => match ready!(Pin::new(job).poll(cx)) {
                    Ok((rest, entries)) => {
                        this.entries = entries;
                        State::Idle(rest)
                    }
                    Err(error) => {
                        this.state = State::Idle(None);
                        return Poll::Ready(Some(Err(error)));
                    }
                },
            };
        }
    }
}

impl fmt::Debug for ReadDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadDir").finish_non_exhaustive()
    }
}

/// An entry of a directory.
#[derive(Debug, Clone)]
pub struct DirEntry(Arc<std::fs::DirEntry>);

impl DirEntry {
    /// The path of the directory, as it was given, with the name.
    pub fn path(&self) -> PathBuf {
        self.0.path()
    }

    /// The name.
    pub fn file_name(&self) -> OsString {
        self.0.file_name()
    }

    /// What the system knows of it; of a symbolic link itself.
    ///
    /// # Errors
    ///
    /// The operating system's.
    ///
    /// # Cancel safety
    ///
    /// Nothing is changed by it.
    pub async fn metadata(&self) -> io::Result<Metadata> {
        let entry = self.0.clone();
        job::start(move || entry.metadata()).await?
    }

    /// Whether it is a file, a directory or something else.
    ///
    /// # Errors
    ///
    /// The operating system's.
    ///
    /// # Cancel safety
    ///
    /// Nothing is changed by it.
    pub async fn file_type(&self) -> io::Result<FileType> {
        let entry = self.0.clone();
        job::start(move || entry.file_type()).await?
    }
}
