//! Where things are: the cache, the history, and the facade that inputs are compiled against.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Where the package `asyncio-rs` comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Facade {
    /// A folder with the package's manifest.
    Folder(PathBuf),
    /// The registry, at this program's own version.
    Registry,
}

/// The checkout that `ASYNCIO_REPL_PATH` names; else the one that this program was built in, while it is there; else the
/// registry.
///
/// # Errors
/// When the variable names a folder without the package.
pub(super) fn facade() -> Result<Facade, String> {
    if let Some(given) = variable("ASYNCIO_REPL_PATH") {
        let given = PathBuf::from(given);
        let absolute = std::path::absolute(&given).unwrap_or(given);
        return [absolute.join("crates/asyncio"), absolute.clone()]
            .into_iter()
            .find(|folder| has_facade(folder))
            .map(Facade::Folder)
            .ok_or_else(|| format!("ASYNCIO_REPL_PATH={}: no asyncio-rs there", absolute.display()));
    }
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let beside = own.with_file_name("asyncio");
    Ok(if has_facade(&beside) {
        Facade::Folder(beside)
    } else {
        Facade::Registry
    })
}

fn has_facade(folder: &Path) -> bool {
    std::fs::read_to_string(folder.join("Cargo.toml")).is_ok_and(|manifest| {
        manifest
            .lines()
            .any(|line| line.trim() == "name = \"asyncio-rs\"")
    })
}

impl Facade {
    /// As a dependency in a manifest.
    pub(super) fn dependency(&self) -> String {
        match self {
            Facade::Folder(folder) => {
                format!("{{ package = \"asyncio-rs\", path = {} }}", quoted(folder))
            }
            Facade::Registry => {
                format!(
                    "{{ package = \"asyncio-rs\", version = \"={}\" }}",
                    env!("CARGO_PKG_VERSION")
                )
            }
        }
    }

    /// The lock file that goes with it, so that inputs are compiled against what it was tested with.
    pub(super) fn lock_file(&self) -> Option<PathBuf> {
        let Facade::Folder(folder) = self else { return None };
        let lock = folder.parent()?.parent()?.join("Cargo.lock");
        lock.is_file().then_some(lock)
    }
}

/// A path as a string of a manifest.
pub(super) fn quoted(path: &Path) -> String {
    format!("{:?}", path.display().to_string())
}

/// What is kept from one session to the next, and may be thrown away.
pub(super) fn cache() -> PathBuf {
    first(&["ASYNCIO_REPL_CACHE"])
        .or_else(|| first(&["XDG_CACHE_HOME", "LOCALAPPDATA"]).map(|base| base.join("asyncio-repl")))
        .or_else(|| first(&["HOME"]).map(|home| home.join(".cache/asyncio-repl")))
        .unwrap_or_else(|| env::temp_dir().join("asyncio-repl"))
}

/// The file of past inputs.
pub(super) fn history() -> Option<PathBuf> {
    first(&["ASYNCIO_REPL_HISTORY"])
        .or_else(|| first(&["XDG_STATE_HOME", "LOCALAPPDATA"]).map(|base| base.join("asyncio/history")))
        .or_else(|| first(&["HOME"]).map(|home| home.join(".local/state/asyncio/history")))
}

/// The first of the variables that is set.
fn first(names: &[&str]) -> Option<PathBuf> {
    names.iter().find_map(|name| variable(name)).map(PathBuf::from)
}

/// A variable that is set to nothing counts as not set.
pub(super) fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checkout_beside_this_crate_is_found() {
        assert!(has_facade(
            &Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("asyncio")
        ));
        assert!(!has_facade(Path::new(env!("CARGO_MANIFEST_DIR"))));
    }

    #[test]
    fn the_registry_is_asked_for_this_version_and_no_other() {
        let wanted = format!("version = \"={}\"", env!("CARGO_PKG_VERSION"));
        assert!(Facade::Registry.dependency().contains(&wanted));
        assert_eq!(Facade::Registry.lock_file(), None);
    }
}
