//! The prompt, and programs that are run without a project of their own.
//!
//! A session is two processes: this one has the terminal, the editor and the compiler's errors, and evcxr, which compiles
//! each input to a library; the other one loads these and runs them on one loop that goes on turning in between.

mod commands;
mod diagnostics;
mod display;
mod editor;
mod engine;
mod entry;
#[cfg(unix)]
mod evaluator;
mod interrupts;
mod library;
mod link;
mod place;
mod prompt;
#[cfg(unix)]
mod relay;
mod scratch;
mod script;
mod session;
mod style;

pub(crate) use prompt::interactive;
pub(crate) use script::script;

/// Must be the first call in `main`: the process that evaluates is this program too, and does not return from here.
pub(crate) fn hook() {
    #[cfg(unix)]
    evaluator::become_evaluator();
    evcxr::runtime_hook();
}
