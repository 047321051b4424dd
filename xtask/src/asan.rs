//! `cargo xtask asan`: the unit tests under AddressSanitizer and LeakSanitizer. Needs a nightly toolchain.
//!
//! The standard library is the shipped one, so an error inside it that does not touch instrumented memory is not
//! seen. Doc tests and proc-macro crates are left out: rustdoc and the host's compiler are not instrumented. So is the REPL,
//! which loads libraries that the compiler of the host makes.

use std::process::Command;

use crate::report::{Failure, Steps, only};
use crate::tally::Tally;
use crate::workspace::Package;
use crate::{run, workspace};

pub(crate) const ABOUT: &str = "the crates' tests under AddressSanitizer (needs nightly)";

/// The sanitizer needs the target spelled out, so that build scripts are not instrumented.
const TARGET: &str = "x86_64-unknown-linux-gnu";

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    only(arguments, &[])?;
    let mut steps = Steps::new();
    steps.tests("asan", tests)?;
    steps.finish()
}

/// # Errors
/// When nightly is missing, a test failed or the sanitizer reported something.
pub(crate) fn tests() -> Result<Tally, (Failure, Tally)> {
    let none = Tally::default();
    if !is_available() {
        let message = "asan needs a nightly toolchain (rustup toolchain install nightly) on x86-64 Linux";
        return Err((Failure::new(message), none));
    }
    let crates = workspace::crates().map_err(|failure| (failure, none))?;
    // Some tests run an example; without doc tests, cargo does not build them by itself.
    run::run(&mut cargo("build", &crates, &["--examples"])).map_err(|failure| (failure, none))?;
    run::tests(&mut cargo(
        "test",
        &crates,
        &["--no-fail-fast", "--lib", "--tests"],
    ))
}

/// A nightly cargo with the sanitizer on, for all crates that it can instrument.
fn cargo(subcommand: &str, crates: &[Package], arguments: &[&str]) -> Command {
    let mut command = Command::new("rustup");
    command
        .args(["run", "nightly", "cargo", subcommand, "--target", TARGET])
        .args(arguments)
        .current_dir(workspace::root())
        .env("RUSTFLAGS", "-Zsanitizer=address")
        // For tests that look at how much memory the process has.
        .env("ASYNCIO_SANITIZED", "1")
        .env("CARGO_TARGET_DIR", workspace::target().join("asan"));
    // Of the toolchain that runs us: nightly must find its own.
    for name in ["CARGO", "RUSTC", "RUSTDOC", "RUSTUP_TOOLCHAIN"] {
        command.env_remove(name);
    }
    let instrumented = |package: &&Package| !package.is_macro() && package.name != workspace::HEAVY;
    for package in crates.iter().filter(instrumented) {
        command.args(["-p", &package.name]);
    }
    command
}

/// Whether there is a nightly toolchain and a target for it.
pub(crate) fn is_available() -> bool {
    cfg!(all(target_os = "linux", target_arch = "x86_64"))
        && run::works(Command::new("rustup").args(["run", "nightly", "rustc", "--version"]))
}
