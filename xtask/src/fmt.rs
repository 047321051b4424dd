//! `cargo xtask fmt [--check]`: rustfmt over the workspace and over those that lie beside it under `tests/`.

use crate::manifest::Manifest;
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
        for manifest in packages(&folder)? {
            let other = run::run(
                run::cargo()
                    .args(["fmt", "--manifest-path", &manifest])
                    .args(check),
            );
            outcome = outcome.and(other);
        }
    }
    outcome
}

/// The manifests of a workspace's packages: its own, or those of its members.
fn packages(folder: &str) -> Result<Vec<String>, Failure> {
    let own = format!("{folder}/Cargo.toml");
    let manifest = Manifest::parse(&workspace::read(&workspace::root().join(&own))?);
    let members = manifest.list("workspace", "members");
    if members.is_empty() {
        return Ok(vec![own]);
    }
    let of_member = |member: &String| format!("{folder}/{member}/Cargo.toml");
    Ok(members.iter().map(of_member).collect())
}
