//! `cargo xtask docs`: builds the documentation and follows the relative links of the Markdown files.

use crate::report::{Failure, Steps, findings, only};
use crate::tidy::links;
use crate::{files, lint};

pub(crate) const ABOUT: &str = "build the documentation and check the links of the Markdown files";

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    only(arguments, &[])?;
    let mut steps = Steps::new();
    steps.check("rustdoc", lint::rustdoc)?;
    steps.check("links", || findings(&links::findings(&files::all()?)))?;
    steps.finish()
}
