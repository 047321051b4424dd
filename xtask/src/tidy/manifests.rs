//! Every manifest says what the registry shows and what the compiler must be.

use crate::workspace::Package;

/// Limits of the registry.
const MOST_KEYWORDS: usize = 5;
const LONGEST_KEYWORD: usize = 20;

pub(super) fn findings(packages: &[Package]) -> Vec<String> {
    packages.iter().flat_map(package).collect()
}

fn package(package: &Package) -> Vec<String> {
    let mut found = Vec::new();
    let mut say = |what: String| found.push(format!("{}/Cargo.toml: {what}", package.folder));
    for key in ["description", "license", "rust-version"] {
        if package.manifest.get("package", key).is_none() {
            say(format!("has no {key}"));
        }
    }
    if package.manifest.get("lints", "workspace") != Some("true") {
        say("does not take the lints of the workspace".to_owned());
    }
    for key in package.manifest.keys("dev-dependencies") {
        let value = package.manifest.get("dev-dependencies", key).unwrap_or_default();
        if package.is_published() && key.starts_with("asyncio-") && !value.contains("path = ") {
            say(format!(
                "packages would need each other in a circle by {key}: give the path of what only tests need, alone"
            ));
        }
    }
    if package.is_published() {
        let keywords = package.manifest.list("package", "keywords");
        if keywords.is_empty() {
            say("has no keywords".to_owned());
        }
        if keywords.len() > MOST_KEYWORDS || keywords.iter().any(|word| word.len() > LONGEST_KEYWORD) {
            say(format!(
                "at most {MOST_KEYWORDS} keywords of at most {LONGEST_KEYWORD} letters"
            ));
        }
        if package.manifest.get("package", "repository").is_none() {
            say("has no repository".to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Manifest;

    fn found(text: &str) -> Vec<String> {
        let manifest = Manifest::parse(text);
        findings(&[Package {
            name: "x".to_owned(),
            folder: "crates/x".to_owned(),
            manifest,
        }])
    }

    #[test]
    fn a_complete_manifest_passes() {
        let text = "[package]\ndescription = \"x\"\nkeywords = [\"async\"]\nlicense.workspace = true\n\
                    rust-version.workspace = true\nrepository.workspace = true\n[lints]\nworkspace = true";
        assert!(found(text).is_empty());
    }

    #[test]
    fn what_is_missing_is_found_and_what_is_not_published_needs_less() {
        assert_eq!(found("[package]").len(), 6);
        assert_eq!(found("[package]\npublish = false").len(), 4);
    }

    #[test]
    fn a_crate_of_ours_that_only_tests_need_is_named_by_its_path() {
        let found = |line: &str| found(&format!("[package]\n[dev-dependencies]\n{line}")).len();
        assert_eq!(found("asyncio-loop = { path = \"../loop\" }"), 6);
        assert_eq!(found("asyncio-loop.workspace = true"), 7);
        assert_eq!(
            found("asyncio-loop = { workspace = true, features = [\"net\"] }"),
            7
        );
    }

    #[test]
    fn too_many_keywords_are_found() {
        let text = "[package]\ndescription = \"x\"\nkeywords = [\"a\",\"b\",\"c\",\"d\",\"e\",\"f\"]\nlicense = \"MIT\"\n\
                    rust-version = \"1.85\"\nrepository = \"x\"\n[lints]\nworkspace = true";
        assert_eq!(found(text).len(), 1);
    }
}
