//! `cargo xtask ci [--full]`: exactly what CI runs.
//!
//! The plain form is for every landing and must stay under a quarter of an hour from a cold clone on two cores. The
//! full form, run before something is called resolved, adds what takes longer.

use crate::report::{Failure, Steps, only};
use crate::{asan, deny, features, fmt, lint, loom, parity, release, run, test, tidy, workspace};

pub(crate) const ABOUT: &str =
    "what CI runs; --full adds powerset, long properties, sanitizer, other workspaces";

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    only(arguments, &["--full"])?;
    let full = !arguments.is_empty();
    let mut steps = Steps::new();
    steps.check("fmt", || fmt::format(true))?;
    steps.check("tidy", tidy::check)?;
    steps.check("parity", parity::check)?;
    steps.check("clippy", lint::clippy)?;
    steps.tests("test", || test::members(&[], full))?;
    steps.tests("tracing", test::traced)?;
    steps.tests("adapters", test::broad)?;
    steps.tests("program", || test::heavy(false))?;
    steps.check("rustdoc", lint::rustdoc)?;
    steps.check("features", || features::check(full))?;
    steps.tests("loom", || loom::crates(None))?;
    steps.check("release", || release::check(full))?;
    if deny::is_available() {
        steps.check("deny", deny::check)?;
    } else {
        println!("--- deny: skipped, cargo-deny is not installed");
    }
    if full {
        steps.tests("asan", asan::tests)?;
        other_workspaces(&mut steps)?;
        steps.check("clippy of the REPL", lint::clippy_heavy)?;
        steps.tests("REPL", || test::heavy(true))?;
    }
    steps.finish()
}

/// The workspaces under `tests/`: those whose programs are tests are run, the benchmark is only compiled.
fn other_workspaces(steps: &mut Steps) -> Result<(), Failure> {
    for folder in &workspace::others()? {
        let manifest = format!("{folder}/Cargo.toml");
        if folder == "tests/ecosystem" {
            steps.tests(folder, || {
                run::tests(run::cargo().args(["test", "--manifest-path", &manifest]))
            })?;
        } else {
            steps.check(folder, || {
                run::run(run::cargo().args(["check", "--all-targets", "--manifest-path", &manifest]))
            })?;
        }
    }
    Ok(())
}
