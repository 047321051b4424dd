//! Ctrl-C while an input is compiled or runs.
//!
//! The first one asks the input to stop, with its cleanup; the compiler hears it by itself. Code that computes without an
//! await cannot be asked, so the third one ends the process that evaluates, with all that lives in it; the second says so.
//! At the prompt Ctrl-C is a key, and does not come here.

use std::process::Child;
use std::sync::{Arc, Mutex, PoisonError};

use super::display::Display;
use super::link::Link;

/// Ends as a program does that Ctrl-C ended.
const BY_CTRL_C: i32 = 130;

#[derive(Default)]
struct State {
    engine: Option<(Link, Arc<Mutex<Child>>)>,
    /// An input is evaluated.
    busy: bool,
    count: usize,
}

/// Counts them, and does what each means.
#[derive(Clone)]
pub(super) struct Interrupts {
    state: Arc<Mutex<State>>,
}

impl Interrupts {
    /// Takes over Ctrl-C for the whole program.
    pub(super) fn handle(display: Display) -> Interrupts {
        let state = Arc::new(Mutex::new(State::default()));
        let handled = state.clone();
        // Without a handler Ctrl-C ends the program, which is the best that is left.
        let _ = ctrlc::set_handler(move || interrupted(&handled, &display));
        Interrupts { state }
    }

    /// What Ctrl-C is passed on to.
    pub(super) fn engine(&self, link: Link, process: Arc<Mutex<Child>>) {
        self.lock().engine = Some((link, process));
    }

    /// Calls `f`; the second value says whether Ctrl-C came meanwhile.
    pub(super) fn during<R>(&self, f: impl FnOnce() -> R) -> (R, bool) {
        {
            let mut state = self.lock();
            state.busy = true;
            state.count = 0;
        }
        let value = f();
        let mut state = self.lock();
        state.busy = false;
        (value, state.count > 0)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn interrupted(state: &Mutex<State>, display: &Display) {
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    if !state.busy {
        // At the start or at the end: nothing is there that could be lost.
        kill(&state);
        std::process::exit(BY_CTRL_C);
    }
    state.count += 1;
    match state.count {
        1 => {
            if let Some((link, _)) = &state.engine {
                link.interrupt();
            }
        }
        2 => {
            let _ = display.lines().send(
                "still running; Ctrl-C once more ends it, and all variables and tasks are lost".to_owned(),
            );
        }
        _ => kill(&state),
    }
}

fn kill(state: &State) {
    if let Some((_, process)) = &state.engine {
        let _ = process.lock().unwrap_or_else(PoisonError::into_inner).kill();
    }
}
