//! `Plumbing`: both ends of a child's standard streams.
//!
//! Our ends are on the reactor before the child is made, so that nothing can fail afterwards that would leave a child
//! without an owner. Its ends close with the command.

use std::io;
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::Stdio as ChildEnd;

use asyncio_net::{StreamReader, StreamWriter, stream};
use rustix::pipe::{PipeFlags, pipe_with};

use super::pipe::{PipeReader, PipeWriter};
use crate::process::Streams;
use crate::stdio::{ErrKind, Kind, StderrTo, Stdio};
use crate::sweep::Sweep;

pub(crate) struct Plumbing {
    ends: [Option<ChildEnd>; 3],
    stdin: Option<StreamWriter>,
    stdin_end: Option<StreamReader>,
    stdout: Option<StreamReader>,
    stderr: Option<StreamReader>,
    sweep: Sweep,
}

/// A child's end that a second one may be made of.
enum End {
    Fd(OwnedFd),
    Other(ChildEnd),
    Inherit,
    Null,
}

impl End {
    fn of(stdio: Stdio) -> End {
        match stdio.0 {
            Kind::Given(_, Some(fd)) => End::Fd(fd),
            Kind::Given(other, None) => End::Other(other),
            Kind::Null => End::Null,
            Kind::Pipe | Kind::Inherit => End::Inherit,
        }
    }

    /// One that leads to the same place.
    fn again(&self, inherited: BorrowedFd<'_>) -> io::Result<ChildEnd> {
        match self {
            End::Fd(fd) => Ok(fd.try_clone()?.into()),
            End::Inherit => Ok(inherited.try_clone_to_owned()?.into()),
            End::Null => Ok(ChildEnd::null()),
            End::Other(_) => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "stderr(STDOUT) needs a stdout that is PIPE, DEVNULL, INHERIT, a File or an OwnedFd",
            )),
        }
    }
}

impl From<End> for ChildEnd {
    fn from(end: End) -> ChildEnd {
        match end {
            End::Fd(fd) => fd.into(),
            End::Other(other) => other,
            End::Inherit => ChildEnd::inherit(),
            End::Null => ChildEnd::null(),
        }
    }
}

impl Plumbing {
    /// Makes the pipes.
    ///
    /// # Errors
    ///
    /// The system's, when it has no room; those of `Async::new`.
    pub(crate) fn new(stdin: Stdio, stdout: Stdio, stderr: StderrTo, limit: usize) -> io::Result<Plumbing> {
        let (stdin, writer, stdin_end) = match stdin.0 {
            Kind::Pipe => {
                let (theirs, ours) = pipe_with(PipeFlags::CLOEXEC)?;
                let (end, writer) = stream(PipeWriter::new(ours)?);
                (theirs.into(), Some(writer), Some(end))
            }
            _ => (End::of(stdin).into(), None, None),
        };
        let sweep = Sweep::default();
        let (out, out_reader) = output(stdout, limit, &sweep)?;
        let (err, err_reader) = match stderr.0 {
            ErrKind::ToStdout => (out.again(std::io::stdout().as_fd())?, None),
            ErrKind::Own(stderr) => {
                let (err, reader) = output(stderr, limit, &sweep)?;
                (err.into(), reader)
            }
        };
        Ok(Plumbing {
            ends: [Some(stdin), Some(out.into()), Some(err)],
            stdin: writer,
            stdin_end,
            stdout: out_reader,
            stderr: err_reader,
            sweep,
        })
    }

    /// Gives the command the child's ends.
    pub(crate) fn connect(&mut self, command: &mut async_process::Command) {
        let [stdin, stdout, stderr] = &mut self.ends;
        command.stdin(stdin.take().unwrap_or_else(ChildEnd::inherit));
        command.stdout(stdout.take().unwrap_or_else(ChildEnd::inherit));
        command.stderr(stderr.take().unwrap_or_else(ChildEnd::inherit));
    }

    /// Our ends.
    pub(crate) fn streams(self, _child: &mut async_process::Child) -> Streams {
        Streams {
            stdin: self.stdin,
            stdin_end: self.stdin_end,
            stdout: self.stdout,
            stderr: self.stderr,
            sweep: self.sweep,
        }
    }
}

fn output(stdio: Stdio, limit: usize, sweep: &Sweep) -> io::Result<(End, Option<StreamReader>)> {
    let Kind::Pipe = stdio.0 else {
        return Ok((End::of(stdio), None));
    };
    let (ours, theirs) = pipe_with(PipeFlags::CLOEXEC)?;
    let (mut reader, _) = stream(PipeReader::new(ours, sweep.clone())?);
    if let Some(limit) = NonZeroUsize::new(limit) {
        reader.set_limit(limit);
    }
    Ok((End::Fd(theirs), Some(reader)))
}
