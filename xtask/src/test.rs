//! `cargo xtask test [ARGS]`: the README's test command; what follows is passed on to cargo.

use crate::report::{Failure, Steps};
use crate::run;
use crate::tally::Tally;

pub(crate) const ABOUT: &str = "cargo test --workspace ARGS, counted";

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let mut steps = Steps::new();
    steps.tests("test", || workspace(arguments, false))?;
    steps.finish()
}

/// Runs the tests of the workspace, with the long properties when `long`.
///
/// # Errors
/// When one failed; the counts come along.
pub(crate) fn workspace(arguments: &[String], long: bool) -> Result<Tally, (Failure, Tally)> {
    let mut command = run::cargo();
    command
        .args(["test", "--workspace", "--no-fail-fast"])
        .args(arguments);
    if long {
        command.env("ASYNCIO_LONG", "1");
    }
    run::tests(&mut command)
}
