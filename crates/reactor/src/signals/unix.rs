//! Handlers, and how they reach listeners.
//!
//! A handler may interrupt anything, so it walks a list that only grows, sets a bit and writes a byte: nothing but
//! atomics and `write`. A place on the list (`Slot`) with its socket pair is used again by later listeners and never
//! freed, so a handler can neither meet a freed place nor write to a descriptor that was closed and given to
//! somebody else. That keeps as many pairs as listeners lived at once.
//!
//! A forked child has the parent's pairs in common with it. It takes none of those places, lest the two read each
//! other's bytes; a byte that its handler writes to one wakes the parent for nothing, which does no harm.

#![expect(
    unsafe_code,
    reason = "sigaction, and a list that a signal handler can walk: std has neither"
)]

use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use super::Signal;
use crate::r#async::Async;
use crate::direction::Direction;

/// The newest place; a place's `next` was made before it and never changes.
static SLOTS: AtomicPtr<Slot> = AtomicPtr::new(ptr::null_mut());
/// The process generation that the handlers belong to.
static GENERATION: AtomicU32 = AtomicU32::new(0);
static INSTALLED: Mutex<[Installed; COUNT]> = Mutex::new(
    [const {
        Installed {
            listeners: 0,
            earlier: None,
        }
    }; COUNT],
);

const COUNT: usize = Signal::ALL.len();

struct Slot {
    /// The signals that its listener wants; 0: the place is free.
    wanted: AtomicU32,
    /// Those that came.
    pending: AtomicU32,
    reader: UnixStream,
    writer: UnixStream,
    generation: u32,
    next: Option<&'static Slot>,
}

struct Installed {
    listeners: usize,
    earlier: Option<libc::sigaction>,
}

pub(super) struct Listener {
    /// Dropped before the place is given back: see `Drop`.
    wakes: Option<Async<&'static UnixStream>>,
    slot: &'static Slot,
    wanted: u32,
}

impl Signal {
    /// The number that this system has for it.
    #[must_use]
    pub fn as_raw(self) -> i32 {
        match self {
            Signal::Alarm => libc::SIGALRM,
            Signal::Child => libc::SIGCHLD,
            Signal::Continue => libc::SIGCONT,
            Signal::Hangup => libc::SIGHUP,
            Signal::Int => libc::SIGINT,
            Signal::Pipe => libc::SIGPIPE,
            Signal::Quit => libc::SIGQUIT,
            Signal::Term => libc::SIGTERM,
            Signal::TerminalStop => libc::SIGTSTP,
            Signal::User1 => libc::SIGUSR1,
            Signal::User2 => libc::SIGUSR2,
            Signal::WindowChange => libc::SIGWINCH,
        }
    }
}

impl Listener {
    pub(super) fn new(wanted: u32) -> io::Result<Listener> {
        let mut installed = installed();
        let generation = asyncio_core::fork_generation();
        GENERATION.store(generation, Ordering::Release);
        let slot = claim(generation)?;
        let wakes = Async::new_nonblocking(&slot.reader)?;
        slot.pending.store(0, Ordering::Release);
        slot.wanted.store(wanted, Ordering::Release);
        let mut listener = Listener {
            wakes: Some(wakes),
            slot,
            wanted: 0,
        };
        for (index, signal) in Signal::ALL.into_iter().enumerate() {
            if wanted & signal.bit() == 0 {
                continue;
            }
            if let Err(error) = install(&mut installed[index], signal) {
                // The listener's drop takes back what was installed before.
                drop(installed);
                drop(listener);
                return Err(error);
            }
            listener.wanted |= signal.bit();
        }
        Ok(listener)
    }

    pub(super) fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Signal>> {
        let Some(wakes) = &self.wakes else {
            return Poll::Pending;
        };
        loop {
            for signal in Signal::ALL {
                if self.slot.pending.load(Ordering::Acquire) & signal.bit() != 0
                    && self.slot.pending.fetch_and(!signal.bit(), Ordering::AcqRel) & signal.bit() != 0
                {
                    return Poll::Ready(Ok(signal));
                }
            }
            // The handler sets the bit before it writes, so a bit that came after the look above has its byte here.
            let mut bytes = [0; 64];
            match wakes.poll_io(Direction::Read, cx, |reader| (&**reader).read(&mut bytes)) {
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut installed = installed();
        for (index, signal) in Signal::ALL.into_iter().enumerate() {
            if self.wanted & signal.bit() != 0 {
                uninstall(&mut installed[index], signal);
            }
        }
        self.wakes = None;
        // From here on another listener may have the place.
        self.slot.wanted.store(0, Ordering::Release);
    }
}

fn installed() -> MutexGuard<'static, [Installed; COUNT]> {
    INSTALLED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn newest() -> Option<&'static Slot> {
    // SAFETY: null, or a place that `claim` leaked after it was complete.
    unsafe { SLOTS.load(Ordering::Acquire).as_ref() }
}

/// The places, newest first.
fn slots() -> impl Iterator<Item = &'static Slot> {
    std::iter::successors(newest(), |slot| slot.next)
}

