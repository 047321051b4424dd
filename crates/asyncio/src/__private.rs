//! What the attribute macros expand to. Not a part of the API.

use std::future::Future;
use std::process::{ExitCode, Termination};

use crate::{RunError, Runner, exit_by_sigint};

/// The end of a program whose main function is an async one.
pub fn main_outcome<T: Termination>(result: Result<T, RunError>) -> ExitCode {
    match result {
        Ok(value) => value.report(),
        Err(RunError::KeyboardInterrupt) => exit_by_sigint(),
        Err(error) => {
            eprintln!("Error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The body of a test.
///
/// # Panics
///
/// When the loop fails: that is how a test fails.
#[track_caller]
pub fn test_body<F: Future>(mut runner: Runner, body: F) -> F::Output {
    match runner.run(body) {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}
