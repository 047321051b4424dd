//! `cargo xtask fmt [--check]`: rustfmt over the workspace and over those that lie beside it under `tests/`.

use crate::report::{Failure, Steps, only};
use crate::{run, workspace};

pub(crate) const ABOUT: &str = "format the workspace, or with --check say what is not formatted";

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    only(arguments, &["--check"])?;
    let check = !arguments.is_empty();
    let mut steps = Steps::new();
    steps.check("fmt", || format(check))?;
    steps.finish()
}

/// # Errors
/// With `check`, when a file is not formatted.
pub(crate) fn format(check: bool) -> Result<(), Failure> {
    let check: &[&str] = if check { &["--check"] } else { &[] };
    let mut outcome = run::run(run::cargo().args(["fmt", "--all"]).args(check));
    // Without `--all`, which would also want the packages that they depend on.
    for folder in workspace::others()? {
        let manifest = format!("{folder}/Cargo.toml");
        let other = run::run(
            run::cargo()
                .args(["fmt", "--manifest-path", &manifest])
                .args(check),
        );
        outcome = outcome.and(other);
    }
    outcome
}
