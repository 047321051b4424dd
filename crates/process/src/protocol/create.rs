//! `subprocess_exec` and `subprocess_shell`: a child with a protocol.
//!
//! Invariant: no child is started where there is no loop to tell its protocol.

use std::ffi::OsStr;
use std::fmt;
use std::future::{Future, IntoFuture, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Poll;

use asyncio_core::{Unclosed, current_loop, spawn_part};

use super::SubprocessProtocol;
use super::pump::Pump;
use super::transport::{Output, Shared, SubprocessTransport};
use crate::command::{Command, create_subprocess_exec};
use crate::shell::create_subprocess_shell;
use crate::start::launch;
use crate::stdio::{PIPE, StderrTo, Stdio};

/// What starting a child with a protocol gives.
pub type CreatingSubprocess = Pin<Box<dyn Future<Output = io::Result<SubprocessTransport>>>>;

/// Starts a program whose standard streams are pipes, and gives it a protocol: what `factory` makes. Runs on the loop
/// of this thread.
///
/// # Errors
///
/// Those of [`Command::spawn`]. When this thread turns no loop, as a worker of a pool. The panic of `connection_made`.
///
/// # Cancel safety
///
/// A child that was started is killed.
///
/// # Python
///
/// `loop.subprocess_exec`, which gives the protocol too. Here it belongs to the transport: what it finds is handed out by a
/// promise or a channel.
///
/// # Examples
///
/// ```
/// use std::io;
///
/// use asyncio_net::BaseProtocol;
/// use asyncio_process::{SubprocessProtocol, SubprocessTransport, subprocess_exec};
/// use asyncio_tasks::Promise;
///
/// struct Collector {
///     output: Vec<u8>,
///     all: Promise<Vec<u8>>,
/// }
///
/// impl BaseProtocol<SubprocessTransport> for Collector {
///     fn connection_lost(&mut self, _error: Option<io::Error>) {
///         let _ = self.all.set_result(std::mem::take(&mut self.output));
///     }
/// }
///
/// impl SubprocessProtocol for Collector {
///     fn pipe_data_received(&mut self, _fd: i32, data: &[u8]) {
///         self.output.extend_from_slice(data);
///     }
/// }
///
/// # asyncio_loop::run(async {
/// let all = Promise::new();
/// let collector = Collector { output: Vec::new(), all: all.clone() };
/// let child = subprocess_exec(move || collector, "cat", ["-"]).await?;
/// let stdin = child.get_pipe_transport(0).unwrap();
/// stdin.write(b"meow")?;
/// stdin.write_eof()?;
/// assert_eq!(all.await.unwrap(), b"meow");
/// assert_eq!(child.get_returncode(), Some(0));
/// # io::Result::Ok(())
/// # })?;
/// # io::Result::Ok(())
/// ```
#[doc(alias = "loop.subprocess_exec")]
#[track_caller]
pub fn subprocess_exec<F, P>(
    factory: F,
    program: impl AsRef<OsStr>,
    args: impl IntoIterator<Item: AsRef<OsStr>>,
) -> CreateSubprocess<F>
where
    F: FnOnce() -> P + 'static,
    P: SubprocessProtocol + 'static,
{
    CreateSubprocess::new(factory, create_subprocess_exec(program, args))
}

/// Runs a line of the shell, as [`create_subprocess_shell`], with pipes and a protocol, as [`subprocess_exec`].
///
/// # Errors
///
/// As [`subprocess_exec`].
///
/// # Cancel safety
///
/// As [`subprocess_exec`].
///
/// # Python
///
/// `loop.subprocess_shell`.
#[doc(alias = "loop.subprocess_shell")]
#[track_caller]
pub fn subprocess_shell<F, P>(factory: F, line: impl AsRef<OsStr>) -> CreateSubprocess<F>
where
    F: FnOnce() -> P + 'static,
    P: SubprocessProtocol + 'static,
{
    CreateSubprocess::new(factory, create_subprocess_shell(line))
}

/// A child that is to have a protocol; from [`subprocess_exec`] and [`subprocess_shell`]. Awaiting it starts it.
#[must_use = "starts when it is awaited"]
pub struct CreateSubprocess<F> {
    command: Command,
    factory: F,
}

impl<F> CreateSubprocess<F> {
    fn new(factory: F, command: Command) -> CreateSubprocess<F> {
        let command = command.stdin(PIPE).stdout(PIPE).stderr(PIPE);
        CreateSubprocess { command, factory }
    }

    /// Where the standard input comes from, instead of a pipe.
    pub fn stdin(self, stdin: impl Into<Stdio>) -> Self {
        self.with(|command| command.stdin(stdin))
    }

    /// Where the standard output goes, instead of a pipe.
    pub fn stdout(self, stdout: impl Into<Stdio>) -> Self {
        self.with(|command| command.stdout(stdout))
    }

    /// Where the standard error goes, instead of a pipe; [`STDOUT`](crate::STDOUT) is where the standard output goes.
    pub fn stderr(self, stderr: impl Into<StderrTo>) -> Self {
        self.with(|command| command.stderr(stderr))
    }

    /// Changes the command: its environment, its directory and so on. What concerns streams and dropping has no meaning here.
    pub fn with(mut self, change: impl FnOnce(Command) -> Command) -> Self {
        self.command = change(self.command);
        self
    }
}

impl<F, P> IntoFuture for CreateSubprocess<F>
where
    F: FnOnce() -> P + 'static,
    P: SubprocessProtocol + 'static,
{
    type Output = io::Result<SubprocessTransport>;
    type IntoFuture = CreatingSubprocess;

    fn into_future(self) -> CreatingSubprocess {
        Box::pin(create(self.command, self.factory))
    }
}

async fn create<F, P>(command: Command, factory: F) -> io::Result<SubprocessTransport>
where
    F: FnOnce() -> P,
    P: SubprocessProtocol + 'static,
{
    let queue = current_loop().ok_or_else(no_loop)?;
    // A panic of the factory is the caller's, and there is no child yet.
    let protocol = factory();
    let unclosed = Unclosed::opened_at(command.location);
    let (handle, streams) = launch(command)?;
    let output = |there: bool| there.then(Output::default);
    let shared = Arc::new(Shared {
        handle,
        stdin: streams.stdin.as_ref().map(|stdin| stdin.transport().clone()),
        outputs: [output(streams.stdout.is_some()), output(streams.stderr.is_some())],
        closing: AtomicBool::new(false),
        made: AtomicBool::new(false),
        refused: AtomicBool::new(false),
        part: OnceLock::new(),
    });
    let unfinished = Unfinished(&shared);
    let pump = Pump::new(shared.clone(), queue, protocol, streams, unclosed);
    let part = spawn_part(pump).map_err(|_pump| {
        shared.close();
        no_loop()
    })?;
    let _ = shared.part.set(part);
    // The pump was queued before this is: once is enough.
    poll_fn(|cx| {
        if shared.made.load(Ordering::Acquire) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
    std::mem::forget(unfinished);
    if shared.refused.load(Ordering::Acquire) {
        return Err(io::Error::other("the protocol panicked in connection_made"));
    }
    Ok(SubprocessTransport { shared })
}

/// A child that nobody was given.
struct Unfinished<'a>(&'a Shared);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

fn no_loop() -> io::Error {
    io::Error::other(
        "protocols need a loop that runs on this thread: call this inside of `run`, and not on a worker of the pool",
    )
}

impl<F> fmt::Debug for CreateSubprocess<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateSubprocess")
            .field("command", &self.command)
            .finish_non_exhaustive()
    }
}
