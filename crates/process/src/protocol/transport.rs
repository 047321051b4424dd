//! `SubprocessTransport` and `PipeTransport`: the ways to a child and to its pipes.
//!
//! Invariant: nothing here calls the protocol. What changes is noted, and the pump, which is woken, tells it in its turn.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use asyncio_core::Part;
use asyncio_net::Transport;

use crate::handle::ProcessHandle;
use crate::signal::Signal;

/// What the transports and the pump share.
pub(super) struct Shared {
    pub(super) handle: ProcessHandle,
    pub(super) stdin: Option<Transport>,
    /// The standard output and the standard error, if they are piped.
    pub(super) outputs: [Option<Output>; 2],
    pub(super) closing: AtomicBool,
    pub(super) made: AtomicBool,
    /// `connection_made` has panicked.
    pub(super) refused: AtomicBool,
    pub(super) part: OnceLock<Part>,
}

/// What is wanted of a pipe that is read.
#[derive(Debug, Default)]
pub(super) struct Output {
    pub(super) paused: AtomicBool,
    pub(super) closed: AtomicBool,
}

impl Shared {
    pub(super) fn wake(&self) {
        if let Some(part) = self.part.get() {
            part.wake();
        }
    }

    /// Closes the pipes, and kills the child if it runs.
    pub(super) fn close(&self) {
        if self.closing.swap(true, Ordering::AcqRel) {
            return;
        }
        if let Some(stdin) = &self.stdin {
            // The child is about to be killed: what waits for room would never be read.
            stdin.abort();
        }
        for output in self.outputs.iter().flatten() {
            output.closed.store(true, Ordering::Release);
        }
        if self.handle.leads_group() || self.handle.is_running() {
            // It may have ended meanwhile.
            let _ = self.handle.kill_tree();
        }
        self.wake();
    }
}

/// The way to a child that has a [`SubprocessProtocol`](crate::SubprocessProtocol); a cheap clone, for any thread.
///
/// Dropping it changes nothing: the child belongs to the loop, which kills it if it closes first.
///
/// # Python
///
/// `asyncio.SubprocessTransport`.
#[derive(Clone)]
pub struct SubprocessTransport {
    pub(super) shared: Arc<Shared>,
}

impl SubprocessTransport {
    /// The child's number.
    pub fn get_pid(&self) -> u32 {
        self.shared.handle.pid()
    }

    /// The exit code, or the negative number of the signal that ended the child; `None` while it runs.
    pub fn get_returncode(&self) -> Option<i32> {
        self.shared.handle.returncode()
    }

    /// The way to the child's standard input (0), output (1) or error (2); `None` for one that is not piped, and for any
    /// other number.
    pub fn get_pipe_transport(&self, fd: i32) -> Option<PipeTransport> {
        let there = match fd {
            0 => self.shared.stdin.is_some(),
            1 => self.shared.outputs[0].is_some(),
            2 => self.shared.outputs[1].is_some(),
            _ => false,
        };
        there.then(|| PipeTransport {
            shared: self.shared.clone(),
            fd,
        })
    }

    /// Sends a signal to the child.
    ///
    /// # Errors
    ///
    /// As [`ProcessHandle::send_signal`]: a [`ProcessLookupError`](crate::ProcessLookupError) when it has ended.
    pub fn send_signal(&self, signal: impl Into<Signal>) -> io::Result<()> {
        self.shared.handle.send_signal(signal)
    }

    /// Asks the child to end: SIGTERM.
    ///
    /// # Errors
    ///
    /// As [`send_signal`](SubprocessTransport::send_signal).
    pub fn terminate(&self) -> io::Result<()> {
        self.shared.handle.terminate()
    }

    /// Ends the child: SIGKILL.
    ///
    /// # Errors
    ///
    /// As [`send_signal`](SubprocessTransport::send_signal).
    pub fn kill(&self) -> io::Result<()> {
        self.shared.handle.kill()
    }

