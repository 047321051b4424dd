//! `cargo xtask deny`: licences, advisories and sources of everything we depend on, through cargo-deny.

use crate::report::{Failure, Steps, only};
use crate::run;

pub(crate) const ABOUT: &str = "cargo deny check, when cargo-deny is installed";

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    only(arguments, &[])?;
    if !is_available() {
        return Err(Failure::new(
            "cargo-deny is not installed (cargo install cargo-deny)",
        ));
    }
    let mut steps = Steps::new();
    steps.check("deny", check)?;
    steps.check("advisories", || {
        run::run(run::cargo().args(["deny", "check", "advisories"]))
    })?;
    steps.finish()
}

/// What needs no network; the advisories are fetched.
///
/// # Errors
/// When cargo-deny objects.
pub(crate) fn check() -> Result<(), Failure> {
    run::run(run::cargo().args(["deny", "check", "bans", "licenses", "sources"]))
}

pub(crate) fn is_available() -> bool {
    run::works(run::cargo().args(["deny", "--version"]))
}
