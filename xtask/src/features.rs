//! `cargo xtask features [--powerset]`: every crate that has features compiles with each of them alone, with none and
//! with all; with `--powerset` in every combination.

use std::collections::BTreeSet;

use crate::report::{Failure, Steps, only};
use crate::workspace::Package;
use crate::{run, workspace};

pub(crate) const ABOUT: &str = "check each crate with each of its features alone, or in all combinations";

/// Above this many features the combinations are too many, and it would be time to choose some.
const MOST_FEATURES: usize = 8;

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    only(arguments, &["--powerset"])?;
    let mut steps = Steps::new();
    steps.check("features", || check(!arguments.is_empty()))?;
    steps.finish()
}

/// # Errors
/// When a combination does not compile.
pub(crate) fn check(powerset: bool) -> Result<(), Failure> {
    for package in workspace::crates()? {
        let features = features(&package);
        // Each set of the heavy one compiles rust-analyzer; plain CI has seen it without.
        if features.is_empty() || (package.name == workspace::HEAVY && !powerset) {
            continue;
        }
        if powerset && features.len() > MOST_FEATURES {
            return Err(Failure::new(format!(
                "{}: more than {MOST_FEATURES} features",
                package.name
            )));
        }
        for set in if powerset {
            all_sets(&features)
        } else {
            single_sets(&features)
        } {
            let mut command = run::cargo();
            command.args(["check", "--quiet", "-p", &package.name, "--no-default-features"]);
            if !set.is_empty() {
                command.arg("--features").arg(set.join(","));
            }
            run::run(command.env("RUSTFLAGS", flags()))?;
        }
    }
    Ok(())
}

/// A warning under one combination, say an import that it does not use, is an error.
fn flags() -> String {
    let given = std::env::var("RUSTFLAGS").unwrap_or_default();
    format!("{given} -D warnings").trim().to_owned()
}

/// The features of a crate, those that optional dependencies make included, without `default`.
fn features(package: &Package) -> Vec<String> {
    let manifest = &package.manifest;
    let named: BTreeSet<&str> = manifest
        .keys("features")
        .filter(|name| *name != "default")
        .collect();
    let used: String = manifest
        .keys("features")
        .map(|name| manifest.list("features", name).join(" "))
        .collect();
    let implicit = manifest.keys("dependencies").filter(|name| {
        let optional = manifest
            .get("dependencies", name)
            .is_some_and(|value| value.contains("optional = true"));
        optional && !used.contains(&format!("dep:{name}"))
    });
    named.iter().copied().chain(implicit).map(str::to_owned).collect()
}

/// None, each one alone, and all of them.
fn single_sets(features: &[String]) -> Vec<Vec<&str>> {
    let mut sets = vec![Vec::new()];
    sets.extend(features.iter().map(|feature| vec![feature.as_str()]));
    if features.len() > 1 {
        sets.push(features.iter().map(String::as_str).collect());
    }
    sets
}

fn all_sets(features: &[String]) -> Vec<Vec<&str>> {
    let chosen = |bits: usize| {
        let picked = features
            .iter()
            .enumerate()
            .filter(move |(at, _)| bits >> at & 1 == 1);
        picked.map(|(_, feature)| feature.as_str()).collect()
    };
    (0..1 << features.len()).map(chosen).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Manifest;

    fn names(count: usize) -> Vec<String> {
        ["a", "b", "c"][..count]
            .iter()
            .map(|name| (*name).to_owned())
            .collect()
    }

    #[test]
    fn each_feature_is_built_alone_with_none_and_with_all() {
        assert_eq!(single_sets(&names(1)), [vec![], vec!["a"]]);
        assert_eq!(
            single_sets(&names(2)),
            [vec![], vec!["a"], vec!["b"], vec!["a", "b"]]
        );
    }

    #[test]
    fn the_powerset_has_every_combination_once() {
        let features = names(3);
        let sets: BTreeSet<Vec<&str>> = all_sets(&features).into_iter().collect();
        assert_eq!(sets.len(), 8);
        assert!(sets.contains(&vec!["a", "c"]));
    }

    #[test]
    fn features_are_those_named_and_those_of_bare_optional_dependencies() {
        let manifest = Manifest::parse(
            "[features]\ndefault = [\"net\"]\nnet = [\"dep:one\"]\n[dependencies]\n\
             one = { version = \"1\", optional = true }\ntwo = { version = \"1\", optional = true }\nthree = \"1\"",
        );
        let package = Package {
            name: "x".to_owned(),
            folder: "crates/x".to_owned(),
            manifest,
        };
        assert_eq!(features(&package), ["net", "two"]);
    }
}
