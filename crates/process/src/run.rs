//! `run`: a program to its end, for the everyday case.

use std::ffi::OsStr;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::process::Output;
use std::time::Duration;

use crate::command::Command;
use crate::error::{CalledProcessError, SubprocessError, TimeoutExpired};
use crate::finish::{Options, finish};
use crate::process::IntoInput;
use crate::stdio::{DEVNULL, PIPE};

/// Runs a program to its end and gives what it wrote and how it ended.
///
/// The outputs are collected and the input is empty, unless the [`Command`] says otherwise: `Command::new(..).run()`.
///
/// # Errors
///
/// [`SubprocessError`]: the program could not be started; it took longer than [`timeout`](Run::timeout); with
/// [`check`](Run::check), it did not end with 0.
///
/// # Cancel safety
///
/// Cancelled, it asks the program to end, kills it after the command's [`grace`](Command::grace), and waits for it;
/// dropped, it kills it. Both reach all that the program has started if it leads a
/// [group](Command::process_group).
///
/// # Python
///
/// `subprocess.run(..., capture_output=True)`, which asyncio does not have.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use asyncio_process::run;
///
/// # futures_lite::future::block_on(async {
/// let output = run("tr", ["a-z", "A-Z"])
///     .input("hello")
///     .timeout(Duration::from_secs(10))
///     .check(true)
///     .await?;
/// assert_eq!(output.stdout, b"HELLO");
/// # Ok::<(), asyncio_process::SubprocessError>(())
/// # }).unwrap();
/// ```
pub fn run(program: impl AsRef<OsStr>, args: impl IntoIterator<Item: AsRef<OsStr>>) -> Run {
    Command::new(program).args(args).run()
}

/// A program to be run to its end; from [`run`] and [`Command::run`]. Awaiting it runs it.
#[must_use = "runs when it is awaited"]
pub struct Run {
    command: Command,
    options: Options,
}

impl Run {
    pub(crate) fn new(command: Command) -> Run {
        Run {
            command,
            options: Options::default(),
        }
    }

    /// What the program reads.
    pub fn input(mut self, input: impl IntoInput) -> Run {
        self.options.input = input.into_input();
        self
    }

    /// The time that it may take. When it is up the program is asked to end, and killed after the command's
    /// [`grace`](Command::grace).
    pub fn timeout(mut self, timeout: impl Into<Option<Duration>>) -> Run {
        self.options.timeout = timeout.into();
        self
    }

    /// The most that is collected of each output; a program that writes more is ended, and the error is of the kind
    /// `StorageFull`.
    pub fn limit(mut self, limit: NonZeroUsize) -> Run {
        self.options.limit = Some(limit);
        self
    }

    /// Makes it an error if the program does not end with 0.
    pub fn check(mut self, check: bool) -> Run {
        self.options.check = check;
        self
    }

    /// Changes the command.
    pub fn with(mut self, change: impl FnOnce(Command) -> Command) -> Run {
        self.command = change(self.command);
        self
    }
}

impl IntoFuture for Run {
    type Output = Result<Output, SubprocessError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<Output, SubprocessError>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(go(self))
    }
}

async fn go(run: Run) -> Result<Output, SubprocessError> {
    let Run { mut command, options } = run;
    if options.input.is_some() {
        command.stdin = Some(PIPE);
    }
    command.stdin.get_or_insert(DEVNULL);
    command.stdout.get_or_insert(PIPE);
    command.stderr.get_or_insert(PIPE.into());
    let program = command.program();
    let grace = command.grace;
    let (timeout, check) = (options.timeout, options.check);
    let mut process = [command.kill_on_drop(true).spawn()?];
    let mut finished = finish(&mut process, options, grace).await?;
    let (status, (stdout, stderr)) = finished.ends.remove(0);
    let output = Output {
        status,
        stdout: stdout.unwrap_or_default(),
        stderr: stderr.unwrap_or_default(),
    };
    if finished.timed_out {
        return Err(SubprocessError::TimeoutExpired(TimeoutExpired {
            program,
            timeout: timeout.unwrap_or_default(),
            output,
        }));
    }
    if check && !output.status.success() {
        return Err(SubprocessError::CalledProcess(CalledProcessError {
            program,
            output,
        }));
    }
    Ok(output)
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("command", &self.command)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
