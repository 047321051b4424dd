//! Reads the part of TOML that our own manifests use: sections, `key = value`, arrays over several lines.
//!
//! Not a TOML parser: it leaves values as text, and understands strings, lists of strings and inline tables only as
//! far as the questions below need. Multi-line strings do not occur in our manifests.

/// A manifest as a list of (section, key, value) in the order of the file.
#[derive(Debug, Default)]
pub(crate) struct Manifest {
    entries: Vec<(String, String, String)>,
}

impl Manifest {
    pub(crate) fn parse(text: &str) -> Manifest {
        let mut manifest = Manifest::default();
        let mut section = String::new();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let line = without_comment(line);
            if let Some(header) = line.strip_prefix('[') {
                section = header.trim_matches(|c| c == '[' || c == ']').to_owned();
            } else if let Some((key, value)) = line.split_once('=') {
                let mut value = value.trim().to_owned();
                while value.starts_with('[') && !value.ends_with(']') {
                    let Some(more) = lines.next() else { break };
                    value.push_str(without_comment(more));
                }
                manifest
                    .entries
                    .push((section.clone(), key.trim().trim_matches('"').to_owned(), value));
            }
        }
        manifest
    }

    /// The value of a key, as it stands; `key.workspace = true` counts as the key `key`.
    pub(crate) fn get(&self, section: &str, key: &str) -> Option<&str> {
        let inherited = format!("{key}.workspace");
        let found = self
            .entries
            .iter()
            .find(|(s, k, _)| s == section && (k == key || *k == inherited));
        found.map(|(_, _, value)| value.as_str())
    }

    /// The value of a key whose value is a string.
    pub(crate) fn string(&self, section: &str, key: &str) -> Option<&str> {
        Some(self.get(section, key)?.trim_matches('"'))
    }

    /// The strings of a key whose value is a list.
    pub(crate) fn list(&self, section: &str, key: &str) -> Vec<String> {
        self.get(section, key).map(strings).unwrap_or_default()
    }

    /// The keys of a section.
    pub(crate) fn keys<'a>(&'a self, section: &'a str) -> impl Iterator<Item = &'a str> {
        self.entries
            .iter()
            .filter(move |(s, ..)| s == section)
            .map(|(_, key, _)| key.as_str())
    }

    /// Names of the dependencies in all sections whose name ends in `kind` (`dependencies`, `dev-dependencies`), those
    /// of platforms included.
    pub(crate) fn dependencies(&self, kind: &str) -> Vec<&str> {
        let platform = format!(".{kind}");
        let mut names: Vec<&str> = Vec::new();
        for (section, key, _) in &self.entries {
            if section == kind || (section.starts_with("target.") && section.ends_with(&platform)) {
                names.push(key.split('.').next().unwrap_or(key));
            } else if let Some(table) = section.strip_prefix(&format!("{kind}.")) {
                names.push(table);
            }
        }
        names.dedup();
        names
    }

    /// Whether the crate has loom tests: it says so by depending on loom under the cfg of the loom run.
    pub(crate) fn declares_loom(&self) -> bool {
        self.keys("target.'cfg(asyncio_loom)'.dependencies")
            .any(|key| key.split('.').next() == Some("loom"))
    }
}

/// The quoted strings in a value.
pub(crate) fn strings(value: &str) -> Vec<String> {
    value.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    for (at, character) in line.char_indices() {
        match character {
            '"' => quoted = !quoted,
            '#' if !quoted => return line[..at].trim(),
            _ => {}
        }
    }
    line.trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = r##"
[package]
name = "sample"   # a comment
description = "has a # in it"
license.workspace = true
keywords = [
    "one", # first
    "two",
]

[dependencies]
asyncio-core.workspace = true
socket2 = { version = "1", features = ["all"] }

[target.'cfg(unix)'.dependencies]
libc = "0.2"

[target.'cfg(asyncio_loom)'.dependencies]
loom.workspace = true

[dev-dependencies]
tokio = "1"
"##;

    #[test]
    fn keys_lists_and_inherited_values_are_read() {
        let manifest = Manifest::parse(SAMPLE);
        assert_eq!(manifest.string("package", "name"), Some("sample"));
        assert_eq!(manifest.string("package", "description"), Some("has a # in it"));
        assert_eq!(manifest.get("package", "license"), Some("true"));
        assert_eq!(manifest.get("package", "rust-version"), None);
        assert_eq!(manifest.list("package", "keywords"), ["one", "two"]);
    }

    #[test]
    fn dependencies_of_platforms_count_and_those_of_tests_do_not() {
        let manifest = Manifest::parse(SAMPLE);
        assert_eq!(
            manifest.dependencies("dependencies"),
            ["asyncio-core", "socket2", "libc", "loom"]
        );
        assert_eq!(manifest.dependencies("dev-dependencies"), ["tokio"]);
        assert!(manifest.declares_loom());
        assert!(!Manifest::parse("[dev-dependencies]\nloom = \"1\"").declares_loom());
    }
}
