//! Ctrl-C while an input is compiled or runs.
//!
//! It asks the input to stop, with its cleanup; the compiler hears it by itself. Code that computes without an await
//! cannot be asked: after a moment this says so, and from then on Ctrl-C ends the process that evaluates, with all that
//! lives in it.
//! At the prompt Ctrl-C is a key, and does not come here.

use std::process::Child;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::display::Display;
use super::link::Link;

/// An input that has not stopped by then may never do so.
const MOMENT: Duration = Duration::from_secs(1);
const STILL_RUNNING: &str =
    "still running; Ctrl-C once more ends the process that evaluates, and all variables and tasks are lost";
/// Ends as a program does that Ctrl-C ended.
const BY_CTRL_C: i32 = 130;

#[derive(Default)]
struct State {
    engine: Option<(Link, Arc<Mutex<Child>>)>,
    /// An input is evaluated.
    busy: bool,
    /// Which evaluation it is, so that what was meant for one is not said of another.
    number: u64,
    asked: bool,
    told: bool,
}

/// Does what each means.
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
            state.number += 1;
            state.asked = false;
            state.told = false;
        }
        let value = f();
        let mut state = self.lock();
        state.busy = false;
        (value, state.asked)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn interrupted(shared: &Arc<Mutex<State>>, display: &Display) {
    let mut state = shared.lock().unwrap_or_else(PoisonError::into_inner);
    if !state.busy {
        // At the start or at the end: nothing is there that could be lost.
        kill(&state);
        std::process::exit(BY_CTRL_C);
    }
    if state.told {
        kill(&state);
        return;
    }
    if let Some((link, _)) = &state.engine {
        link.interrupt();
    }
    if std::mem::replace(&mut state.asked, true) {
        return;
    }
    let (number, shared, lines) = (state.number, shared.clone(), display.lines());
    // Without the thread there is no message, and then nothing to be ended by mistake.
    let _ = std::thread::Builder::new().spawn(move || {
        std::thread::sleep(MOMENT);
        let mut state = shared.lock().unwrap_or_else(PoisonError::into_inner);
        if state.busy && state.number == number {
            state.told = true;
            let _ = lines.send(STILL_RUNNING.to_owned());
        }
    });
}

fn kill(state: &State) {
    if let Some((_, process)) = &state.engine {
        let _ = process.lock().unwrap_or_else(PoisonError::into_inner).kill();
    }
}
