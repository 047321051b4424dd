//! `cargo xtask tidy`: the rules of the project that no compiler checks, one file per rule.
//!
//! A rule is a function from the project's files to findings, so that each is tested on good and on bad input.

mod book;
mod graph;
mod layout;
pub(crate) mod links;
mod machine;
mod manifests;
mod size;
mod sleeps;
mod source;

use crate::files::File;
use crate::report::{Failure, Steps, findings, only};
use crate::{files, workspace};

pub(crate) const ABOUT: &str =
    "the project's own rules: crate graph, headers, unsafe, layout, manifests, links, sizes";

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    only(arguments, &[])?;
    let mut steps = Steps::new();
    steps.check("tidy", check)?;
    steps.finish()
}

/// Runs all rules.
///
/// # Errors
/// When one of them found something; all findings are printed.
pub(crate) fn check() -> Result<(), Failure> {
    let files = files::all()?;
    let crates = workspace::crates()?;
    let packages = workspace::packages()?;
    let rust = || files.iter().filter(|file| file.is_rust());

    let mut found = graph::findings(&crates);
    found.extend(manifests::findings(&packages));
    found.extend(layout::findings(&files));
    found.extend(rust().flat_map(source::findings));
    found.extend(size::findings(rust()));
    found.extend(files.iter().flat_map(machine::findings));
    found.extend(links::findings(&files));
    found.extend(book::findings(&files));
    for warning in rust().flat_map(sleeps::warnings) {
        println!("  warning: {warning}");
    }
    findings(&found)
}

/// The lines of a text with their numbers from 1.
fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(at, line)| (at + 1, line))
}

fn at(file: &File, line: usize, what: impl std::fmt::Display) -> String {
    format!("{}:{line}: {what}", file.path)
}
