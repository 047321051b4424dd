//! `cargo xtask fmt [--check]`: rustfmt over the workspace.

use crate::report::{Failure, Steps, only};
use crate::run;

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
    let mut command = run::cargo();
    command.args(["fmt", "--all"]);
    if check {
        command.arg("--check");
    }
    run::run(&mut command)
}
