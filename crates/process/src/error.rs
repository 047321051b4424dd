//! The errors of subprocesses, under Python's names.

use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Output};
use std::time::Duration;

/// There is no such process any more: it ended, and was waited for. Inside an `io::Error` of the kind `NotFound`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessLookupError {
    /// The process that was.
    pub pid: u32,
}

impl fmt::Display for ProcessLookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} has ended", self.pid)
    }
}

impl Error for ProcessLookupError {}

impl From<ProcessLookupError> for io::Error {
    fn from(error: ProcessLookupError) -> io::Error {
        io::Error::new(io::ErrorKind::NotFound, error)
    }
}

/// A program that could not be started. Inside an `io::Error` of the system's kind.
#[derive(Debug)]
pub struct StartError {
    /// The program.
    pub program: OsString,
    /// The directory in which it was to run, if that is what is missing.
    pub missing_dir: Option<PathBuf>,
    /// What the system said.
    pub error: io::Error,
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.missing_dir {
            Some(dir) => write!(f, "cannot start {:?} in {dir:?}: {}", self.program, self.error),
            None => write!(f, "cannot start {:?}: {}", self.program, self.error),
        }
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}

impl From<StartError> for io::Error {
    fn from(error: StartError) -> io::Error {
        io::Error::new(error.error.kind(), error)
    }
}

/// Why [`run`](crate::run) has no output to give.
///
/// # Python
///
/// `subprocess.SubprocessError`, and what `subprocess.run` raises besides.
#[derive(Debug)]
#[non_exhaustive]
pub enum SubprocessError {
    /// The program could not be started, or a stream failed.
    Io(io::Error),
    /// It took too long, and was ended.
    TimeoutExpired(TimeoutExpired),
    /// It ended, but not with 0.
    CalledProcess(CalledProcessError),
}

/// A program took too long, and was ended.
#[derive(Debug, Clone)]
pub struct TimeoutExpired {
    /// The program.
    pub program: OsString,
    /// The time that it had.
    pub timeout: Duration,
    /// What it wrote until then, and how it ended.
    pub output: Output,
}

/// A program ended, but not with 0.
#[derive(Debug, Clone)]
pub struct CalledProcessError {
    /// The program.
    pub program: OsString,
    /// What it wrote, and how it ended.
    pub output: Output,
}

impl CalledProcessError {
    /// How it ended: the exit code, or the negative number of a signal.
    pub fn returncode(&self) -> i32 {
        returncode(self.output.status)
    }
}

/// The exit code, or the negative number of the signal that ended it.
pub(crate) fn returncode(status: ExitStatus) -> i32 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return -signal;
    }
    status.code().unwrap_or(-1)
}

impl fmt::Display for TimeoutExpired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} timed out after {:?}", self.program, self.timeout)
    }
}

impl fmt::Display for CalledProcessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} ended with {}", self.program, self.output.status)
    }
}

impl fmt::Display for SubprocessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SubprocessError::Io(error) => error.fmt(f),
            SubprocessError::TimeoutExpired(error) => error.fmt(f),
            SubprocessError::CalledProcess(error) => error.fmt(f),
        }
    }
}

impl Error for TimeoutExpired {}
impl Error for CalledProcessError {}

impl Error for SubprocessError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            SubprocessError::Io(error) => error.source(),
            _ => None,
        }
    }
}

impl From<io::Error> for SubprocessError {
    fn from(error: io::Error) -> SubprocessError {
        SubprocessError::Io(error)
    }
}

impl From<SubprocessError> for io::Error {
    fn from(error: SubprocessError) -> io::Error {
        match error {
            SubprocessError::Io(error) => error,
            SubprocessError::TimeoutExpired(error) => io::Error::new(io::ErrorKind::TimedOut, error),
            SubprocessError::CalledProcess(error) => io::Error::other(error),
        }
    }
}