    /// Closes the pipes, and kills the child if it has not ended; with its group, if it leads one. `connection_lost` follows
    /// when it has ended. What was written to its standard input and is not in the pipe yet is lost.
    pub fn close(&self) {
        self.shared.close();
    }

    /// Whether [`close`](SubprocessTransport::close) was called.
    pub fn is_closing(&self) -> bool {
        self.shared.closing.load(Ordering::Acquire)
    }

    /// What waits for the child.
    pub fn handle(&self) -> ProcessHandle {
        self.shared.handle.clone()
    }
}

impl fmt::Debug for SubprocessTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubprocessTransport")
            .field("pid", &self.get_pid())
            .field("returncode", &self.get_returncode())
            .finish_non_exhaustive()
    }
}

/// The way to one of a child's standard streams; from [`SubprocessTransport::get_pipe_transport`].
///
/// The standard input is written to, the others are read from, by the protocol.
#[derive(Clone)]
pub struct PipeTransport {
    shared: Arc<Shared>,
    fd: i32,
}

impl PipeTransport {
    fn stdin(&self) -> io::Result<&Transport> {
        let stdin = self.shared.stdin.as_ref().filter(|_| self.fd == 0);
        let message = "this pipe is read from: only the standard input of a child is written to";
        stdin.ok_or_else(|| io::Error::new(io::ErrorKind::Unsupported, message))
    }

    fn output(&self) -> Option<&Output> {
        match self.fd {
            1 => self.shared.outputs[0].as_ref(),
            2 => self.shared.outputs[1].as_ref(),
            _ => None,
        }
    }

    /// Sends bytes to the child's standard input; what does not fit into the pipe follows by itself. Never waits.
    ///
    /// # Errors
    ///
    /// `Unsupported` for another pipe. As [`Transport::write`].
    pub fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let written = self.stdin()?.write(bytes);
        // Too much may wait now, or the pipe is broken.
        self.shared.wake();
        written
    }

    /// Ends the child's standard input behind what was written: closes it.
    ///
    /// # Errors
    ///
    /// `Unsupported` for another pipe.
    pub fn write_eof(&self) -> io::Result<()> {
        self.stdin()?.close();
        self.shared.wake();
        Ok(())
    }

    /// How much was written to the child's standard input and waits for room in the pipe.
    pub fn get_write_buffer_size(&self) -> usize {
        self.stdin().map_or(0, Transport::get_write_buffer_size)
    }

    /// Leaves what the child writes in the pipe, until [`resume_reading`](PipeTransport::resume_reading); the end, too.
    pub fn pause_reading(&self) {
        if let Some(output) = self.output() {
            output.paused.store(true, Ordering::Release);
        }
    }

    /// Reads again.
    pub fn resume_reading(&self) {
        if let Some(output) = self.output() {
            output.paused.store(false, Ordering::Release);
            self.shared.wake();
        }
    }

    /// Whether it is read from: neither paused nor closed from here.
    pub fn is_reading(&self) -> bool {
        let is_off = |flag: &AtomicBool| !flag.load(Ordering::Acquire);
        self.output()
            .is_some_and(|output| is_off(&output.paused) && is_off(&output.closed))
    }

    /// Closes this pipe: the standard input when all that was written is in it, another at once. `pipe_connection_lost`
    /// follows. The child gets SIGPIPE or an error when it writes to one that is closed.
    pub fn close(&self) {
        if let Ok(stdin) = self.stdin() {
            stdin.close();
        }
        if let Some(output) = self.output() {
            output.closed.store(true, Ordering::Release);
        }
        self.shared.wake();
    }

    /// Whether this pipe is closing or closed.
    pub fn is_closing(&self) -> bool {
        match self.output() {
            Some(output) => output.closed.load(Ordering::Acquire),
            None => self.stdin().map_or(true, Transport::is_closing),
        }
    }
}

impl fmt::Debug for PipeTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PipeTransport")
            .field("fd", &self.fd)
            .field("pid", &self.shared.handle.pid())
            .finish_non_exhaustive()
    }
}
