//! `cargo xtask test [ARGS]`: the README's test command; what follows is passed on to cargo.

use crate::report::{Failure, Steps};
use crate::tally::Tally;
use crate::{run, workspace};

pub(crate) const ABOUT: &str = "cargo test ARGS, counted";

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let mut steps = Steps::new();
    steps.tests("test", || members(arguments, false))?;
    steps.finish()
}

/// Runs the tests of the default members, with the long properties when `long`.
///
/// # Errors
/// When one failed; the counts come along.
pub(crate) fn members(arguments: &[String], long: bool) -> Result<Tally, (Failure, Tally)> {
    let mut command = run::cargo();
    command.args(["test", "--no-fail-fast"]).args(arguments);
    if long {
        command.env("ASYNCIO_LONG", "1");
    }
    run::tests(&mut command)
}

/// Runs the tests of the feature `tracing`, which the others are built without: what they measure is what most programs have.
///
/// # Errors
/// As [`members`].
pub(crate) fn traced() -> Result<Tally, (Failure, Tally)> {
    let mut command = run::cargo();
    command.args([
        "test",
        "-p",
        "asyncio-core",
        "-p",
        "asyncio-rs",
        "--features",
        "asyncio-rs/tracing",
        "--lib",
        "--test",
        "tracing",
    ]);
    run::tests(&mut command)
}

/// Runs the tests of the members that need many packages.
///
/// # Errors
/// As [`members`].
pub(crate) fn broad() -> Result<Tally, (Failure, Tally)> {
    let mut command = run::cargo();
    command.args(["test", "--no-fail-fast", "--all-features"]);
    for member in workspace::BROAD {
        command.args(["-p", member]);
    }
    run::tests(&mut command)
}

/// Runs the tests of the heavy member, which is no default member: those that need none of its heavy dependencies, or all.
///
/// Those of the program itself compile what they are given, so the whole is built with optimizations.
///
/// # Errors
/// As [`members`].
pub(crate) fn heavy(all: bool) -> Result<Tally, (Failure, Tally)> {
    let mut command = run::cargo();
    command.args(["test", "--no-fail-fast", "-p", workspace::HEAVY]);
    command.arg(if all { "--release" } else { "--no-default-features" });
    run::tests(&mut command)
}
