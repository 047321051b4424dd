//! `Exit`: how the end of a child is awaited, and how signals are sent to it.
//!
//! On Linux by a pidfd: it names this child whatever becomes of its number, and the reactor of whoever waits first
//! watches it. It is registered at the first wait, so a child that nobody waits for costs no registration. Where
//! there is none, async-process's own watch does, and signals are sent by number while the child is not yet reaped.

use std::io;
#[cfg(target_os = "linux")]
use std::os::fd::{AsRawFd, OwnedFd};
#[cfg(target_os = "linux")]
use std::sync::{Arc, Mutex, PoisonError};

#[cfg(target_os = "linux")]
use asyncio_reactor::Async;
#[cfg(target_os = "linux")]
use rustix::process::Pid;

use crate::signal::Signal;

#[cfg(target_os = "linux")]
type Watch = Async<Arc<OwnedFd>>;

#[derive(Debug)]
pub(crate) struct Exit {
    pid: u32,
    #[cfg(target_os = "linux")]
    pidfd: Option<Arc<OwnedFd>>,
    #[cfg(target_os = "linux")]
    watch: Mutex<Option<Arc<Watch>>>,
}

/// What is left when the child was reaped: signals reach nobody, or somebody else.
fn gone() -> io::Error {
    io::Error::from_raw_os_error(libc::ESRCH)
}

#[cfg(target_os = "linux")]
impl Exit {
    pub(crate) fn new(pid: u32) -> Exit {
        // Without one there are the other ways.
        let pidfd = id(pid).and_then(|pid| {
            let opened = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty());
            opened.ok()
        });
        Exit {
            pid,
            pidfd: pidfd.map(Arc::new),
            watch: Mutex::default(),
        }
    }

    /// As on a system that has none.
    #[cfg(test)]
    pub(crate) fn without_pidfd(pid: u32) -> Exit {
        Exit {
            pid,
            pidfd: None,
            watch: Mutex::default(),
        }
    }

    /// Waits until the child may have ended. False: this way is closed.
    pub(crate) async fn wait(&self) -> bool {
        // A reactor may have been closed since: then the next one is that of whoever waits now.
        for _ in 0..2 {
            let Some(watch) = self.watch() else {
                return false;
            };
            if watch.clone().readable_owned().await.is_ok() {
                return true;
            }
            let stale = {
                let mut current = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
                current.take_if(|current| Arc::ptr_eq(current, &watch))
            };
            drop(stale);
        }
        false
    }

    fn watch(&self) -> Option<Arc<Watch>> {
        let pidfd = self.pidfd.as_ref()?;
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        if watch.is_none() {
            *watch = Async::new(pidfd.clone()).ok().map(Arc::new);
        }
        watch.clone()
    }

    /// The end is known: nobody will wait.
    pub(crate) fn ended(&self) {
        let watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(watch);
    }

    /// Sends a signal. `child`: as long as it was not reaped, which it will not be during the call.
    pub(crate) fn send(&self, signal: Signal, child: Option<&mut async_process::Child>) -> io::Result<()> {
        match &self.pidfd {
            Some(pidfd) => pidfd_send(pidfd, signal, 0),
            None if child.is_some() => kill(self.pid, signal),
            None => Err(gone()),
        }
    }

    /// Sends a signal to the group that the child leads. It reaches what is left of it also when the child has ended.
    pub(crate) fn send_group(
        &self,
        signal: Signal,
        child: Option<&mut async_process::Child>,
    ) -> io::Result<()> {
        const PIDFD_SIGNAL_PROCESS_GROUP: libc::c_uint = 1 << 2;
        if let Some(pidfd) = &self.pidfd {
            match pidfd_send(pidfd, signal, PIDFD_SIGNAL_PROCESS_GROUP) {
                // Before Linux 6.9; or the signal is none, which the other call finds too.
                Err(error) if error.raw_os_error() == Some(libc::EINVAL) => {}
                sent => return sent,
            }
        }
        if child.is_some() {
            kill_group(self.pid, signal)
        } else {
            Err(gone())
        }
    }
}

#[cfg(not(target_os = "linux"))]
impl Exit {
    pub(crate) fn new(pid: u32) -> Exit {
        Exit { pid }
    }

    #[cfg(test)]
    pub(crate) fn without_pidfd(pid: u32) -> Exit {
        Exit { pid }
    }

    pub(crate) async fn wait(&self) -> bool {
        false
    }

    pub(crate) fn ended(&self) {}

    pub(crate) fn send(&self, signal: Signal, child: Option<&mut async_process::Child>) -> io::Result<()> {
        if child.is_some() {
            kill(self.pid, signal)
        } else {
            Err(gone())
        }
    }

    pub(crate) fn send_group(
        &self,
        signal: Signal,
        child: Option<&mut async_process::Child>,
    ) -> io::Result<()> {
        if child.is_some() {
            kill_group(self.pid, signal)
        } else {
            Err(gone())
        }
    }
}

#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "rustix has this call without its flags")]
fn pidfd_send(pidfd: &OwnedFd, signal: Signal, flags: libc::c_uint) -> io::Result<()> {
    // SAFETY: no information goes with the signal, and the descriptor is open.
    let sent = unsafe {
        libc::syscall(
            libc::SYS_pidfd_send_signal,
            pidfd.as_raw_fd(),
            signal.number(),
            std::ptr::null::<libc::siginfo_t>(),
            flags,
        )
    };
    if sent == -1 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

#[cfg(target_os = "linux")]
fn id(pid: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(pid).ok()?)
}

fn kill(pid: u32, signal: Signal) -> io::Result<()> {
    call_kill(i32::try_from(pid).unwrap_or(0), signal)
}

fn kill_group(pid: u32, signal: Signal) -> io::Result<()> {
    call_kill(-i32::try_from(pid).unwrap_or(0), signal)
}

#[expect(
    unsafe_code,
    reason = "any number may be sent, which rustix's type does not allow"
)]
fn call_kill(pid: i32, signal: Signal) -> io::Result<()> {
    if matches!(pid, -1..=1) {
        return Err(gone());
    }
    // SAFETY: the call has no preconditions.
    if unsafe { libc::kill(pid, signal.number()) } == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Does the error say that there is no such process?
pub(crate) fn is_gone(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::ESRCH)
}
