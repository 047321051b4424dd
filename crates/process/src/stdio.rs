//! `Stdio`: where a standard stream of a child comes from or goes to.

use std::fmt;
use std::fs::File;

#[cfg(unix)]
use std::os::fd::OwnedFd;

/// A new pipe, whose other end is a stream of the [`Process`](crate::Process).
pub const PIPE: Stdio = Stdio(Kind::Pipe);

/// The null device: empty to read, and what is written to it is gone.
pub const DEVNULL: Stdio = Stdio(Kind::Null);

/// The same as this process has. The default.
pub const INHERIT: Stdio = Stdio(Kind::Inherit);

/// For `stderr` alone: wherever the child's standard output goes.
pub const STDOUT: ToStdout = ToStdout(());

/// Where a standard stream of a child comes from or goes to: [`PIPE`], [`DEVNULL`], [`INHERIT`], or a file.
///
/// # Python
///
/// The values of the keywords `stdin`, `stdout` and `stderr`.
pub struct Stdio(pub(crate) Kind);

pub(crate) enum Kind {
    Pipe,
    Null,
    Inherit,
    /// A file, or a descriptor of another kind.
    Given(std::process::Stdio, #[cfg(unix)] Option<OwnedFd>),
}

/// The type of [`STDOUT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToStdout(());

/// Where a child's standard error goes: as [`Stdio`], or [`STDOUT`].
pub struct StderrTo(pub(crate) ErrKind);

pub(crate) enum ErrKind {
    Own(Stdio),
    ToStdout,
}

impl Stdio {
    pub(crate) fn name(&self) -> &'static str {
        match self.0 {
            Kind::Pipe => "PIPE",
            Kind::Null => "DEVNULL",
            Kind::Inherit => "INHERIT",
            Kind::Given(..) => "a file",
        }
    }
}

#[cfg(unix)]
impl From<OwnedFd> for Stdio {
    fn from(fd: OwnedFd) -> Stdio {
        // Kept as it is until the child is made: `STDOUT` needs a second one of it.
        Stdio(Kind::Given(std::process::Stdio::null(), Some(fd)))
    }
}

#[cfg(unix)]
impl From<File> for Stdio {
    fn from(file: File) -> Stdio {
        OwnedFd::from(file).into()
    }
}

#[cfg(windows)]
impl From<File> for Stdio {
    fn from(file: File) -> Stdio {
        Stdio(Kind::Given(file.into()))
    }
}

/// What std can pass to a child, as it is.
impl From<std::process::Stdio> for Stdio {
    fn from(stdio: std::process::Stdio) -> Stdio {
        Stdio(Kind::Given(
            stdio,
            #[cfg(unix)]
            None,
        ))
    }
}

impl From<ToStdout> for StderrTo {
    fn from(_: ToStdout) -> StderrTo {
        StderrTo(ErrKind::ToStdout)
    }
}

impl<T: Into<Stdio>> From<T> for StderrTo {
    fn from(stdio: T) -> StderrTo {
        StderrTo(ErrKind::Own(stdio.into()))
    }
}

impl fmt::Debug for Stdio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for StderrTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            ErrKind::Own(stdio) => stdio.fmt(f),
            ErrKind::ToStdout => f.write_str("STDOUT"),
        }
    }
}
