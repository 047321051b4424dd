//! The crate graph: which of our crates may be built on which.
//!
//! Invariant: leaf crates know `core` alone, so that each can be used without the others. Only normal dependencies
//! count; tests may use what they like. The table lists what is allowed, not what is there.

use crate::workspace::Package;

const ALLOWED: &[(&str, &[&str])] = &[
    ("asyncio-core", &[]),
    ("asyncio-executor", &["asyncio-core"]),
    ("asyncio-timers", &["asyncio-core"]),
    ("asyncio-reactor", &["asyncio-core"]),
    ("asyncio-sync", &["asyncio-core"]),
    ("asyncio-queue", &["asyncio-core", "asyncio-sync"]),
    ("asyncio-tasks", &["asyncio-core", "asyncio-timers"]),
    (
        "asyncio-net",
        &[
            "asyncio-core",
            "asyncio-reactor",
            "asyncio-sync",
            "asyncio-timers",
            "asyncio-tasks",
        ],
    ),
    (
        "asyncio-process",
        &[
            "asyncio-core",
            "asyncio-reactor",
            "asyncio-timers",
            "asyncio-tasks",
            "asyncio-net",
        ],
    ),
    (
        "asyncio-testing",
        &["asyncio-core", "asyncio-timers", "asyncio-tasks", "asyncio-net"],
    ),
    (
        "asyncio-loop",
        &[
            "asyncio-core",
            "asyncio-executor",
            "asyncio-timers",
            "asyncio-reactor",
            "asyncio-tasks",
            "asyncio-net",
            "asyncio-process",
        ],
    ),
    (
        "asyncio-hyper",
        &[
            "asyncio-core",
            "asyncio-timers",
            "asyncio-reactor",
            "asyncio-sync",
            "asyncio-tasks",
            "asyncio-net",
        ],
    ),
    (
        "asyncio-tower",
        &["asyncio-core", "asyncio-timers", "asyncio-sync", "asyncio-tasks"],
    ),
    ("asyncio-macros", &[]),
    (
        "asyncio-tokio",
        &["asyncio-core", "asyncio-reactor", "asyncio-tasks", "asyncio-loop"],
    ),
    (
        "asyncio-rs",
        &[
            "asyncio-core",
            "asyncio-executor",
            "asyncio-timers",
            "asyncio-reactor",
            "asyncio-sync",
            "asyncio-queue",
            "asyncio-tasks",
            "asyncio-net",
            "asyncio-process",
            "asyncio-testing",
            "asyncio-loop",
            "asyncio-macros",
        ],
    ),
    ("asyncio-repl", &["asyncio-rs"]),
];

pub(super) fn findings(crates: &[Package]) -> Vec<String> {
    let mut found = Vec::new();
    for package in crates {
        let place = format!("{}/Cargo.toml", package.folder);
        let expected = match package.folder.as_str() {
            "crates/asyncio" => "asyncio-rs".to_owned(),
            folder => folder.replace("crates/", "asyncio-"),
        };
        if package.name != expected {
            found.push(format!(
                "{place}: the package in this folder is named {expected}, not {}",
                package.name
            ));
        }
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == package.name) else {
            found.push(format!(
                "{place}: {} has no place in the crate graph (xtask/src/tidy/graph.rs)",
                package.name
            ));
            continue;
        };
        for dependency in package.manifest.dependencies("dependencies") {
            if dependency.starts_with("asyncio-") && !allowed.contains(&dependency) {
                found.push(format!(
                    "{place}: {} may not be built on {dependency}",
                    package.name
                ));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Manifest;

    fn package(folder: &str, text: &str) -> Package {
        let manifest = Manifest::parse(text);
        let name = manifest.string("package", "name").unwrap().to_owned();
        Package {
            name,
            folder: folder.to_owned(),
            manifest,
        }
    }

    #[test]
    fn a_leaf_on_core_passes_and_its_tests_may_use_others() {
        let text = "[package]\nname = \"asyncio-timers\"\n[dependencies]\nasyncio-core.workspace = true\n\
                    [dev-dependencies]\nasyncio-reactor.workspace = true";
        assert!(findings(&[package("crates/timers", text)]).is_empty());
    }

    #[test]
    fn a_leaf_on_another_leaf_is_found_even_behind_a_platform() {
        let text = "[package]\nname = \"asyncio-timers\"\n[target.'cfg(unix)'.dependencies]\n\
                    asyncio-reactor = { workspace = true }";
        let found = findings(&[package("crates/timers", text)]);
        assert_eq!(
            found,
            ["crates/timers/Cargo.toml: asyncio-timers may not be built on asyncio-reactor"]
        );
    }

    #[test]
    fn a_crate_outside_the_table_and_a_wrong_name_are_found() {
        let found = findings(&[package("crates/extra", "[package]\nname = \"extras\"")]);
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn the_table_has_no_cycle() {
        let mut placed: Vec<&str> = Vec::new();
        while placed.len() < ALLOWED.len() {
            let before = placed.len();
            for (name, needs) in ALLOWED {
                if !placed.contains(name) && needs.iter().all(|need| placed.contains(need)) {
                    placed.push(name);
                }
            }
            assert!(placed.len() > before, "none of the rest can be built first");
        }
    }
}
