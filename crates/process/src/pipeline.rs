//! `Pipeline`: programs of which each reads what the one before writes, without a shell. Unix only.

use std::ffi::OsString;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::io;
use std::num::NonZeroUsize;
use std::ops::BitOr;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::process::ExitStatus;
use std::time::Duration;

use asyncio_net::{StreamReader, StreamWriter};
use rustix::pipe::{PipeFlags, pipe_with};

use crate::command::{Command, Group};
use crate::error::returncode;
use crate::finish::{Options, finish};
use crate::process::{IntoInput, Process};
use crate::stdio::{DEVNULL, PIPE};

/// Programs of which each reads what the one before writes: `a | b | c`, without a shell.
///
/// The pipes between them are their own: nothing passes through this process. The first one's standard input and the
/// last one's standard output are what their [`Command`]s say; so is each one's standard error.
///
/// # Examples
///
/// ```
/// use asyncio_process::Command;
///
/// # futures_lite::future::block_on(async {
/// let sorted = Command::new("printf").arg(r"b\na\nb\n") | Command::new("sort") | Command::new("uniq").arg("-c");
/// let output = sorted.run().check(true).await?;
/// let counts: Vec<_> = std::str::from_utf8(&output.stdout).unwrap().split_whitespace().collect();
/// assert_eq!(counts, ["1", "a", "2", "b"]);
/// # Ok::<(), asyncio_process::PipelineError>(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
#[must_use = "nothing is started before `spawn` or `run`"]
pub struct Pipeline {
    commands: Vec<Command>,
    own_group: bool,
}

impl Pipeline {
    /// A pipeline of these, in this order.
    pub fn new(commands: impl IntoIterator<Item = Command>) -> Pipeline {
        Pipeline {
            commands: commands.into_iter().collect(),
            own_group: false,
        }
    }

    /// One more program, which reads what the last one writes.
    pub fn pipe(mut self, next: Command) -> Pipeline {
        self.commands.push(next);
        self
    }

    /// Puts all of them into one process group, which the first one leads; see [`Command::process_group`].
    pub fn process_group(mut self, own: bool) -> Pipeline {
        self.own_group = own;
        self
    }

    /// Starts all.
    ///
    /// # Errors
    ///
    /// As [`Command::spawn`]; those that were started before are killed. `InvalidInput` when there is no program, or one
    /// between two others has a standard input or output of its own.
    pub fn spawn(self) -> io::Result<PipelineProcess> {
        let last = self.commands.len().checked_sub(1);
        let last = last.ok_or_else(|| invalid("a pipeline needs at least one program"))?;
        let mut processes: Vec<(Process, bool)> = Vec::with_capacity(self.commands.len());
        let mut input: Option<OwnedFd> = None;
        for (index, mut command) in self.commands.into_iter().enumerate() {
            let taken = (index > 0 && command.stdin.is_some()) || (index < last && command.stdout.is_some());
            if taken {
                let program = command.program();
                return Err(invalid(&format!(
                    "{program:?} has its place in a pipeline, and stdio of its own there"
                )));
            }
            if let Some(input) = input.take() {
                command.stdin = Some(input.into());
            }
            if index < last {
                let (from, to) = pipe_with(PipeFlags::CLOEXEC)?;
                command.stdout = Some(to.into());
                input = Some(from);
            }
            if self.own_group {
                command.group = match processes.first() {
                    None => Group::Own,
                    // It was not reaped, so its number is its own.
                    Some((first, _)) => Group::Join(i32::try_from(first.pid()).unwrap_or(0)),
                };
            }
            let kill = command.kill_on_drop;
            // If one cannot be started, the others go with this function.
            processes.push((command.kill_on_drop(true).spawn()?, kill));
        }
        let settle = |(mut process, kill): (Process, bool)| {
            process.set_kill_on_drop(kill);
            process
        };
        let mut processes: Vec<Process> = processes.into_iter().map(settle).collect();
        Ok(PipelineProcess {
            stdin: processes.first_mut().and_then(|first| first.stdin.take()),
            stdout: processes.last_mut().and_then(|last| last.stdout.take()),
            processes,
        })
    }

    /// Runs all to their ends, and collects what the last one writes, and what all write to their standard errors.
    ///
    /// # Cancel safety
    ///
    /// As [`run`](crate::run), for all of them.
    pub fn run(self) -> RunPipeline {
        RunPipeline {
            pipeline: self,
            options: Options::default(),
        }
    }
}

