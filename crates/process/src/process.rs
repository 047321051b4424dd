//! `Process`: a child with its streams.

use std::fmt;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use asyncio_core::Unclosed;
use asyncio_net::{StreamReader, StreamWriter, Transport};
use bytes::Bytes;

use crate::communicate::Communicate;
use crate::handle::ProcessHandle;
use crate::sweep::Sweep;

/// A child process, with the streams that were asked for by [`PIPE`](crate::PIPE).
///
/// The streams may be taken out. What waits, asks and ends is on the [`ProcessHandle`] to which it dereferences, which
/// can be cloned and used elsewhere.
///
/// Dropping it closes its streams, lets the child live on, and sees to it that it is reaped when it ends; with
/// [`kill_on_drop`](crate::Command::kill_on_drop) it is killed, as Python does.
///
/// # Examples
///
/// ```
/// use asyncio_process::{PIPE, create_subprocess_exec};
///
/// # futures_lite::future::block_on(async {
/// let mut child = create_subprocess_exec("sort", ["-n"]).stdin(PIPE).stdout(PIPE).await?;
/// let stdin = child.stdin.take().unwrap();
/// stdin.write(b"10\n9\n")?;
/// drop(stdin);
/// let mut lines = child.stdout.take().unwrap();
/// assert_eq!(lines.readline().await.unwrap(), "9\n");
/// assert_eq!(lines.readline().await.unwrap(), "10\n");
/// assert_eq!(child.wait().await?, 0);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub struct Process {
    /// What is written to it is the child's standard input. Dropping or closing it is the end of that input. A child that
    /// has closed its end, or has ended, makes writes fail with `BrokenPipe`; no SIGPIPE comes, since Rust's programs
    /// ignore it.
    pub stdin: Option<StreamWriter>,
    /// What the child writes to its standard output. What is in the pipe stays there when the child ends.
    pub stdout: Option<StreamReader>,
    /// What the child writes to its standard error.
    pub stderr: Option<StreamReader>,
    pub(crate) drain: Option<Duration>,
    pub(crate) sweep: Sweep,
    /// The input that `communicate` was given, on its way.
    pub(crate) feeding: Option<Transport>,
    end: End,
}

/// Our ends of the pipes.
pub(crate) struct Streams {
    pub(crate) stdin: Option<StreamWriter>,
    /// Is at its end when nobody reads the child's standard input any more, where the system can tell.
    pub(crate) stdin_end: Option<StreamReader>,
    pub(crate) stdout: Option<StreamReader>,
    pub(crate) stderr: Option<StreamReader>,
    pub(crate) sweep: Sweep,
}

/// The handle, and what becomes of the child when the process is dropped.
struct End {
    handle: ProcessHandle,
    kill: bool,
    /// Somebody else has a handle too, and can look after the child.
    is_shared: AtomicBool,
    unclosed: Unclosed,
}

impl Drop for End {
    fn drop(&mut self) {
        if self.kill && (self.handle.leads_group() || self.handle.is_running()) {
            // It may have ended meanwhile.
            let _ = self.handle.kill_tree();
            return;
        }
        let (handle, is_shared) = (&self.handle, &self.is_shared);
        self.unclosed.dropped(
            "Unclosed process: it was dropped while the child runs, which lives on",
            || is_shared.load(Ordering::Relaxed) || !handle.is_running(),
        );
    }
}

impl Process {
    pub(crate) fn new(
        handle: ProcessHandle,
        streams: Streams,
        kill: bool,
        drain: Option<Duration>,
        unclosed: Unclosed,
    ) -> Process {
        let Streams {
            stdin,
            stdin_end: _,
            stdout,
            stderr,
            sweep,
        } = streams;
        Process {
            stdin,
            stdout,
            stderr,
            drain,
            sweep,
            feeding: None,
            end: End {
                handle,
                kill,
                is_shared: AtomicBool::new(false),
                unclosed,
            },
        }
    }

    /// A way to the child that can be used elsewhere.
    pub fn handle(&self) -> ProcessHandle {
        self.end.is_shared.store(true, Ordering::Relaxed);
        self.end.handle.clone()
    }

    /// The way to the child for those who are given up with the process.
    pub(crate) fn own_handle(&self) -> ProcessHandle {
        self.end.handle.clone()
    }

    /// Whether the child is killed when this is dropped.
    pub fn set_kill_on_drop(&mut self, kill: bool) {
        self.end.kill = kill;
    }

    /// Feeds the child with `input`, closes its standard input, reads both outputs to their end, and waits for the child.
    /// The outputs are those that are piped and were not taken.
    ///
    /// All goes on at once, so no pipe can get full and stop the others. A child that does not read its input does no
    /// harm. When the child has ended but something that it has started holds the pipes, they are read for a
    /// while, see [`drain_timeout`](crate::Command::drain_timeout).
    ///
    /// # Errors
    ///
    /// `InvalidInput` when there is an input but no piped stdin. `TimedOut`, `StorageFull`: see
    /// [`Communicate`]. The system's. What came until then is in the readers, and another `communicate` goes on.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: what came is in the readers, what was to be fed goes on to be fed, and another `communicate(None)`
    /// goes on. The child is not told.
    ///
    /// # Python
    ///
    /// `Process.communicate`. There a cancelled one loses what came.
    pub fn communicate(&mut self, input: impl IntoInput) -> Communicate<'_> {
        Communicate::new(self, input.into_input())
    }
}

/// What [`Process::communicate`] and [`Run::input`](crate::Run::input) take: `None`, or bytes.
pub trait IntoInput {
    #[doc(hidden)]
    fn into_input(self) -> Option<Bytes>;
}

impl IntoInput for Option<Bytes> {
    fn into_input(self) -> Option<Bytes> {
        self
    }
}

impl IntoInput for Bytes {
    fn into_input(self) -> Option<Bytes> {
        Some(self)
    }
}

impl IntoInput for Vec<u8> {
    fn into_input(self) -> Option<Bytes> {
        Some(self.into())
    }
}

impl IntoInput for String {
    fn into_input(self) -> Option<Bytes> {
        Some(self.into())
    }
}

impl IntoInput for &[u8] {
    fn into_input(self) -> Option<Bytes> {
        Some(Bytes::copy_from_slice(self))
    }
}

impl<const N: usize> IntoInput for &[u8; N] {
    fn into_input(self) -> Option<Bytes> {
        Some(Bytes::copy_from_slice(self))
    }
}

impl IntoInput for &str {
    fn into_input(self) -> Option<Bytes> {
        Some(Bytes::copy_from_slice(self.as_bytes()))
    }
}

impl Deref for Process {
    type Target = ProcessHandle;

    fn deref(&self) -> &ProcessHandle {
        &self.end.handle
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process")
            .field("pid", &self.pid())
            .field("returncode", &self.returncode())
            .finish_non_exhaustive()
    }
}
