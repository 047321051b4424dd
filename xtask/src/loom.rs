//! `cargo xtask loom [CRATE]`: every interleaving of the hand-written protocols, as far as loom's bounds reach.
//!
//! A crate declares that it has loom tests by depending on loom under `cfg(asyncio_loom)`. Invariant: a crate that
//! declares them and runs none fails, so that a renamed test or a lost `cfg` cannot pass in silence.

use crate::report::{Failure, Steps};
use crate::tally::Tally;
use crate::workspace::Package;
use crate::{run, workspace};

pub(crate) const ABOUT: &str = "the loom tests of each crate that has some; fails when none ran";

/// How often loom may switch threads against their will. Most bugs need two; each more costs a power.
const PREEMPTIONS: &str = "3";

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let wanted = match arguments {
        [] => None,
        [name] => Some(name.as_str()),
        _ => {
            return Err(Failure::usage(
                "loom takes the name of one crate, or nothing for all",
            ));
        }
    };
    let mut steps = Steps::new();
    steps.tests("loom", || crates(wanted))?;
    steps.finish()
}

/// Runs the loom tests of all crates that have some, or of the wanted one.
///
/// # Errors
/// When a test failed, a crate that declares loom ran no test, or no crate declares it.
pub(crate) fn crates(wanted: Option<&str>) -> Result<Tally, (Failure, Tally)> {
    let mut tally = Tally::default();
    let mut problems = Vec::new();
    let all = workspace::crates().map_err(|failure| (failure, tally))?;
    let chosen: Vec<&Package> = all
        .iter()
        .filter(|package| package.manifest.declares_loom())
        .filter(|package| {
            wanted.is_none_or(|name| package.name == name || package.folder == format!("crates/{name}"))
        })
        .collect();
    for package in &chosen {
        let outcome = one(package);
        tally.add(*outcome.as_ref().unwrap_or_else(|(_, tally)| tally));
        if let Some(problem) = judge(&package.name, outcome) {
            println!("  {problem}");
            problems.push(problem);
        }
    }
    if chosen.is_empty() {
        problems.push(match wanted {
            Some(name) => format!("{name:?} is no crate that declares loom tests"),
            None => "no crate declares loom tests".to_owned(),
        });
    }
    if problems.is_empty() {
        Ok(tally)
    } else {
        Err((Failure::new(problems.join("; ")), tally))
    }
}

fn one(package: &Package) -> Result<Tally, (Failure, Tally)> {
    let mut command = run::cargo();
    command
        .args(["test", "-p", &package.name, "--release", "--lib", "loom_"])
        .env("RUSTFLAGS", "--cfg asyncio_loom")
        .env("CARGO_TARGET_DIR", workspace::target().join("loom"));
    if std::env::var_os("LOOM_MAX_PREEMPTIONS").is_none() {
        command.env("LOOM_MAX_PREEMPTIONS", PREEMPTIONS);
    }
    run::tests(&mut command)
}

/// What is wrong with a crate's run, if anything.
fn judge(name: &str, outcome: Result<Tally, (Failure, Tally)>) -> Option<String> {
    match outcome {
        Ok(Tally { passed: 0, .. }) => Some(format!("{name} declares loom and ran no loom test")),
        Ok(_) => None,
        // It did not build, or died before libtest could say which test it was.
        Err((failure, Tally { failed: 0, .. })) => Some(format!("{name}: {}", failure.message)),
        Err((_, tally)) => Some(format!("{name}: {} of its loom tests failed", tally.failed)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_that_ran_no_loom_test_fails() {
        assert!(
            judge("x", Ok(Tally::default()))
                .unwrap()
                .contains("ran no loom test")
        );
        assert_eq!(judge("x", Ok(Tally { passed: 1, failed: 0 })), None);
    }

    #[test]
    fn a_failed_test_and_a_failed_build_are_told_apart() {
        let tally = Tally { passed: 3, failed: 2 };
        assert!(
            judge("x", Err((Failure::new("status"), tally)))
                .unwrap()
                .contains("2 of its loom tests")
        );
        assert!(
            judge("x", Err((Failure::new("status"), Tally::default())))
                .unwrap()
                .contains("status")
        );
    }

    #[test]
    fn a_run_that_died_half_way_fails_with_its_status() {
        let tally = Tally { passed: 3, failed: 0 };
        assert_eq!(
            judge("x", Err((Failure::new("killed"), tally))).unwrap(),
            "x: killed"
        );
    }
}
