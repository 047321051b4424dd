//! The prompt, and programs that are run without a project of their own.

use std::ffi::OsString;
use std::process::ExitCode;

/// Must be the first call in `main`: the process that evaluates is this program too, and does not return from here.
pub(crate) fn hook() {
    evcxr::runtime_hook();
}

/// `asyncio [repl]`.
pub(crate) fn interactive(_arguments: &[OsString]) -> ExitCode {
    println!("the prompt is being built");
    ExitCode::FAILURE
}

/// `asyncio run FILE`.
pub(crate) fn script(_arguments: &[OsString]) -> ExitCode {
    println!("the prompt is being built");
    ExitCode::FAILURE
}
