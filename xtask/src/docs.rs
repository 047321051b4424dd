//! `cargo xtask docs`: rustdoc, the links of the pages, their snippets, and the book.
//!
//! All but the book is part of `ci` already: the links belong to `tidy`, the snippets are tests.

use crate::report::{Failure, Steps, findings, only};
use crate::tidy::links;
use crate::{book, files, lint, run};

pub(crate) const ABOUT: &str =
    "build rustdoc and the book, check links and snippets; --quick: links and snippets alone";

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    only(arguments, &["--quick"])?;
    let is_quick = !arguments.is_empty();
    let mut steps = Steps::new();
    if !is_quick {
        steps.check("rustdoc", lint::rustdoc)?;
    }
    steps.check("links", || findings(&links::findings(&files::all()?)))?;
    let snippets = ["test", "-p", "asyncio-tests"];
    steps.tests("snippets", || {
        run::tests(run::cargo().args(snippets).arg("--doc"))
    })?;
    steps.tests("programs", || {
        run::tests(run::cargo().args(snippets).args(["--test", "book"]))
    })?;
    if !is_quick {
        if book::is_available() {
            steps.check("book", book::build)?;
        } else {
            println!("--- book: skipped, mdbook is not installed");
        }
    }
    steps.finish()
}
