//! What may stand at the top of the repository, and no `mod.rs` anywhere.

use crate::files::File;

const TOP: &[&str] = &[
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "clippy.toml",
    "crates",
    "deny.toml",
    "docs",
    "rustfmt.toml",
    "tests",
    "xtask",
];

pub(super) fn findings(files: &[File]) -> Vec<String> {
    let mut found = Vec::new();
    let mut tops: Vec<&str> = files
        .iter()
        .filter_map(|file| file.path.split('/').next())
        .collect();
    tops.dedup();
    for top in tops {
        if !top.starts_with('.') && !TOP.contains(&top) {
            found.push(format!("{top}: nothing else grows at the top of the repository"));
        }
    }
    for file in files {
        if file.path.ends_with("/mod.rs") {
            found.push(format!(
                "{}: a module with children is `name.rs` beside `name/`",
                file.path
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_names_and_dot_files_pass() {
        let files = [
            File::new(".ci/run", ""),
            File::new("Cargo.toml", ""),
            File::new("crates/core/src/lib.rs", ""),
        ];
        assert!(findings(&files).is_empty());
    }

    #[test]
    fn a_new_top_folder_and_a_mod_rs_are_found() {
        let files = [
            File::new("crates/core/src/a/mod.rs", ""),
            File::new("scripts/x.sh", ""),
        ];
        assert_eq!(findings(&files).len(), 2);
    }
}
