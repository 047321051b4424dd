//! `cargo xtask release --dry-run`: what must be true before the crates go to the registry. Uploads nothing.

use std::process::Command;

use crate::report::{Failure, Steps, findings};
use crate::workspace::Package;
use crate::{run, workspace};

pub(crate) const ABOUT: &str =
    "check versions, changelog and package contents; print the order of publishing";

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    if arguments != ["--dry-run"] {
        return Err(Failure::usage(
            "release needs --dry-run: publishing itself is done by hand, in the order it prints",
        ));
    }
    let mut steps = Steps::new();
    steps.check("release", || check(true))?;
    steps.finish()
}

/// With `build` each package is also compiled as whoever downloads it would, from what is in it and in the others.
///
/// # Errors
/// When the crates could not be released as they stand.
pub(crate) fn check(build: bool) -> Result<(), Failure> {
    let manifest = workspace::manifest()?;
    let version = manifest
        .string("workspace.package", "version")
        .unwrap_or_default()
        .to_owned();
    let crates: Vec<Package> = workspace::crates()?
        .into_iter()
        .filter(Package::is_published)
        .collect();

    let mut found = Vec::new();
    for package in &crates {
        if package.manifest.get("package", "version") != Some("true") {
            found.push(format!(
                "{}: does not take the version of the workspace",
                package.name
            ));
        }
        if let Some(asked) = manifest.get("workspace.dependencies", &package.name) {
            if !asked.contains(&format!("version = \"{version}\"")) {
                found.push(format!(
                    "{}: the workspace asks for another version than {version}",
                    package.name
                ));
            }
        }
        found.extend(contents(package)?);
    }
    let changelog = workspace::read(&workspace::root().join("CHANGELOG.md"))?;
    if !has_unreleased(&changelog) {
        found.push("CHANGELOG.md: has no section `## [Unreleased]`".to_owned());
    }
    match order(&crates) {
        Ok(order) => println!(
            "  version {version}, to publish in this order: {}",
            order.join(", ")
        ),
        Err(cycle) => found.push(format!("these depend on each other: {}", cycle.join(", "))),
    }
    findings(&found)?;
    run::run(&mut packages(&crates, build))
}

/// Makes all packages, which need nothing that is not on this machine.
fn packages(crates: &[Package], build: bool) -> Command {
    let mut command = run::cargo();
    command.args(["package", "--quiet", "--offline", "--allow-dirty"]);
    if !build {
        command.arg("--no-verify");
    }
    // To compile the heavy one takes longer than all the others; it is made nevertheless.
    for package in crates
        .iter()
        .filter(|package| !build || package.name != workspace::HEAVY)
    {
        command.args(["-p", &package.name]);
    }
    command
}

/// What is missing from the package that cargo would build.
fn contents(package: &Package) -> Result<Vec<String>, Failure> {
    let listed = run::output(run::cargo().args(["package", "--list", "--allow-dirty", "-p", &package.name]))?;
    let missing = ["Cargo.toml", "src/lib.rs"]
        .into_iter()
        .filter(|wanted| !listed.lines().any(|line| line == *wanted));
    Ok(missing
        .map(|wanted| format!("{}: its package lacks {wanted}", package.name))
        .collect())
}

fn has_unreleased(changelog: &str) -> bool {
    changelog.lines().any(|line| line.trim() == "## [Unreleased]")
}

/// The crates in an order in which each one follows those that it needs, or those that are in the way of one.
fn order(crates: &[Package]) -> Result<Vec<&str>, Vec<&str>> {
    let names: Vec<&str> = crates.iter().map(|package| package.name.as_str()).collect();
    let mut order: Vec<&str> = Vec::new();
    while order.len() < names.len() {
        let next = crates.iter().find(|package| {
            let needs = package.manifest.dependencies("dependencies");
            let mut ours = needs.iter().filter(|need| names.contains(need));
            !order.contains(&package.name.as_str()) && ours.all(|need| order.contains(need))
        });
        match next {
            Some(package) => order.push(&package.name),
            None => return Err(names.into_iter().filter(|name| !order.contains(name)).collect()),
        }
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Manifest;

    fn package(name: &str, needs: &[&str]) -> Package {
        let mut text = format!("[package]\nname = \"{name}\"\n[dependencies]\n");
        for need in needs {
            text += &format!("{need}.workspace = true\n");
        }
        Package {
            name: name.to_owned(),
            folder: String::new(),
            manifest: Manifest::parse(&text),
        }
    }

    #[test]
    fn a_crate_follows_what_it_needs() {
        let crates = [
            package("a", &["c", "libc"]),
            package("b", &[]),
            package("c", &["b"]),
        ];
        assert_eq!(order(&crates), Ok(vec!["b", "c", "a"]));
    }

    #[test]
    fn a_cycle_is_named() {
        let crates = [package("a", &["b"]), package("b", &["a"]), package("c", &[])];
        assert_eq!(order(&crates), Err(vec!["a", "b"]));
    }

    #[test]
    fn the_changelog_needs_its_open_section() {
        assert!(has_unreleased("# Changelog\n\n## [Unreleased]\n"));
        assert!(!has_unreleased("# Changelog\n\n## [0.1.0]\n"));
    }
}
