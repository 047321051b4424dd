//! `cargo xtask lint`: clippy and rustdoc, where a warning is an error. Clippy also checks the oldest Rust that we
//! promise (`msrv` in `clippy.toml`).

use crate::report::{Failure, Steps, only};
use crate::run;

pub(crate) const ABOUT: &str = "clippy over all targets and rustdoc, warnings are errors";

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    only(arguments, &[])?;
    let mut steps = Steps::new();
    steps.check("clippy", clippy)?;
    steps.check("rustdoc", rustdoc)?;
    steps.finish()
}

/// # Errors
/// When clippy has something to say.
pub(crate) fn clippy() -> Result<(), Failure> {
    run::run(run::cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--keep-going",
        "--",
        "-D",
        "warnings",
    ]))
}

/// # Errors
/// When rustdoc has something to say.
pub(crate) fn rustdoc() -> Result<(), Failure> {
    run::run(
        run::cargo()
            .args(["doc", "--workspace", "--no-deps"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )
}
