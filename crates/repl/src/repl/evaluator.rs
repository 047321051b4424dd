//! The process that evaluates: it loads each input as a library and runs it, and turns the session's loop in between.
//!
//! It is this program again, told by the environment. It stands in for the one in evcxr, whose protocol it speaks on
//! the standard input and output (the commands are those of evcxr 0.22, which is why the manifest names that version
//! exactly), because that one sits in a read while it has nothing to do, and the tasks of the session would stand still.
//!
//! Invariant: everything of the user's that is not `Send` stays on the main thread. Two more threads only read: commands
//! from the standard input, and requests to interrupt from the [link](super::link).

#![expect(
    unsafe_code,
    reason = "loading a library that was compiled from what the user typed, and calling it"
)]

use std::collections::VecDeque;
use std::ffi::c_void;
use std::io::{BufRead, Read};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use libloading::{Library, Symbol};

use super::link;
use super::relay::Relay;

/// Set by evcxr for the process that it starts.
const IS_RUNTIME: &str = "EVCXR_IS_RUNTIME";
const LOAD_AND_RUN: &str = "LOAD_AND_RUN";
/// What evcxr's own runtime ends with when it cannot follow its instructions.
const CANNOT_FOLLOW: i32 = 99;
/// More than the session's library gives the tasks for their cleanup.
const LONGEST_END: Duration = Duration::from_secs(10);

type Input = unsafe extern "C" fn(*mut c_void) -> *mut c_void;

/// The calls that the library of the session offers; see `session/session.rs`.
#[derive(Clone, Copy)]
struct Session {
    idle: extern "C" fn(),
    wake: extern "C" fn(),
    interrupt: extern "C" fn(),
    close: extern "C" fn(),
}

static SESSION: OnceLock<Session> = OnceLock::new();

/// Becomes the process that evaluates, if that is what this process was started for.
pub(super) fn become_evaluator() {
    if std::env::var_os(IS_RUNTIME).is_some() {
        serve();
    }
}

fn serve() -> ! {
    // Ctrl-C is for the program at the terminal; it passes on what is meant for an input.
    let _ = rustix::process::setpgid(None, None);
    let link = link::connect();
    let relay = match Relay::start(link.as_ref().and_then(|link| link.try_clone().ok())) {
        Ok(relay) => relay,
        Err(error) => {
            eprintln!("asyncio: the output cannot be redirected: {error}");
            std::process::exit(CANNOT_FOLLOW);
        }
    };
    if let Some(link) = link {
        spawn("asyncio-link", move || hear_interrupts(link));
    }
    // SAFETY: the function lives as long as the program, takes nothing and does not unwind.
    unsafe { libc::atexit(remove_socket) };
    let inbox = Arc::new(Inbox::default());
    let filled = inbox.clone();
    spawn("asyncio-commands", move || filled.fill());

    let mut state: *mut c_void = std::ptr::null_mut();
    while let Some(command) = inbox.next() {
        relay.input_begins();
        match run(&command, state) {
            Ok(new) => state = new,
            Err(error) => {
                eprintln!("asyncio: {error} (in the command {command:?})");
                std::process::exit(CANNOT_FOLLOW);
            }
        }
        relay.input_ends();
    }
    if let Some(session) = SESSION.get() {
        (session.close)();
    }
    std::process::exit(0)
}

/// The session's loop removes its introspection socket when it is closed. An input that calls `process::exit` closes nothing.
extern "C" fn remove_socket() {
    for path in asyncio::introspect_paths(std::process::id()) {
        let _ = std::fs::remove_file(path);
    }
}

fn spawn(name: &str, f: impl FnOnce() + Send + 'static) {
    if let Err(error) = std::thread::Builder::new().name(name.to_owned()).spawn(f) {
        eprintln!("asyncio: a thread cannot be started: {error}");
        std::process::exit(CANNOT_FOLLOW);
    }
}

/// Loads the library that `command` names and calls its function; gives back what that made of `state`.
fn run(command: &str, state: *mut c_void) -> Result<*mut c_void, String> {
    let mut words = command.split(' ');
    let (Some(LOAD_AND_RUN), Some(path), Some(name)) = (words.next(), words.next(), words.next()) else {
        return Err("not a command that is known here".to_owned());
    };
    // SAFETY: the library has just been compiled for this purpose; its initializers are those of Rust's std.
    let library = unsafe { Library::new(path) }.map_err(|error| error.to_string())?;
    find_session(&library);
    // SAFETY: the compiled code defines a function of this name with this signature.
    let input: Symbol<'_, Input> =
        unsafe { library.get(name.as_bytes()) }.map_err(|error| error.to_string())?;
    // SAFETY: `state` is null, or what the last input returned: they pass the variables on to each other.
    let state = unsafe { input(state) };
    // Code and types of it are in use as long as the process lives: tasks, variables, thread-local destructors.
    std::mem::forget(library);
    Ok(state)
}

/// Looks for the session's calls in what an input depends on; inputs before the first that awaits do not have them.
fn find_session(library: &Library) {
    if SESSION.get().is_some() {
        return;
    }
    let find = |name: &str| -> Option<extern "C" fn()> {
        // SAFETY: all of the names are functions without arguments and results. The library is never unloaded.
        unsafe { library.get::<extern "C" fn()>(name.as_bytes()) }
            .ok()
            .map(|symbol| *symbol)
    };
    let session = (|| {
        Some(Session {
            idle: find("asyncio_session_idle")?,
            wake: find("asyncio_session_wake")?,
            interrupt: find("asyncio_session_interrupt")?,
            close: find("asyncio_session_close")?,
        })
    })();
    if let Some(session) = session {
        let _ = SESSION.set(session);
    }
}

/// Each byte that comes through the link asks the input that runs to stop.
fn hear_interrupts(mut link: UnixStream) {
    let mut byte = [0];
    while matches!(link.read(&mut byte), Ok(1)) {
        if let Some(session) = SESSION.get() {
            (session.interrupt)();
        }
    }
}

/// Commands that came and were not followed yet.
#[derive(Default)]
struct Inbox {
    queue: Mutex<Queue>,
    came: Condvar,
}

#[derive(Default)]
struct Queue {
    commands: VecDeque<String>,
    ended: bool,
}

impl Inbox {
    /// Reads commands until there are no more.
    fn fill(&self) {
        for command in std::io::stdin().lock().lines() {
            match command {
                Ok(command) => self.change(|queue| queue.commands.push_back(command)),
                Err(_) => break,
            }
        }
        self.change(|queue| queue.ended = true);
        // An input that never awaits does not hear of the end, and nobody is left who could stop it.
        std::thread::sleep(LONGEST_END);
        std::process::exit(CANNOT_FOLLOW);
    }

    fn change(&self, f: impl FnOnce(&mut Queue)) {
        f(&mut self.lock());
        self.came.notify_one();
        if let Some(session) = SESSION.get() {
            (session.wake)();
        }
    }

    /// The next command; none at the end. Meanwhile the loop goes on turning, once there is one.
    fn next(&self) -> Option<String> {
        loop {
            let mut queue = self.lock();
            if let Some(command) = queue.commands.pop_front() {
                return Some(command);
            }
            if queue.ended {
                return None;
            }
            if let Some(session) = SESSION.get() {
                drop(queue);
                (session.idle)();
            } else {
                drop(self.came.wait(queue).unwrap_or_else(PoisonError::into_inner));
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
