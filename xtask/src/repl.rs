//! `cargo xtask repl`: the prompt beside that of evcxr, in one run.

use crate::report::{Failure, Steps, only};
use crate::{run, workspace};

pub(crate) const ABOUT: &str = "compare the first prompt and a warm input with the evcxr program's";

/// The one that the manifest of the REPL names.
const EVCXR: &str = "0.22.0";

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    only(arguments, &[])?;
    let mut steps = Steps::new();
    steps.check("repl", compare)?;
    steps.finish()
}

/// Not a part of CI: it compares times, and compiles evcxr's program for it.
///
/// # Errors
/// When something cannot be built, or ours is slower.
fn compare() -> Result<(), Failure> {
    let target = workspace::target();
    let root = target.join("evcxr");
    let evcxr = root.join("bin/evcxr");
    if !evcxr.is_file() {
        run::run(
            run::cargo()
                .args(["install", "--locked", "--version", EVCXR, "--root"])
                .arg(&root)
                .arg("evcxr_repl"),
        )?;
    }
    let package = ["--release", "-p", workspace::HEAVY];
    run::run(run::cargo().arg("build").args(package))?;
    run::run(
        run::cargo()
            .arg("run")
            .args(package)
            .args(["--example", "beside_evcxr", "--"])
            .arg(target.join("release/asyncio"))
            .arg(&evcxr),
    )
}
