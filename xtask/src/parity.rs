//! `cargo xtask parity`: which rows of `docs/parity.md` have tests.
//!
//! A row is a promise that Python's asyncio makes, under an id such as `RUN-04`. A test names the rows that it proves,
//! in a comment (`// RUN-04`) or in its own name (`run_04_…`); the head of a file (`//!`) claims nothing. Invariant: a
//! test names no row that does not exist.

use std::collections::{BTreeMap, BTreeSet};

use crate::files::{self, File};
use crate::report::{Failure, Steps, findings, only};

pub(crate) const ABOUT: &str = "which rows of docs/parity.md have tests";

const TABLE: &str = "docs/parity.md";

/// What a row can be: all of it holds, some of it, nothing yet, or it is left out for good and needs no test.
const STATUSES: [&str; 4] = ["done", "partly", "planned", "out"];

/// The pages that ids begin with. Other words of that shape (`UTF-16`, `SHA-256`) are no ids.
const PAGES: &[&str] = &[
    "RUN", "TSK", "STR", "SYN", "SUB", "QUE", "EXC", "LOP", "GST", "FUT", "TRP", "POL", "PLA", "EXT", "GRA",
    "CLI", "DEV", "THR", "IDX", "RPL",
];

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    only(arguments, &[])?;
    let mut steps = Steps::new();
    steps.check("parity", check)?;
    steps.finish()
}

/// # Errors
/// When a test names a row that does not exist, a row is called done without a test, or stands twice.
pub(crate) fn check() -> Result<(), Failure> {
    let files = files::all()?;
    let Some(table) = files.iter().find(|file| file.path == TABLE) else {
        return Err(Failure::new(format!("there is no {TABLE}")));
    };
    let rows = rows(&table.text);
    let tests = tests(&files);
    for row in &rows {
        let named_in = match tests.get(&row.id) {
            Some(files) => join(files),
            None if row.status == "out" => "needs no test".to_owned(),
            None => "no test".to_owned(),
        };
        println!("  {} {:<8} {named_in}", row.id, row.status);
    }
    for line in summary(&rows, &tests).iter().chain(&warnings(&rows, &tests)) {
        println!("  {line}");
    }
    findings(&problems(&rows, &tests))
}

/// A line for each page, in the order of the table, and one for all of them.
fn summary(rows: &[Row], tests: &BTreeMap<String, BTreeSet<&str>>) -> Vec<String> {
    let mut pages: Vec<&str> = Vec::new();
    for row in rows {
        if !pages.contains(&row.page()) {
            pages.push(row.page());
        }
    }
    let line = |title: &str, rows: &[&Row]| {
        let count = |status| rows.iter().filter(|row| row.status == status).count();
        let statuses = STATUSES.map(|status| format!("{} {status}", count(status)));
        let lack = rows
            .iter()
            .filter(|row| row.status != "out" && !tests.contains_key(&row.id));
        let lack = lack.count();
        format!(
            "{title}: {} rows, {}; {lack} lack a test",
            rows.len(),
            statuses.join(", ")
        )
    };
    let mut lines: Vec<String> = pages
        .into_iter()
        .map(|page| {
            line(
                page,
                &rows.iter().filter(|row| row.page() == page).collect::<Vec<_>>(),
            )
        })
        .collect();
    lines.push(line("all", &rows.iter().collect::<Vec<_>>()));
    lines
}

/// What somebody should look at, but may be right for a while: a row is often proved by the commit before the one
/// that says so.
fn warnings(rows: &[Row], tests: &BTreeMap<String, BTreeSet<&str>>) -> Vec<String> {
    let planned = rows.iter().filter(|row| row.status == "planned");
    planned
        .filter_map(|row| {
            let files = join(tests.get(&row.id)?);
            Some(format!(
                "warning: {} is said to be planned, and {files} names it: say done or partly",
                row.id
            ))
        })
        .collect()
}

/// A row of the table.
#[derive(Debug, PartialEq)]
struct Row {
    id: String,
    status: String,
}

