//! `Command`: a program to be started, and how.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::future::{Future, IntoFuture};
use std::io;
use std::num::NonZeroUsize;
use std::panic::Location;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::process::Process;
use crate::run::Run;
use crate::start::start;
use crate::stdio::{StderrTo, Stdio};
use crate::sys::Extra;

#[cfg(unix)]
mod unix;

/// As in Python: 64 KiB.
const LIMIT: usize = 64 * 1024;
/// After its end, a child's pipes are read for so long if somebody else holds them.
const DRAIN: Duration = Duration::from_secs(1);
/// So long a child has to end by itself when it was asked to.
const GRACE: Duration = Duration::from_secs(5);

/// A program to be started; made by [`create_subprocess_exec`](crate::create_subprocess_exec) and
/// [`create_subprocess_shell`](crate::create_subprocess_shell). Awaiting it starts it; so does [`spawn`](Command::spawn),
/// without an await.
///
/// Starting takes one step: until the program runs, or could not be started. The loop does nothing else meanwhile, some
/// hundred microseconds for most. What is marked *forks* below makes a copy of this process first, which takes longer
/// the more memory it has.
///
/// Descriptors that this process has opened by Rust's std, or here, are closed in the child.
///
/// # Cancel safety
///
/// There is no place in the middle where a start could be cancelled: either nothing was started, or the
/// [`Process`] is there and decides what becomes of the child.
///
/// # Examples
///
/// ```
/// use asyncio_process::{Command, PIPE};
///
/// # futures_lite::future::block_on(async {
/// let mut child = Command::new("sh")
///     .args(["-c", "echo $GREETING"])
///     .env("GREETING", "hello")
///     .stdout(PIPE)
///     .await?;
/// let (out, _err) = child.communicate(None).await?;
/// assert_eq!(out.unwrap(), b"hello\n");
/// assert_eq!(child.returncode(), Some(0));
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[must_use = "starts when it is awaited"]
pub struct Command {
    pub(crate) std: std::process::Command,
    pub(crate) stdin: Option<Stdio>,
    pub(crate) stdout: Option<Stdio>,
    pub(crate) stderr: Option<StderrTo>,
    pub(crate) limit: usize,
    pub(crate) kill_on_drop: bool,
    pub(crate) group: Group,
    pub(crate) grace: Duration,
    pub(crate) drain: Option<Duration>,
    pub(crate) extra: Extra,
    /// Where it was made, for those who forget it.
    pub(crate) location: &'static Location<'static>,
}

/// The process group of a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    /// That of this process.
    Inherit,
    /// One that it leads.
    Own,
    /// A session that it leads, and so a group.
    Session,
    /// One that is there.
    #[cfg_attr(not(unix), expect(dead_code, reason = "there are none"))]
    Join(i32),
}

impl Command {
    /// A program without arguments. Without a slash in it, it is looked for in `PATH`.
    #[track_caller]
    pub fn new(program: impl AsRef<OsStr>) -> Command {
        std::process::Command::new(program).into()
    }

