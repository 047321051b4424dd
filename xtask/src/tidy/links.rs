//! Relative links in Markdown lead to a file of the project, and to a heading that is there.
//!
//! Addresses on the network are not looked at: a check that needs somebody else's server is no check.

use super::{at, numbered};
use crate::files::File;

pub(crate) fn findings(files: &[File]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.is_markdown()) {
        for (line, target) in links(&file.text) {
            if let Some(problem) = problem(files, file, target) {
                found.push(at(
                    file,
                    line,
                    format_args!("the link to {target} leads nowhere: {problem}"),
                ));
            }
        }
    }
    found
}

fn problem(files: &[File], file: &File, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, heading) = target.split_once('#').unwrap_or((target, ""));
    let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let path = if path.is_empty() {
        file.path.clone()
    } else {
        resolve(folder, path)?
    };
    let folder_prefix = format!("{}/", path.trim_end_matches('/'));
    let Some(known) = files.iter().find(|file| file.path == path) else {
        let is_folder = path.is_empty() || files.iter().any(|file| file.path.starts_with(&folder_prefix));
        return if is_folder {
            None
        } else {
            Some(format!("there is no {path}"))
        };
    };
    if heading.is_empty() || !known.is_markdown() || headings(&known.text).any(|slug| slug == heading) {
        return None;
    }
    Some(format!("{path} has no heading #{heading}"))
}

/// Follows a relative path from a folder; `None` where it is absolute and thus left to the reader's server.
fn resolve(folder: &str, path: &str) -> Option<String> {
    if path.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The targets of all links, outside code.
fn links(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (line, text) in prose(text) {
        for (start, _) in text.match_indices("](") {
            let rest = &text[start + 2..];
            let end = rest.find([')', ' ']).unwrap_or(rest.len());
            let before = &text[..start];
            if before.matches('`').count() % 2 == 0 {
                found.push((line, &rest[..end]));
            }
        }
        // A reference: `[name]: target` on a line of its own.
        if let Some((name, target)) = text.trim_start().split_once("]: ") {
            if name.starts_with('[') && !name.contains(']') {
                found.push((line, target.trim()));
            }
        }
    }
    found
}

fn headings(text: &str) -> impl Iterator<Item = String> {
    prose(text)
        .filter(|(_, line)| line.starts_with('#'))
        .map(|(_, line)| slug(line.trim_start_matches('#').trim()))
}

/// The name that a forge gives a heading.
fn slug(heading: &str) -> String {
    let kept = heading
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
        .collect::<String>();
    kept.replace(' ', "-")
}

/// The lines outside fenced code.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    numbered(text).filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        findings(&[
            File::new("README.md", text),
            File::new(
                "docs/a.md",
                "# The turn\n\n[up](../README.md) [self](#the-turn)\n",
            ),
            File::new("crates/core/src/lib.rs", ""),
        ])
    }

    #[test]
    fn files_folders_headings_and_addresses_pass() {
        let text =
            "[a](docs/a.md) [b](docs/a.md#the-turn) [c](crates/core) [d](https://x/y)\n[e]: docs/a.md\n";
        assert_eq!(found(text), Vec::<String>::new());
    }

    #[test]
    fn missing_files_and_headings_are_found() {
        let found = found("[a](docs/b.md)\n[b](docs/a.md#nothing)\n[c]: docs/c.md\n");
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[1].starts_with("README.md:2:"), "{found:?}");
    }

    #[test]
    fn code_is_not_read_for_links() {
        assert!(found("```\n[a](docs/b.md)\n```\n`x[0](docs/b.md)`\n").is_empty());
    }
}
