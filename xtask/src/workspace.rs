//! The workspace: its root and its crates with their manifests.

use std::path::{Path, PathBuf};

use crate::manifest::Manifest;
use crate::report::Failure;

/// A package of the workspace.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) name: String,
    /// Folder from the root, with `/`: `crates/core`.
    pub(crate) folder: String,
    pub(crate) manifest: Manifest,
}

impl Package {
    /// Whether it goes to the registry.
    pub(crate) fn is_published(&self) -> bool {
        self.manifest.get("package", "publish") != Some("false")
    }

    pub(crate) fn is_macro(&self) -> bool {
        self.manifest.get("lib", "proc-macro") == Some("true")
    }
}

/// No default members, for they need more packages than what most people who test here are at; but CI looks at all of them.
pub(crate) const BROAD: &[&str] = &["asyncio-hyper"];

/// The heavy one among the members that are no default members: with its default features it compiles rust-analyzer. Plain CI looks at what
/// is left of it without them, full CI at all of it.
pub(crate) const HEAVY: &str = "asyncio-repl";

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_owned()
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |folder| root().join(folder))
}

/// The crates under `crates/`, in the order of their names.
///
/// # Errors
/// When a manifest cannot be read.
pub(crate) fn crates() -> Result<Vec<Package>, Failure> {
    let folder = root().join("crates");
    let entries = std::fs::read_dir(&folder).map_err(|error| unreadable(&folder, &error))?;
    let mut names: Vec<String> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.path().join("Cargo.toml").is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
        .iter()
        .map(|name| package(&format!("crates/{name}")))
        .collect()
}

/// All packages that `--workspace` means.
///
/// # Errors
/// As [`crates`].
pub(crate) fn packages() -> Result<Vec<Package>, Failure> {
    let mut packages = crates()?;
    for folder in ["tests", "xtask"] {
        packages.push(package(folder)?);
    }
    Ok(packages)
}

/// The folders of the workspaces that are not part of this one, as far as they exist.
///
/// # Errors
/// As [`crates`].
pub(crate) fn others() -> Result<Vec<String>, Failure> {
    let mut folders = manifest()?.list("workspace", "exclude");
    folders.retain(|folder| root().join(folder).join("Cargo.toml").is_file());
    Ok(folders)
}

/// The root manifest.
///
/// # Errors
/// As [`crates`].
pub(crate) fn manifest() -> Result<Manifest, Failure> {
    Ok(Manifest::parse(&read(&root().join("Cargo.toml"))?))
}

pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))
}

fn package(folder: &str) -> Result<Package, Failure> {
    let manifest = Manifest::parse(&read(&root().join(folder).join("Cargo.toml"))?);
    let name = manifest.string("package", "name").unwrap_or_default().to_owned();
    Ok(Package {
        name,
        folder: folder.to_owned(),
        manifest,
    })
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("{} could not be read: {error}", path.display()))
}
