//! Builds the book with mdBook, and looks whether the links of what it has made lead somewhere.
//!
//! The pages under `docs/` are read in the repository too, so some of their links leave the folder. They are built from
//! a copy in which such links have the repository's address.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::files::File;
use crate::report::{Failure, findings};
use crate::{files, run, workspace};

const REPOSITORY: &str = "https://github.com/asyncio-rs/asyncio/blob/main/";

/// Whether mdBook is installed.
pub(crate) fn is_available() -> bool {
    run::works(Command::new("mdbook").arg("--version"))
}

/// Builds the book under the target folder and checks its links.
///
/// # Errors
/// When mdBook fails or warns, or a link leads nowhere.
pub(crate) fn build() -> Result<(), Failure> {
    let target = workspace::target();
    let (source, made) = (target.join("book-source"), target.join("book"));
    copy(&files::all()?, &source)
        .map_err(|error| Failure::new(format!("the pages cannot be copied: {error}")))?;
    let mut mdbook = Command::new("mdbook");
    run::run(mdbook.arg("build").arg(&source).arg("--dest-dir").arg(&made))?;
    println!("    the book is in {}", made.display());
    let mut pages = HashMap::new();
    read(&made, &made, &mut pages)
        .map_err(|error| Failure::new(format!("the book cannot be read: {error}")))?;
    findings(&broken(&pages))
}

/// Copies what git knows of `docs/`.
fn copy(files: &[File], to: &Path) -> std::io::Result<()> {
    if to.exists() {
        std::fs::remove_dir_all(to)?;
    }
    for file in files {
        let Some(name) = file.path.strip_prefix("docs/") else {
            continue;
        };
        let copy = to.join(name);
        std::fs::create_dir_all(copy.parent().unwrap_or(to))?;
        if file.is_markdown() {
            std::fs::write(copy, outward(&file.text, name))?;
        } else {
            std::fs::copy(workspace::root().join(&file.path), copy)?;
        }
    }
    Ok(())
}

/// The text of a page with its links that leave the folder of the book changed.
fn outward(text: &str, name: &str) -> String {
    let depth = name.matches('/').count();
    text.replace(
        &format!("]({}", "../".repeat(depth + 1)),
        &format!("]({REPOSITORY}"),
    )
}

/// Reads the pages below a folder, by their path from `root`.
fn read(folder: &Path, root: &Path, pages: &mut HashMap<String, String>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path: PathBuf = entry?.path();
        if path.is_dir() {
            read(&path, root, pages)?;
        } else {
            let is_page = path.extension().is_some_and(|extension| extension == "html");
            let text = if is_page {
                std::fs::read_to_string(&path)?
            } else {
                String::new()
            };
            let name = path
                .strip_prefix(root)
                .unwrap_or(&path)
                .to_string_lossy()
                .replace('\\', "/");
            pages.insert(name, text);
        }
    }
    Ok(())
}

/// The links to pages of the book that are not there, or to places in them that are not.
fn broken(pages: &HashMap<String, String>) -> Vec<String> {
    let places: HashMap<&str, HashSet<&str>> = pages
        .iter()
        .map(|(name, text)| (name.as_str(), values(text, " id=\"").collect()))
        .collect();
    let mut found = Vec::new();
    for (name, text) in pages {
        // One page holds all others, for printing, and one is for addresses that are not there.
        if name == "print.html" || name == "404.html" {
            continue;
        }
        let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
        for link in values(text, " href=\"").chain(values(text, " src=\"")) {
            if link.contains(':') || link.starts_with("//") {
                continue;
            }
            let (path, place) = link.split_once('#').unwrap_or((link, ""));
            let path = if path.is_empty() {
                name.clone()
            } else {
                resolve(folder, path)
            };
            match places.get(path.as_str()) {
                None => found.push(format!("{name}: the link to {link} leads nowhere")),
                Some(known) if !place.is_empty() && !known.contains(place) => {
                    found.push(format!("{name}: {path} has no place #{place}"));
                }
                Some(_) => {}
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// What stands in quotes after each `key`.
fn values<'a>(text: &'a str, key: &'a str) -> impl Iterator<Item = &'a str> {
    text.match_indices(key).filter_map(move |(start, _)| {
        let rest = &text[start + key.len()..];
        rest.split_once('"').map(|(value, _)| value)
    })
}

fn resolve(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_that_leave_the_book_get_the_address_of_the_repository() {
        let text = "[a](../crates/x) [b](b.md)";
        assert_eq!(
            outward(text, "a.md"),
            format!("[a]({REPOSITORY}crates/x) [b](b.md)")
        );
        let text = "[a](../../crates/x) [b](../b.md)";
        assert_eq!(
            outward(text, "c/a.md"),
            format!("[a]({REPOSITORY}crates/x) [b](../b.md)")
        );
    }

    #[test]
    fn links_to_pages_and_places_that_are_not_there_are_found() {
        let page = r##"<a href="c/b.html#here"> <a href="c/b.html#there"> <a href="d.html"> <a href="#x"> <a href="https://x/">"##;
        let pages = HashMap::from([
            ("a.html".to_owned(), page.to_owned()),
            (
                "c/b.html".to_owned(),
                r#"<h1 id="here"><a href="../a.html">"#.to_owned(),
            ),
        ]);
        let found = broken(&pages);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(
            found[0].contains("#x") && found[1].contains("#there") && found[2].contains("d.html"),
            "{found:?}"
        );
    }
}
