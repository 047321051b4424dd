//! No file names a folder of somebody's machine or the host of a registry: what is in the repository is true anywhere.

use super::{at, numbered};
use crate::files::File;

/// Folders that only exist on one machine. Written in two halves, so that this file passes.
const FOLDERS: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("/tmp/tar", "get"),
];

/// Hosts and settings that point cargo somewhere.
const HOSTS: &[&str] = &[
    concat!("index.crates", ".io"),
    concat!("static.crates", ".io"),
    concat!("sparse", "+http"),
    concat!("replace", "-with"),
];

/// The one source that the lock file may name.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

pub(super) fn findings(file: &File) -> Vec<String> {
    let mut found = Vec::new();
    for (line, text) in numbered(&file.text) {
        if let Some(folder) = FOLDERS.iter().find(|folder| starts_a_path(text, folder)) {
            found.push(at(
                file,
                line,
                format_args!("names a folder of one machine: {folder}"),
            ));
        }
        if let Some(host) = HOSTS.iter().find(|host| text.contains(*host)) {
            found.push(at(
                file,
                line,
                format_args!("names where a registry lives: {host}"),
            ));
        }
        if file.path.ends_with("Cargo.lock") && text.starts_with("source = ") && !text.contains(REGISTRY) {
            found.push(at(
                file,
                line,
                "a package comes from somewhere else than crates.io",
            ));
        }
    }
    found
}

/// Whether `folder` stands in `text` as the start of a path, not inside a longer one or an address.
fn starts_a_path(text: &str, folder: &str) -> bool {
    text.match_indices(folder).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        before.is_none_or(|c| c.is_whitespace() || "\"'`(=:,<[".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_relative_paths_pass() {
        let text = concat!("see https://example.com/ro", "ot/x and crates/ro", "ot/y\n");
        assert!(findings(&File::new("a.md", text)).is_empty());
        let lock = format!("source = \"{REGISTRY}\"\n");
        assert!(findings(&File::new("Cargo.lock", &lock)).is_empty());
    }

    #[test]
    fn folders_hosts_and_strange_sources_are_found() {
        for text in [
            concat!("in \"/ho", "me/me/x\""),
            concat!("CARGO_TARGET_DIR=/tmp/tar", "get-x"),
            concat!("[source.x]\nreplace", "-with = 1"),
        ] {
            assert_eq!(findings(&File::new("a.toml", text)).len(), 1, "{text}");
        }
        assert_eq!(
            findings(&File::new("tests/bench/Cargo.lock", "source = \"git+https://x\"")).len(),
            1
        );
    }
}
