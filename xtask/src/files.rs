//! The files of the project: those that git tracks or would track, read once.

use std::process::Command;

use crate::report::Failure;
use crate::{run, workspace};

/// A file of the project.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// From the root, with `/`.
    pub(crate) path: String,
    /// Empty for a file that is not text.
    pub(crate) text: String,
}

impl File {
    #[cfg(test)]
    pub(crate) fn new(path: &str, text: &str) -> File {
        File {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    pub(crate) fn is_markdown(&self) -> bool {
        self.path.ends_with(".md")
    }

    /// Whether it holds tests only: it lies in a `tests` folder, the benchmark's aside, or is a module of tests.
    pub(crate) fn is_test(&self) -> bool {
        if self.path.starts_with("tests/bench/") {
            return false;
        }
        self.path.starts_with("tests/") || self.path.contains("/tests/") || self.path.ends_with("tests.rs")
    }
}

/// Every file of the project that still exists; a file that git ignores is not one.
///
/// # Errors
/// When git cannot be asked.
pub(crate) fn all() -> Result<Vec<File>, Failure> {
    let root = workspace::root();
    let listed = run::output(
        Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(&root),
    )?;
    let mut files: Vec<File> = listed
        .split('\0')
        .filter(|path| !path.is_empty())
        .filter_map(|path| {
            let bytes = std::fs::read(root.join(path)).ok()?;
            Some(File {
                path: path.to_owned(),
                text: String::from_utf8(bytes).unwrap_or_default(),
            })
        })
        .collect();
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files.dedup_by(|one, other| one.path == other.path);
    Ok(files)
}