impl Row {
    /// `RUN` of `RUN-04`.
    fn page(&self) -> &str {
        self.id.split_once('-').map_or(&self.id, |(page, _)| page)
    }
}

fn rows(text: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    for line in text.lines() {
        let mut cells = line.trim().trim_matches('|').split('|').map(str::trim);
        if let (true, Some(first), Some(status)) = (line.starts_with('|'), cells.next(), cells.next()) {
            if ids(first).iter().any(|id| id == first) {
                rows.push(Row {
                    id: first.to_owned(),
                    status: status.to_owned(),
                });
            }
        }
    }
    rows
}

/// For each id that a test names, the files that do.
fn tests(files: &[File]) -> BTreeMap<String, BTreeSet<&str>> {
    let mut found: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for file in files.iter().filter(|file| file.is_rust() && has_tests(file)) {
        for line in file.text.lines() {
            let line = line.trim_start();
            let mut named = Vec::new();
            if line.starts_with("//!") {
                // The head of a file speaks about the rows; its tests name them.
            } else if line.starts_with("//") {
                named = ids(line);
            } else if let Some((_, name)) = line.split_once("fn ") {
                named = ids(&as_written_in_a_comment(name));
            }
            for id in named {
                found.entry(id).or_default().insert(&file.path);
            }
        }
    }
    found
}

/// Whether ids in the file are claims of tests. The commands here only speak about ids.
fn has_tests(file: &File) -> bool {
    let holds = file.is_test() || file.text.contains("#[test]") || file.text.contains("::test]");
    holds && !file.path.starts_with("xtask/")
}

/// `run_04_closes(` as `RUN-04 …`: the spelling of ids in comments.
fn as_written_in_a_comment(name: &str) -> String {
    let end = name
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(name.len());
    let words: Vec<&str> = name[..end].split('_').collect();
    let pairs = words
        .windows(2)
        .filter(|pair| pair[0].chars().all(|c| c.is_ascii_lowercase()));
    pairs
        .map(|pair| format!("{}-{} ", pair[0].to_uppercase(), pair[1]))
        .collect()
}

/// The ids in a text, in the order in which they stand.
fn ids(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    let is_id = |word: &&str| {
        let Some((page, number)) = word.split_once('-') else {
            return false;
        };
        PAGES.contains(&page) && number.len() == 2 && number.bytes().all(|digit| digit.is_ascii_digit())
    };
    words.filter(is_id).map(str::to_owned).collect()
}

fn problems(rows: &[Row], tests: &BTreeMap<String, BTreeSet<&str>>) -> Vec<String> {
    let mut known = BTreeSet::new();
    let twice = rows
        .iter()
        .filter(|row| !known.insert(row.id.as_str()))
        .map(|row| &row.id);
    let mut found: Vec<String> = twice.map(|id| format!("{TABLE}: {id} stands twice")).collect();
    for row in rows.iter().filter(|row| !STATUSES.contains(&row.status.as_str())) {
        found.push(format!(
            "{TABLE}: {} has the status {:?}, which is none of {}",
            row.id,
            row.status,
            STATUSES.join(", ")
        ));
    }
    for row in rows
        .iter()
        .filter(|row| row.status == "done" && !tests.contains_key(&row.id))
    {
        found.push(format!(
            "{TABLE}: {} is said to be done, and no test names it",
            row.id
        ));
    }
    for (id, files) in tests {
        if !known.contains(id.as_str()) {
            found.push(format!("{}: there is no row {id} in {TABLE}", join(files)));
        }
    }
    found
}

