//! Signals of the operating system as a stream: `Signals`, and `ctrl_c`.
//!
//! `unix.rs` installs handlers and notifies; `unsupported.rs` has the same signatures for systems where nothing of
//! this is done yet.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
use unix as imp;
#[cfg(not(unix))]
mod unsupported;
#[cfg(not(unix))]
use unsupported as imp;

use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

/// A signal that can be listened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Signal {
    /// SIGALRM: a timer of the operating system rang.
    Alarm,
    /// SIGCHLD: a child process stopped or ended.
    Child,
    /// SIGCONT: the process goes on after a stop.
    Continue,
    /// SIGHUP: the terminal is gone; by custom, "read your configuration again".
    Hangup,
    /// SIGINT: Ctrl-C.
    Int,
    /// SIGPIPE: a write to a pipe that nobody reads.
    Pipe,
    /// SIGQUIT: Ctrl-\.
    Quit,
    /// SIGTERM: a polite request to end.
    Term,
    /// SIGTSTP: Ctrl-Z.
    TerminalStop,
    /// SIGUSR1: free for the application.
    User1,
    /// SIGUSR2: free for the application.
    User2,
    /// SIGWINCH: the terminal's size changed.
    WindowChange,
}

impl Signal {
    /// All of them.
    pub const ALL: [Signal; 12] = [
        Signal::Alarm,
        Signal::Child,
        Signal::Continue,
        Signal::Hangup,
        Signal::Int,
        Signal::Pipe,
        Signal::Quit,
        Signal::Term,
        Signal::TerminalStop,
        Signal::User1,
        Signal::User2,
        Signal::WindowChange,
    ];

    fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// Listens for signals.
///
/// While a listener for a signal lives, this crate's handler is installed for it, and neither the handler that was
/// there before nor the default action runs: calls are not chained. When the last listener for the signal is dropped,
/// the earlier handler is put back, unless somebody else has installed one meanwhile.
///
/// Each listener gets each of its signals. Signals of one kind that come before the listener has received the first
/// are received once, as the operating system itself does.
///
/// It is served by the reactor of the thread that makes it, as an [`Async`](crate::Async) is.
///
/// # Examples
///
/// ```
/// use asyncio_reactor::signals::{Signal, Signals};
///
/// # fn main() -> std::io::Result<()> {
/// # futures_lite::future::block_on(async {
/// let mut signals = Signals::new([Signal::User1, Signal::Hangup])?;
/// # rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::USR1)?;
/// assert_eq!(signals.recv().await?, Signal::User1);
/// # Ok(())
/// # })
/// # }
/// ```
///
/// # Python
///
/// `loop.add_signal_handler`, as a stream instead of callbacks.
#[doc(alias = "add_signal_handler")]
pub struct Signals {
    listener: imp::Listener,
}

impl Signals {
    /// Listens for `signals` from now on.
    ///
    /// # Errors
    ///
    /// The operating system's; those of [`Async::new`](crate::Async::new); `Unsupported` on systems other than Unix.
    pub fn new(signals: impl IntoIterator<Item = Signal>) -> io::Result<Signals> {
        let wanted = signals.into_iter().fold(0, |bits, signal| bits | signal.bit());
        Ok(Signals {
            listener: imp::Listener::new(wanted)?,
        })
    }

    /// Waits for the next signal.
    ///
    /// # Errors
    ///
    /// Those of [`Async::readable`](crate::Async::readable).
    ///
    /// # Cancel safety
    ///
    /// No signal is lost.
    pub async fn recv(&mut self) -> io::Result<Signal> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// Ready with the next signal.
    ///
    /// # Errors
    ///
    /// As [`Signals::recv`].
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Signal>> {
        self.listener.poll_recv(cx)
    }
}

impl Stream for Signals {
    type Item = io::Result<Signal>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_recv(cx).map(Some)
    }
}

impl fmt::Debug for Signals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signals").finish_non_exhaustive()
    }
}

/// Waits for Ctrl-C; made by [`ctrl_c`].
#[must_use = "futures do nothing unless awaited, and dropping this one gives Ctrl-C its earlier meaning back"]
#[derive(Debug)]
pub struct CtrlC {
    /// The error is given to the first poll.
    signals: Option<io::Result<Signals>>,
}

/// Waits for Ctrl-C (SIGINT), from the call on, not from the first poll. As long as the future lives, Ctrl-C does not
/// end the process.
///
/// # Errors
///
/// Awaiting gives those of [`Signals::new`] and [`Signals::recv`].
///
/// # Examples
///
/// ```no_run
/// # fn main() -> std::io::Result<()> {
/// # futures_lite::future::block_on(async {
/// asyncio_reactor::signals::ctrl_c().await?;
/// println!("bye");
/// # Ok(())
/// # })
/// # }
/// ```
pub fn ctrl_c() -> CtrlC {
    CtrlC {
        signals: Some(Signals::new([Signal::Int])),
    }
}

impl Future for CtrlC {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.signals.take() {
            Some(Ok(mut signals)) => {
                let result = signals.poll_recv(cx);
                self.signals = Some(Ok(signals));
                result.map(|result| result.map(drop))
            }
            Some(Err(error)) => Poll::Ready(Err(error)),
            None => Poll::Ready(Err(io::Error::other("listening for Ctrl-C has failed before"))),
        }
    }
}

/// Whether Ctrl-C (SIGINT) would end the process: nobody has installed a handler or chosen to ignore it. A program
/// that turns Ctrl-C into something else asks this first, as a parent that ignores it (`nohup`) wants it ignored.
#[must_use]
pub fn sigint_is_default() -> bool {
    imp::sigint_is_default()
}
