//! Every page under `docs/` is in the book's summary, once, and what the summary names is there.
//!
//! That links lead somewhere is the rule of `links`; that snippets hold is what the tests of `tests/build.rs` check.

use super::{at, numbered};
use crate::files::File;

const SUMMARY: &str = "docs/SUMMARY.md";

pub(super) fn findings(files: &[File]) -> Vec<String> {
    let Some(summary) = files.iter().find(|file| file.path == SUMMARY) else {
        return vec![format!("{SUMMARY}: there is no summary of the book")];
    };
    let mut found = Vec::new();
    let mut named: Vec<String> = Vec::new();
    for (line, text) in numbered(&summary.text) {
        let Some(page) = text.split_once("](").and_then(|(_, rest)| rest.split_once(')')) else {
            continue;
        };
        let path = format!("docs/{}", page.0);
        if !files.iter().any(|file| file.path == path) {
            found.push(at(summary, line, format_args!("there is no {path}")));
        }
        if named.contains(&path) {
            found.push(at(summary, line, format_args!("{path} is in the book already")));
        }
        named.push(path);
    }
    for file in files {
        let is_page = file.is_markdown() && file.path.starts_with("docs/") && file.path != SUMMARY;
        if is_page && !named.contains(&file.path) {
            found.push(format!("{}: is not in {SUMMARY}", file.path));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(summary: &str) -> Vec<String> {
        findings(&[
            File::new(SUMMARY, summary),
            File::new("docs/a.md", ""),
            File::new("docs/b/c.md", ""),
            File::new("README.md", ""),
        ])
    }

    #[test]
    fn a_summary_that_names_each_page_passes() {
        assert!(found("# Summary\n\n[A](a.md)\n\n- [C](b/c.md)\n").is_empty());
    }

    #[test]
    fn forgotten_missing_and_repeated_pages_are_found() {
        let found = found("- [A](a.md)\n- [A](a.md)\n- [D](d.md)\n");
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].contains("already"), "{found:?}");
        assert!(found[1].contains("there is no docs/d.md"), "{found:?}");
        assert!(found[2].starts_with("docs/b/c.md"), "{found:?}");
    }

    #[test]
    fn a_project_without_a_summary_is_told() {
        assert_eq!(findings(&[File::new("docs/a.md", "")]).len(), 1);
    }
}