/// A free place, or a new one. The caller holds the lock of `INSTALLED`.
fn claim(generation: u32) -> io::Result<&'static Slot> {
    let free = |slot: &&Slot| slot.generation == generation && slot.wanted.load(Ordering::Acquire) == 0;
    if let Some(slot) = slots().find(free) {
        return Ok(slot);
    }
    let (reader, writer) = UnixStream::pair()?;
    reader.set_nonblocking(true)?;
    writer.set_nonblocking(true)?;
    let slot = Box::leak(Box::new(Slot {
        wanted: AtomicU32::new(0),
        pending: AtomicU32::new(0),
        reader,
        writer,
        generation,
        next: newest(),
    }));
    let slot: &'static Slot = slot;
    SLOTS.store(ptr::from_ref(slot).cast_mut(), Ordering::Release);
    Ok(slot)
}

extern "C" fn handler(number: libc::c_int) {
    let Some(signal) = Signal::ALL.into_iter().find(|signal| signal.as_raw() == number) else {
        return;
    };
    let interrupted = errno::get();
    let generation = GENERATION.load(Ordering::Acquire);
    for slot in slots() {
        if slot.generation == generation && slot.wanted.load(Ordering::Acquire) & signal.bit() != 0 {
            slot.pending.fetch_or(signal.bit(), Ordering::AcqRel);
            // SAFETY: one byte that lives for the call. The descriptor is never closed. A full socket is as good as
            // a written one: the listener is awake.
            unsafe { libc::write(slot.writer.as_raw_fd(), [1u8].as_ptr().cast(), 1) };
        }
    }
    errno::set(interrupted);
}

/// What the interrupted code may be about to look at.
mod errno {
    #[cfg(any(target_os = "solaris", target_os = "illumos"))]
    use libc::___errno as location;
    #[cfg(any(target_os = "android", target_os = "netbsd", target_os = "openbsd"))]
    use libc::__errno as location;
    #[cfg(any(
        target_os = "linux",
        target_os = "emscripten",
        target_os = "redox",
        target_os = "hurd"
    ))]
    use libc::__errno_location as location;
    #[cfg(target_os = "dragonfly")]
    use libc::__errno_location as location;
    #[cfg(any(target_vendor = "apple", target_os = "freebsd"))]
    use libc::__error as location;

    pub(super) fn get() -> libc::c_int {
        // SAFETY: the address of this thread's errno, which is always valid.
        unsafe { *location() }
    }

    pub(super) fn set(value: libc::c_int) {
        // SAFETY: as above.
        unsafe { *location() = value };
    }
}

fn install(installed: &mut Installed, signal: Signal) -> io::Result<()> {
    if installed.listeners == 0 {
        // SAFETY: a plain C structure for which all zeros is a valid value.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = handler_address();
        action.sa_flags = libc::SA_RESTART | libc::SA_ONSTACK;
        // SAFETY: the mask is ours to write.
        unsafe { libc::sigfillset(&raw mut action.sa_mask) };
        installed.earlier = Some(change(signal, Some(&action))?);
    }
    installed.listeners += 1;
    Ok(())
}

fn uninstall(installed: &mut Installed, signal: Signal) {
    installed.listeners -= 1;
    if installed.listeners > 0 {
        return;
    }
    let ours = change(signal, None).is_ok_and(|now| now.sa_sigaction == handler_address());
    if let (true, Some(earlier)) = (ours, installed.earlier.take()) {
        // It was valid when it was installed, so it is now.
        let _ = change(signal, Some(&earlier));
    }
}

fn handler_address() -> libc::sighandler_t {
    handler as extern "C" fn(libc::c_int) as *const () as libc::sighandler_t
}

/// Installs `action`, if there is one, and gives the one that was there.
fn change(signal: Signal, action: Option<&libc::sigaction>) -> io::Result<libc::sigaction> {
    // SAFETY: a plain C structure for which all zeros is a valid value.
    let mut earlier: libc::sigaction = unsafe { std::mem::zeroed() };
    let new = action.map_or(ptr::null(), ptr::from_ref);
    // SAFETY: `new` is null or a complete action whose handler is async-signal-safe (ours) or was installed before;
    // `earlier` is ours to write.
    if unsafe { libc::sigaction(signal.as_raw(), new, &raw mut earlier) } == 0 {
        Ok(earlier)
    } else {
        Err(io::Error::last_os_error())
    }
}

pub(super) fn sigint_is_default() -> bool {
    change(Signal::Int, None).is_ok_and(|now| now.sa_sigaction == libc::SIG_DFL)
}
