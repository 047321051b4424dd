//! SIGINT by `sigaction`: a flag for the loop's turns, and a byte through a socket pair to end its wait.

#![expect(unsafe_code, reason = "sigaction, and the handler that it takes")]

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::Context;

use asyncio_reactor::{Async, Handle};

/// A SIGINT was delivered to the handler.
static CAME: AtomicBool = AtomicBool::new(false);
/// Where the handler writes to. Never closed once it is set.
static WRITER: AtomicI32 = AtomicI32::new(-1);
/// The pair that the handler writes into, made once for the process.
static PAIR: Mutex<Option<(UnixStream, UnixStream)>> = Mutex::new(None);

/// The handler is installed while this lives.
pub(crate) struct Sigint {
    previous: libc::sigaction,
    /// Ends the reactor's wait when the handler writes.
    _source: Async<UnixStream>,
}

extern "C" fn on_sigint(_signal: libc::c_int) {
    CAME.store(true, Ordering::Release);
    let fd: RawFd = WRITER.load(Ordering::Acquire);
    // SAFETY: write is async-signal-safe, the byte lives, and the descriptor is never closed. The pair does not
    // block; when it is full, the reactor has something to read anyway. errno is put back for the interrupted code.
    unsafe {
        let errno = errno_location();
        let saved = *errno;
        libc::write(fd, b"!".as_ptr().cast(), 1);
        *errno = saved;
    }
}

#[cfg(any(
    target_os = "linux",
    target_os = "emscripten",
    target_os = "redox",
    target_os = "hurd"
))]
unsafe fn errno_location() -> *mut libc::c_int {
    // SAFETY: gives the address of this thread's errno.
    unsafe { libc::__errno_location() }
}

#[cfg(any(target_os = "macos", target_os = "ios", target_os = "freebsd"))]
unsafe fn errno_location() -> *mut libc::c_int {
    // SAFETY: gives the address of this thread's errno.
    unsafe { libc::__error() }
}

#[cfg(any(target_os = "netbsd", target_os = "openbsd", target_os = "android"))]
unsafe fn errno_location() -> *mut libc::c_int {
    // SAFETY: gives the address of this thread's errno.
    unsafe { libc::__errno() }
}

impl Sigint {
    /// Installs the handler, if this is the main thread and SIGINT has its default action. A failure is no reason
    /// not to run: Ctrl-C then keeps its default.
    pub(crate) fn install(reactor: &Handle) -> Option<Sigint> {
        if !on_main_thread() || current_action().ok()?.sa_sigaction != libc::SIG_DFL {
            return None;
        }
        let source = Async::new_with(reactor, reader().ok()?).ok()?;
        // What an earlier run left unread ends one wait for nothing and no more.
        let _ = source.get_ref().set_nonblocking(true);
        let mut rest = [0; 64];
        while matches!(io::Read::read(&mut source.get_ref(), &mut rest), Ok(read) if read > 0) {}
        CAME.store(false, Ordering::Release);
        let _ = source.poll_readable(&mut Context::from_waker(&reactor.waker()));

        // SAFETY: all bits zero is a valid sigaction.
        let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
        action.sa_sigaction = on_sigint as extern "C" fn(libc::c_int) as usize;
        // The default action comes back with the first delivery; blocking calls of other threads go on.
        action.sa_flags = libc::SA_RESETHAND | libc::SA_RESTART;
        let previous = set_action(&action).ok()?;
        Some(Sigint {
            previous,
            _source: source,
        })
    }

    /// Was Ctrl-C pressed since the handler was installed?
    pub(crate) fn came(&self) -> bool {
        CAME.load(Ordering::Acquire)
    }
}

impl Drop for Sigint {
    fn drop(&mut self) {
        // Only if the action is still ours, or the default that followed it: a program may have set its own since.
        if current_action().is_ok_and(|action| {
            action.sa_sigaction == on_sigint as extern "C" fn(libc::c_int) as usize
                || action.sa_sigaction == libc::SIG_DFL
        }) {
            let _ = set_action(&self.previous);
        }
    }
}

/// The end that the reactor listens to, duplicated: the source owns its descriptor.
fn reader() -> io::Result<UnixStream> {
    let mut pair = PAIR.lock().unwrap_or_else(PoisonError::into_inner);
    if pair.is_none() {
        let (reader, writer) = UnixStream::pair()?;
        writer.set_nonblocking(true)?;
        WRITER.store(writer.as_raw_fd(), Ordering::Release);
        *pair = Some((reader, writer));
    }
    match &*pair {
        Some((reader, _)) => reader.try_clone(),
        None => Err(io::ErrorKind::NotConnected.into()),
    }
}

fn current_action() -> io::Result<libc::sigaction> {
    let mut action = MaybeUninit::zeroed();
    // SAFETY: a null new action only queries; `action` has room for the answer.
    let result = unsafe { libc::sigaction(libc::SIGINT, std::ptr::null(), action.as_mut_ptr()) };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call has filled it in.
    Ok(unsafe { action.assume_init() })
}

fn set_action(action: &libc::sigaction) -> io::Result<libc::sigaction> {
    let mut previous = MaybeUninit::zeroed();
    // SAFETY: `action` is a whole sigaction, whose handler, if it is ours, is async-signal-safe.
    let result = unsafe { libc::sigaction(libc::SIGINT, action, previous.as_mut_ptr()) };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call has filled it in.
    Ok(unsafe { previous.assume_init() })
}

#[cfg(target_os = "linux")]
fn on_main_thread() -> bool {
    // SAFETY: both calls take nothing and cannot fail.
    unsafe { libc::syscall(libc::SYS_gettid) == libc::c_long::from(libc::getpid()) }
}

#[cfg(not(target_os = "linux"))]
fn on_main_thread() -> bool {
    std::thread::current().name() == Some("main")
}

/// Ends the process as an unhandled Ctrl-C would, so that its parent sees death by SIGINT.
pub(crate) fn die() -> ! {
    // SAFETY: all bits zero is a valid sigaction; the default action takes no handler.
    let mut default: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    default.sa_sigaction = libc::SIG_DFL;
    let _ = set_action(&default);
    // SAFETY: the set is made empty by the first call before the others use it; raise takes a number.
    unsafe {
        let mut set = MaybeUninit::uninit();
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), libc::SIGINT);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, set.as_ptr(), std::ptr::null_mut());
        libc::raise(libc::SIGINT);
    }
    // The default action of SIGINT does not return.
    std::process::exit(130)
}
