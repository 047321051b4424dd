//! `Child`: what a process and the handles to it share: the way to its end, and the end itself once it is known.
//!
//! The end is asked for, never assumed: whoever waits is woken by the system and then asks for the status of this child
//! alone. The first answer is kept, so all get the same.
//!
//! Invariant: async-process's child is given up only when the end is known or nobody is left; then it reaps it.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use asyncio_core::{WaitKind, waits_for};
use asyncio_timers::sleep;
use event_listener::Event;

use crate::error::ProcessLookupError;
use crate::signal::Signal;
use crate::sys::{Exit, is_gone};

#[derive(Debug)]
pub(crate) struct Child {
    pub(crate) pid: u32,
    /// It leads a process group of its own.
    pub(crate) leads: bool,
    exit: Exit,
    /// What async-process has of it, until the end is known.
    inner: Mutex<Option<async_process::Child>>,
    end: OnceLock<Result<ExitStatus, Lost>>,
    slow: Slow,
}

/// Somebody else asked the system for the status of our child, which tells it once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lost;

type Status = Pin<Box<dyn Future<Output = io::Result<ExitStatus>> + Send>>;

/// The wait by async-process, where there is no other: one future for all who wait.
#[derive(Default)]
struct Slow {
    status: Mutex<Option<Status>>,
    event: Arc<Woken>,
}

impl std::fmt::Debug for Slow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Slow")
    }
}

#[derive(Default)]
struct Woken(Event);

impl Wake for Woken {
    fn wake(self: Arc<Woken>) {
        self.0.notify(usize::MAX);
    }
}

impl Child {
    pub(crate) fn new(inner: async_process::Child, leads: bool) -> Child {
        let pid = inner.id();
        Child {
            pid,
            leads,
            exit: Exit::new(pid),
            inner: Mutex::new(Some(inner)),
            end: OnceLock::new(),
            slow: Slow::default(),
        }
    }

    /// How it ended, if it has; the system is asked.
    pub(crate) fn look(&self) -> Option<Result<ExitStatus, Lost>> {
        if let Some(end) = self.end.get() {
            return Some(*end);
        }
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let end = match inner.as_mut().map(async_process::Child::try_status) {
            // Another thread was faster.
            None => return self.end.get().copied(),
            Some(Ok(None)) => return None,
            Some(Ok(Some(status))) => Ok(status),
            Some(Err(_)) => Err(Lost),
        };
        let end = *self.end.get_or_init(|| end);
        let known = inner.take();
        drop(inner);
        drop(known);
        let slow = self
            .slow
            .status
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        drop(slow);
        self.exit.ended();
        self.slow.event.0.notify(usize::MAX);
        Some(end)
    }

    /// Waits for the end.
    pub(crate) async fn wait(&self) -> Result<ExitStatus, Lost> {
        let mut early = Duration::from_millis(1);
        let mut waiting = pin!(None);
        loop {
            if let Some(end) = self.look() {
                return end;
            }
            waiting.set(Some(self.exit.wait()));
            let woken = poll_fn(|cx| {
                let waited = waiting
                    .as_mut()
                    .as_pin_mut()
                    .map_or(Poll::Ready(false), |wait| wait.poll(cx));
                self.note(&waited);
                waited
            });
            if !woken.await {
                self.wait_slowly().await;
            } else if self.look().is_none() {
                // The system has told of the end, and denies it: a debugger may have it first.
                sleep(early).await;
                early = (early * 2).min(Duration::from_millis(100));
            }
        }
    }

    /// Waits by async-process: for all who wait it polls one future, whose waker wakes all.
    async fn wait_slowly(&self) {
        let mut listener = None;
        poll_fn(|cx| {
            loop {
                let waiting = listener.get_or_insert_with(|| self.slow.event.0.listen());
                if self.look().is_some() || self.poll_status() {
                    return Poll::Ready(());
                }
                let polled = Pin::new(waiting).poll(cx);
                self.note(&polled);
                if polled.is_pending() {
                    return Poll::Pending;
                }
                listener = None;
            }
        })
        .await;
    }

    fn poll_status(&self) -> bool {
        let mut status = self.slow.status.lock().unwrap_or_else(PoisonError::into_inner);
        if status.is_none() {
            let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(inner) = inner.as_mut() else {
                return true;
            };
            *status = Some(Box::pin(inner.status()));
        }
        let waker = Waker::from(self.slow.event.clone());
        let polled = status
            .as_mut()
            .map(|status| status.as_mut().poll(&mut Context::from_waker(&waker)));
        if polled.is_some_and(|polled| polled.is_pending()) {
            return false;
        }
        let ended = status.take();
        drop(status);
        drop(ended);
        true
    }

    fn note<T>(&self, polled: &Poll<T>) {
        if polled.is_pending() {
            waits_for(WaitKind::Process, self.pid as usize);
        }
    }

    /// Sends a signal to the child alone.
    pub(crate) fn send(&self, signal: Signal) -> io::Result<()> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.is_none() {
            return Err(ProcessLookupError { pid: self.pid }.into());
        }
        // Nobody can reap it meanwhile.
        let sent = self.exit.send(signal, inner.as_mut());
        drop(inner);
        self.tell(sent)
    }

    /// Sends a signal to the group that the child leads, or to the child alone if it leads none.
    pub(crate) fn send_tree(&self, signal: Signal) -> io::Result<()> {
        if !self.leads {
            return self.send(signal);
        }
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = self.exit.send_group(signal, inner.as_mut());
        drop(inner);
        self.tell(sent)
    }

    fn tell(&self, sent: io::Result<()>) -> io::Result<()> {
        sent.map_err(|error| {
            if is_gone(&error) {
                return ProcessLookupError { pid: self.pid }.into();
            }
            error
        })
    }
}

impl Lost {
    pub(crate) fn error(self, pid: u32) -> io::Error {
        let message = format!(
            "process {pid} has ended, and somebody else in this program (or an ignored SIGCHLD) took its exit status"
        );
        io::Error::other(message)
    }
}

#[cfg(all(test, unix))]
mod tests;
