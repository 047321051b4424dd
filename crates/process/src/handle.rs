//! `ProcessHandle`: what can be done with a child from anywhere, apart from its streams.

use std::fmt;
use std::io;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use crate::child::Child;
use crate::error::returncode;
use crate::finish::end;
use crate::signal::Signal;

/// A way to a child: it waits for it and sends signals, from any task and any thread. A cheap clone.
///
/// A [`Process`](crate::Process) has all of these methods too. Handles do not keep it from being killed on drop.
#[derive(Clone)]
pub struct ProcessHandle {
    child: Arc<Child>,
}

impl ProcessHandle {
    pub(crate) fn new(child: Child) -> ProcessHandle {
        ProcessHandle {
            child: Arc::new(child),
        }
    }

    /// The child's number.
    pub fn pid(&self) -> u32 {
        self.child.pid
    }

    /// Waits until the child has ended, and gives its exit code, or the negative number of the signal that ended it.
    ///
    /// Any number of tasks may wait, and all get the same. A child that fills a pipe which nobody reads does not end:
    /// [`communicate`](crate::Process::communicate) reads and waits.
    ///
    /// # Errors
    ///
    /// When somebody else in this program asked the system for the status of all children, so that this one's is lost.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    ///
    /// # Python
    ///
    /// `Process.wait()`; there it also waits until the pipes are at their end.
    pub async fn wait(&self) -> io::Result<i32> {
        self.status().await.map(returncode)
    }

    /// As [`wait`](ProcessHandle::wait), with all that the system tells about the end.
    ///
    /// # Errors
    ///
    /// As `wait`.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn status(&self) -> io::Result<ExitStatus> {
        let ended = self.child.wait().await;
        ended.map_err(|lost| lost.error(self.pid()))
    }

    /// The exit code, or the negative number of the signal that ended it; `None` while it runs, and when somebody else
    /// took the status. It asks the system, and needs nobody to wait.
    pub fn returncode(&self) -> Option<i32> {
        self.exit_status().map(returncode)
    }

    /// How it ended; `None` while it runs, and when somebody else took the status.
    pub fn exit_status(&self) -> Option<ExitStatus> {
        self.child.look().and_then(Result::ok)
    }

    /// Does it run, as far as the system can tell?
    pub(crate) fn is_running(&self) -> bool {
        self.child.look().is_none()
    }

    /// Does it lead a process group of its own?
    pub fn leads_group(&self) -> bool {
        self.child.leads
    }

    /// Sends a signal to the child.
    ///
    /// A child that has ended but was not waited for takes it without a word. Its number is never used for another
    /// process before that; on Linux not afterwards either.
    ///
    /// # Errors
    ///
    /// [`ProcessLookupError`](crate::ProcessLookupError), inside an error of the kind `NotFound`, when it has ended and
    /// that is known. The system's: the child runs as another user; there is no such signal.
    pub fn send_signal(&self, signal: impl Into<Signal>) -> io::Result<()> {
        self.child.send(signal.into())
    }

    /// Asks the child to end: SIGTERM.
    ///
    /// # Errors
    ///
    /// As [`send_signal`](ProcessHandle::send_signal).
    pub fn terminate(&self) -> io::Result<()> {
        self.send_signal(Signal::TERM)
    }

    /// Ends the child: SIGKILL. What it has started lives on; see [`kill_group`](ProcessHandle::kill_group).
    ///
    /// # Errors
    ///
    /// As [`send_signal`](ProcessHandle::send_signal).
    pub fn kill(&self) -> io::Result<()> {
        self.send_signal(Signal::KILL)
    }

    /// Sends a signal to the process group that the child leads: to it and all that it has started, but for those who
    /// have left the group. They are reached also when the child itself has ended (on Linux from 6.9 on).
    ///
    /// # Errors
    ///
    /// `InvalidInput` when it leads none: see [`Command::process_group`](crate::Command::process_group). As
    /// [`send_signal`](ProcessHandle::send_signal); the group is gone when nobody is left in it.
    pub fn signal_group(&self, signal: impl Into<Signal>) -> io::Result<()> {
        if !self.child.leads {
            let message = format!(
                "process {} leads no group: start it with process_group(true)",
                self.pid()
            );
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        self.child.send_tree(signal.into())
    }

    /// Ends the group that the child leads: SIGKILL for all.
    ///
    /// # Errors
    ///
    /// As [`signal_group`](ProcessHandle::signal_group).
    pub fn kill_group(&self) -> io::Result<()> {
        self.signal_group(Signal::KILL)
    }

    /// Ends the child, politely first: SIGTERM, and SIGKILL if it has not ended within `grace`; then waits for it. If it
    /// leads a group, all of the group are asked, and what is left of it when the child has ended is killed.
    ///
    /// # Errors
    ///
    /// As [`wait`](ProcessHandle::wait). That it has ended already is none.
    ///
    /// # Cancel safety
    ///
    /// The child was asked to end, and nothing more happens.
    pub async fn shutdown(&self, grace: Duration) -> io::Result<ExitStatus> {
        end(std::slice::from_ref(self), grace).await;
        self.status().await
    }

    /// Asks the child to end, with its group if it leads one.
    pub(crate) fn ask_tree(&self) -> io::Result<()> {
        self.child.send_tree(Signal::TERM)
    }

    /// Ends the child, with its group if it leads one.
    pub(crate) fn kill_tree(&self) -> io::Result<()> {
        self.child.send_tree(Signal::KILL)
    }
}

impl fmt::Debug for ProcessHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessHandle")
            .field("pid", &self.pid())
            .field("returncode", &self.returncode())
            .finish_non_exhaustive()
    }
}