    /// Adds an argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Command {
        self.std.arg(arg);
        self
    }

    /// Adds arguments.
    pub fn args(mut self, args: impl IntoIterator<Item: AsRef<OsStr>>) -> Command {
        self.std.args(args);
        self
    }

    /// Where the standard input comes from: [`PIPE`](crate::PIPE), [`DEVNULL`](crate::DEVNULL),
    /// [`INHERIT`](crate::INHERIT) (the default), or a file.
    pub fn stdin(mut self, stdin: impl Into<Stdio>) -> Command {
        self.stdin = Some(stdin.into());
        self
    }

    /// Where the standard output goes.
    pub fn stdout(mut self, stdout: impl Into<Stdio>) -> Command {
        self.stdout = Some(stdout.into());
        self
    }

    /// Where the standard error goes; [`STDOUT`](crate::STDOUT) is where the standard output goes.
    pub fn stderr(mut self, stderr: impl Into<StderrTo>) -> Command {
        self.stderr = Some(stderr.into());
        self
    }

    /// Sets a variable of the environment.
    pub fn env(mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Command {
        self.std.env(key, value);
        self
    }

    /// Sets variables of the environment.
    pub fn envs<K: AsRef<OsStr>, V: AsRef<OsStr>>(
        mut self,
        vars: impl IntoIterator<Item = (K, V)>,
    ) -> Command {
        self.std.envs(vars);
        self
    }

    /// Takes a variable out of the environment.
    pub fn env_remove(mut self, key: impl AsRef<OsStr>) -> Command {
        self.std.env_remove(key);
        self
    }

    /// Starts with an empty environment, instead of this process's. Python's `env` is this and then `envs`.
    pub fn env_clear(mut self) -> Command {
        self.std.env_clear();
        self
    }

    /// The directory in which the program runs.
    #[doc(alias = "current_dir")]
    pub fn cwd(mut self, dir: impl AsRef<Path>) -> Command {
        self.std.current_dir(dir);
        self
    }

    /// The limit of the readers, in bytes; see `StreamReader::limit`. The default is 64 KiB.
    pub fn limit(mut self, limit: NonZeroUsize) -> Command {
        self.limit = limit.get();
        self
    }

    /// Kills the child when the [`Process`] is dropped before it has ended, with its group if it leads one. Without this it
    /// lives on, and is reaped when it ends.
    pub fn kill_on_drop(mut self, kill: bool) -> Command {
        self.kill_on_drop = kill;
        self
    }

    /// Lets the child lead a process group of its own, so that it can be ended with all that it has started:
    /// [`kill_group`](crate::ProcessHandle::kill_group), and what is said of groups elsewhere. It then gets no Ctrl-C
    /// from the terminal, and is stopped if it reads from it.
    pub fn process_group(mut self, own: bool) -> Command {
        self.group = if own { Group::Own } else { Group::Inherit };
        self
    }

    /// How long the child has to end by itself when a timeout or a task group asks it to; then it is killed. 5 seconds
    /// by default.
    pub fn grace(mut self, grace: Duration) -> Command {
        self.grace = grace;
        self
    }

    /// For how long [`communicate`](Process::communicate) reads the pipes of a child that has ended, if something that the
    /// child has started still holds them; `None`: until they are at their end, as Python does. 1 second by default.
    pub fn drain_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Command {
        self.drain = timeout.into();
        self
    }

    /// The program.
    pub fn get_program(&self) -> &OsStr {
        self.std.get_program()
    }

    /// Starts the program.
    ///
    /// # Errors
    ///
    /// The system's, with the program's name and a [`StartError`](crate::StartError) inside: there is no such
    /// program or directory, it may not be run. `InvalidInput` for a NUL in a name, and for
    /// [`STDOUT`](crate::STDOUT) beside a stdout that cannot be shared. There are no descriptors left.
    pub fn spawn(self) -> io::Result<Process> {
        start(self)
    }

    /// Runs the program to its end and collects what it writes; see [`run`](crate::run).
    pub fn run(self) -> Run {
        Run::new(self)
    }

    /// This program, and `next`, which reads what this one writes; see [`Pipeline`](crate::Pipeline).
    #[cfg(unix)]
    pub fn pipe(self, next: Command) -> crate::Pipeline {
        crate::Pipeline::new([self, next])
    }
}

/// Takes over the program, the arguments, the environment and the directory. The standard streams are those that are
/// set here; std does not tell what it was told of them.
impl From<std::process::Command> for Command {
    #[track_caller]
    fn from(std: std::process::Command) -> Command {
        Command {
            std,
            stdin: None,
            stdout: None,
            stderr: None,
            limit: LIMIT,
            kill_on_drop: false,
            group: Group::Inherit,
            grace: GRACE,
            drain: Some(DRAIN),
            extra: Extra::default(),
            location: Location::caller(),
        }
    }
}

/// A program to be started, as [`Command::new`] makes it with arguments.
///
/// # Python
///
/// `asyncio.create_subprocess_exec`. The options for text do not exist: streams carry bytes.
///
/// # Examples
///
/// ```
/// use asyncio_process::{PIPE, create_subprocess_exec};
///
/// # futures_lite::future::block_on(async {
/// let mut child = create_subprocess_exec("cat", ["-"]).stdin(PIPE).stdout(PIPE).await?;
/// let (out, _) = child.communicate(b"meow").await?;
/// assert_eq!(out.unwrap(), b"meow");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[track_caller]
pub fn create_subprocess_exec(
    program: impl AsRef<OsStr>,
    args: impl IntoIterator<Item: AsRef<OsStr>>,
) -> Command {
    Command::new(program).args(args)
}

/// A start that is about to happen; what awaiting a [`Command`] does.
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited"]
pub struct Starting {
    command: Option<Box<Command>>,
}

impl Future for Starting {
    type Output = io::Result<Process>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<Process>> {
        let command = self.command.take();
        Poll::Ready(start(*command.expect("a start was polled after it was done")))
    }
}

impl IntoFuture for Command {
    type Output = io::Result<Process>;
    type IntoFuture = Starting;

    fn into_future(self) -> Starting {
        Starting {
            command: Some(Box::new(self)),
        }
    }
}

impl Command {
    /// Owned, for errors.
    pub(crate) fn program(&self) -> OsString {
        self.std.get_program().to_owned()
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Command")
            .field("command", &self.std)
            .field("stdin", &self.stdin)
            .field("stdout", &self.stdout)
            .field("stderr", &self.stderr)
            .field("group", &self.group)
            .field("kill_on_drop", &self.kill_on_drop)
            .field("extra", &self.extra)
            .finish_non_exhaustive()
    }
}