fn join(files: &BTreeSet<&str>) -> String {
    files.iter().copied().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str =
        "| id | status |\n|---|---|\n| RUN-01 | done | x |\n| RUN-02 | planned | x |\nRUN-03 in prose\n";

    #[test]
    fn rows_are_read_from_the_table_alone() {
        let ids: Vec<String> = rows(SAMPLE)
            .into_iter()
            .map(|row| format!("{} {}", row.id, row.status))
            .collect();
        assert_eq!(ids, ["RUN-01 done", "RUN-02 planned"]);
    }

    #[test]
    fn tests_name_rows_in_comments_and_in_their_names() {
        let files = [
            File::new(
                "crates/loop/tests/a.rs",
                "// RUN-01, UTF-16\nfn run_02_follows_the_environment() {}\n",
            ),
            File::new("crates/loop/src/b.rs", "// RUN-02 here is prose\n"),
        ];
        let found = tests(&files);
        assert_eq!(found.keys().collect::<Vec<_>>(), ["RUN-01", "RUN-02"]);
        assert_eq!(join(&found["RUN-02"]), "crates/loop/tests/a.rs");
        assert!(problems(&rows(SAMPLE), &found).is_empty());
    }

    #[test]
    fn a_row_that_is_done_without_a_test_is_found() {
        let found = problems(&rows(SAMPLE), &BTreeMap::new());
        assert_eq!(
            found,
            ["docs/parity.md: RUN-01 is said to be done, and no test names it"]
        );
    }

    #[test]
    fn a_row_that_does_not_exist_and_a_row_that_stands_twice_are_found() {
        let files = [File::new("tests/tests/a.rs", "/// RUN-01, RUN-77\n")];
        let found = problems(&rows(&format!("{SAMPLE}| RUN-02 | planned |\n")), &tests(&files));
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[1].contains("tests/tests/a.rs") && found[1].contains("RUN-77"));
    }

    #[test]
    fn the_head_of_a_file_claims_no_row() {
        let files = [
            File::new(
                "tests/tests/a.rs",
                "//! Of RUN-01 and RUN-77.\n\n/// RUN-02\n#[test]\nfn b() {}\n",
            ),
            File::new("crates/loop/src/b.rs", "//! RUN-01\n\n#[test]\nfn c() {}\n"),
        ];
        assert_eq!(tests(&files).keys().collect::<Vec<_>>(), ["RUN-02"]);
    }

    #[test]
    fn a_row_that_is_out_needs_no_test() {
        let rows = rows("| TSK-20 | out | x |\n| TSK-21 | partly | x |\n");
        assert!(problems(&rows, &BTreeMap::new()).is_empty());
        assert_eq!(
            summary(&rows, &BTreeMap::new())[0],
            "TSK: 2 rows, 0 done, 1 partly, 0 planned, 1 out; 1 lack a test"
        );
    }

    #[test]
    fn a_status_that_means_nothing_is_found() {
        let found = problems(&rows("| RUN-01 | dnoe | x |\n"), &BTreeMap::new());
        assert_eq!(
            found,
            [r#"docs/parity.md: RUN-01 has the status "dnoe", which is none of done, partly, planned, out"#]
        );
    }

    #[test]
    fn a_planned_row_that_a_test_names_is_a_warning_and_no_failure() {
        let files = [File::new("tests/tests/a.rs", "/// RUN-01, RUN-02\n")];
        let (rows, tests) = (rows(SAMPLE), tests(&files));
        assert_eq!(
            warnings(&rows, &tests),
            ["warning: RUN-02 is said to be planned, and tests/tests/a.rs names it: say done or partly"]
        );
        assert!(problems(&rows, &tests).is_empty());
    }

    #[test]
    fn each_page_is_summed_up_in_the_order_of_the_table() {
        let files = [File::new("tests/tests/a.rs", "/// RUN-01\n")];
        let rows = rows(&format!("{SAMPLE}| EXC-01 | planned |\n"));
        assert_eq!(
            summary(&rows, &tests(&files)),
            [
                "RUN: 2 rows, 1 done, 0 partly, 1 planned, 0 out; 1 lack a test",
                "EXC: 1 rows, 0 done, 0 partly, 1 planned, 0 out; 1 lack a test",
                "all: 3 rows, 1 done, 0 partly, 2 planned, 0 out; 2 lack a test",
            ]
        );
    }
}
