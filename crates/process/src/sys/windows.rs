//! Windows: pipes that async-process reads and writes on threads, and process handles that it watches.
//!
//! Never compiled by us, never run. Our reactor watches sockets alone there, so the pipes do not lie on it.

use std::any::Any;
use std::fmt;
use std::io::{self, IoSlice};
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use asyncio_net::{StreamReader, StreamWriter, Wire, stream};
use futures_io::{AsyncRead, AsyncWrite};

use crate::command::Group;
use crate::process::Streams;
use crate::signal::Signal;
use crate::stdio::{ErrKind, Kind, StderrTo, Stdio};
use crate::sweep::Sweep;

/// What there is on Unix alone.
#[derive(Debug, Default)]
pub(crate) struct Extra;

/// Tells the command what is asked for.
pub(crate) fn prepare(command: &mut std::process::Command, group: Group, _extra: Extra) {
    use std::os::windows::process::CommandExt;
    const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;
    if group != Group::Inherit {
        command.creation_flags(CREATE_NEW_PROCESS_GROUP);
    }
}

/// Handles are not short here.
pub(crate) struct Reserve;

impl Reserve {
    #[expect(clippy::unnecessary_wraps, reason = "it can fail elsewhere")]
    pub(crate) fn new() -> io::Result<Reserve> {
        Ok(Reserve)
    }

    pub(crate) fn release(self) {}
}

/// The end is awaited by async-process, and there is one signal.
#[derive(Debug)]
pub(crate) struct Exit;

impl Exit {
    pub(crate) fn new(_pid: u32) -> Exit {
        Exit
    }

    pub(crate) async fn wait(&self) -> bool {
        false
    }

    pub(crate) fn ended(&self) {}

    pub(crate) fn send(&self, signal: Signal, child: Option<&mut async_process::Child>) -> io::Result<()> {
        if signal != Signal::KILL && signal != Signal::TERM {
            let message = format!("{signal:?} cannot be sent on this system");
            return Err(io::Error::new(io::ErrorKind::Unsupported, message));
        }
        child.map_or_else(|| Err(io::ErrorKind::NotFound.into()), async_process::Child::kill)
    }

    /// There is no way to reach a group: the child alone.
    pub(crate) fn send_group(
        &self,
        signal: Signal,
        child: Option<&mut async_process::Child>,
    ) -> io::Result<()> {
        self.send(signal, child)
    }
}

/// Does the error say that there is no such process?
pub(crate) fn is_gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidInput | io::ErrorKind::NotFound
    )
}

pub(crate) struct Plumbing {
    stdin: Stdio,
    stdout: Stdio,
    stderr: Stdio,
    limit: usize,
}

impl Plumbing {
    pub(crate) fn new(stdin: Stdio, stdout: Stdio, stderr: StderrTo, limit: usize) -> io::Result<Plumbing> {
        let stderr = match (stderr.0, &stdout.0) {
            (ErrKind::Own(stderr), _) => stderr,
            (ErrKind::ToStdout, Kind::Null) => Stdio(Kind::Null),
            (ErrKind::ToStdout, _) => {
                let message = "stderr(STDOUT) is not there on this system, unless stdout is DEVNULL";
                return Err(io::Error::new(io::ErrorKind::Unsupported, message));
            }
        };
        Ok(Plumbing {
            stdin,
            stdout,
            stderr,
            limit,
        })
    }

    pub(crate) fn connect(&mut self, command: &mut async_process::Command) {
        let end = |stdio: &mut Stdio| match std::mem::replace(&mut stdio.0, Kind::Inherit) {
            Kind::Pipe => std::process::Stdio::piped(),
            Kind::Null => std::process::Stdio::null(),
            Kind::Inherit => std::process::Stdio::inherit(),
            Kind::Given(given) => given,
        };
        command.stdin(end(&mut self.stdin));
        command.stdout(end(&mut self.stdout));
        command.stderr(end(&mut self.stderr));
    }

    pub(crate) fn streams(self, child: &mut async_process::Child) -> Streams {
        let limit = self.limit;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take();
        let stderr = child.stderr.take();
        Streams {
            stdin_end: None,
            stdin: stdin.map(|pipe| stream(ThreadWriter(Mutex::new(Some(pipe)))).1),
            stdout: stdout.map(|pipe| reader(ThreadReader(Mutex::new(pipe)), limit)),
            stderr: stderr.map(|pipe| reader(ThreadReader(Mutex::new(pipe)), limit)),
            sweep: Sweep::default(),
        }
    }
}

fn reader(wire: impl Wire, limit: usize) -> StreamReader {
    let (mut reader, _) = stream(wire);
    if let Some(limit) = NonZeroUsize::new(limit) {
        reader.set_limit(limit);
    }
    reader
}

fn one_way() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, "a pipe goes one way")
}

/// The end of a pipe from which we read.
struct ThreadReader<T>(Mutex<T>);

impl<T> fmt::Debug for ThreadReader<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadReader").finish_non_exhaustive()
    }
}

impl<T: AsyncRead + Unpin + Send + 'static> Wire for ThreadReader<T> {
    fn poll_read(&self, cx: &mut Context<'_>, buffer: &mut Vec<u8>, most: usize) -> Poll<io::Result<usize>> {
        let mut pipe = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = buffer.len();
        buffer.resize(before + most, 0);
        let polled = Pin::new(&mut *pipe).poll_read(cx, &mut buffer[before..]);
        let read = match &polled {
            Poll::Ready(Ok(count)) => *count,
            _ => 0,
        };
        buffer.truncate(before + read);
        polled
    }

    fn try_write(&self, _: &[IoSlice<'_>]) -> io::Result<usize> {
        Err(one_way())
    }

    fn poll_write(&self, _: &mut Context<'_>, _: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(one_way()))
    }

    fn close_write(&self) -> io::Result<()> {
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        Ok(())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The end of a pipe to which we write; nothing once it was closed.
struct ThreadWriter(Mutex<Option<async_process::ChildStdin>>);

impl fmt::Debug for ThreadWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadWriter").finish_non_exhaustive()
    }
}

impl Wire for ThreadWriter {
    fn poll_read(&self, _: &mut Context<'_>, _: &mut Vec<u8>, _: usize) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(one_way()))
    }

    /// All goes through the queue, and a thread.
    fn try_write(&self, _: &[IoSlice<'_>]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }

    fn poll_write(&self, cx: &mut Context<'_>, buffers: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let mut pipe = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(pipe) = pipe.as_mut() else {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        };
        let count = ready!(Pin::new(&mut *pipe).poll_write_vectored(cx, buffers))?;
        // The thread writes on by itself; its error comes with the next call.
        let _ = Pin::new(pipe).poll_flush(cx);
        Poll::Ready(Ok(count))
    }

    fn close_write(&self) -> io::Result<()> {
        let pipe = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(pipe);
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.close_write()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