fn invalid(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

/// `a | b`
impl BitOr for Command {
    type Output = Pipeline;

    fn bitor(self, next: Command) -> Pipeline {
        Pipeline::new([self, next])
    }
}

/// `a | b | c`
impl BitOr<Command> for Pipeline {
    type Output = Pipeline;

    fn bitor(self, next: Command) -> Pipeline {
        self.pipe(next)
    }
}

/// The programs of a pipeline, running.
#[derive(Debug)]
pub struct PipelineProcess {
    /// The standard input of the first, if it is piped.
    pub stdin: Option<StreamWriter>,
    /// The standard output of the last, if it is piped.
    pub stdout: Option<StreamReader>,
    /// All of them, in their order.
    pub processes: Vec<Process>,
}

impl PipelineProcess {
    /// Waits until all have ended, and gives their exit codes, or the negative numbers of signals.
    ///
    /// # Errors
    ///
    /// As [`ProcessHandle::wait`](crate::ProcessHandle::wait).
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn wait(&self) -> io::Result<Vec<i32>> {
        let mut codes = Vec::with_capacity(self.processes.len());
        for process in &self.processes {
            codes.push(process.wait().await?);
        }
        Ok(codes)
    }

    /// Ends all that have not ended: SIGKILL, for the whole group if there is one.
    pub fn kill(&self) {
        // The last one first, or it would see the end of its input.
        for process in self.processes.iter().rev() {
            // It may have ended.
            let _ = process.own_handle().kill_tree();
        }
    }
}

/// A pipeline to be run to its end; from [`Pipeline::run`]. Awaiting it runs it.
#[derive(Debug)]
#[must_use = "runs when it is awaited"]
pub struct RunPipeline {
    pipeline: Pipeline,
    options: Options,
}

impl RunPipeline {
    /// What the first program reads.
    pub fn input(mut self, input: impl IntoInput) -> RunPipeline {
        self.options.input = input.into_input();
        self
    }

    /// See [`Run::timeout`](crate::Run::timeout). The grace is that of the first command.
    pub fn timeout(mut self, timeout: impl Into<Option<Duration>>) -> RunPipeline {
        self.options.timeout = timeout.into();
        self
    }

    /// See [`Run::limit`](crate::Run::limit).
    pub fn limit(mut self, limit: NonZeroUsize) -> RunPipeline {
        self.options.limit = Some(limit);
        self
    }

    /// Makes it an error if one of the programs does not end with 0, as the shell's `pipefail` does.
    pub fn check(mut self, check: bool) -> RunPipeline {
        self.options.check = check;
        self
    }
}

/// What a pipeline wrote, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipelineOutput {
    /// How each of them ended.
    pub statuses: Vec<ExitStatus>,
    /// What the last one wrote.
    pub stdout: Vec<u8>,
    /// What each of them wrote to its standard error.
    pub stderr: Vec<Vec<u8>>,
}

/// Why a pipeline has no output to give.
#[derive(Debug)]
#[non_exhaustive]
pub enum PipelineError {
    /// A program could not be started, or a stream failed.
    Io(io::Error),
    /// It took too long, and was ended: what came until then.
    TimeoutExpired(Duration, PipelineOutput),
    /// Not all of the programs ended with 0: the first that did not, and all that came.
    Failed(OsString, PipelineOutput),
}

impl IntoFuture for RunPipeline {
    type Output = Result<PipelineOutput, PipelineError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<PipelineOutput, PipelineError>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(go(self.pipeline, self.options))
    }
}

async fn go(mut pipeline: Pipeline, options: Options) -> Result<PipelineOutput, PipelineError> {
    let programs: Vec<OsString> = pipeline.commands.iter().map(Command::program).collect();
    let mut grace = Duration::ZERO;
    if let Some(first) = pipeline.commands.first_mut() {
        grace = first.grace;
        if options.input.is_some() {
            first.stdin = Some(PIPE);
        }
        first.stdin.get_or_insert(DEVNULL);
    }
    if let Some(last) = pipeline.commands.last_mut() {
        last.stdout.get_or_insert(PIPE);
    }
    for command in &mut pipeline.commands {
        command.stderr.get_or_insert(PIPE.into());
        command.kill_on_drop = true;
    }
    let (timeout, check) = (options.timeout, options.check);
    let mut running = pipeline.spawn()?;
    if let Some(first) = running.processes.first_mut() {
        first.stdin = running.stdin.take();
    }
    if let Some(last) = running.processes.last_mut() {
        last.stdout = running.stdout.take();
    }
    let finished = finish(&mut running.processes, options, grace).await?;
    let mut output = PipelineOutput {
        statuses: Vec::new(),
        stdout: Vec::new(),
        stderr: Vec::new(),
    };
    for (status, (stdout, stderr)) in finished.ends {
        output.statuses.push(status);
        output.stdout = stdout.unwrap_or_default();
        output.stderr.push(stderr.unwrap_or_default());
    }
    if finished.timed_out {
        return Err(PipelineError::TimeoutExpired(timeout.unwrap_or_default(), output));
    }
    let failed = output.statuses.iter().position(|status| !status.success());
    match failed {
        Some(failed) if check => Err(PipelineError::Failed(programs[failed].clone(), output)),
        _ => Ok(output),
    }
}

impl fmt::Display for PipelineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PipelineError::Io(error) => error.fmt(f),
            PipelineError::TimeoutExpired(timeout, _) => write!(f, "a pipeline timed out after {timeout:?}"),
            PipelineError::Failed(program, output) => {
                let codes: Vec<i32> = output.statuses.iter().copied().map(returncode).collect();
                write!(f, "{program:?} failed in a pipeline that ended with {codes:?}")
            }
        }
    }
}

impl std::error::Error for PipelineError {}

impl From<io::Error> for PipelineError {
    fn from(error: io::Error) -> PipelineError {
        PipelineError::Io(error)
    }
}
