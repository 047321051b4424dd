//! The library of the session: the two small crates that inputs depend on, written into the cache, and what was compiled of
//! them.
//!
//! Compiling the facade takes the better part of a minute, so it is done once: what the first session compiled is kept in
//! the cache, and each later one links those files into its own folder before it begins. Whether they are still good is
//! for cargo to say, which compares the sources and the compiler with what they were made from.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

use super::place::{self, Facade};

const SESSION: &str = include_str!("../../session/session.rs");
const TOKIO: &str = include_str!("../../session/tokio.rs");

/// How cargo compiles what inputs depend on: once, and optimized. The library of the session is so only as far as rustc still
/// lets inputs use the generic code that was compiled there.
const PROFILES: &str = "\
[profile.dev.package.\"*\"]
opt-level = 2
codegen-units = 16
incremental = false

[profile.dev.package.asyncio-session]
opt-level = 1
";

/// How cargo compiles the inputs, beside what evcxr tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inputs {
    /// All anew. That is the quicker way while little has been defined.
    Whole,
    /// What did not change since the last input is taken from it.
    Incremental,
}

impl Inputs {
    /// From this length on, in bytes, what has been defined takes longer to compile than to look up.
    const MUCH: u64 = 8 << 10;

    /// For the code of which `length` bytes were compiled last.
    pub(super) fn for_length(length: u64) -> Inputs {
        if length < Inputs::MUCH {
            Inputs::Whole
        } else {
            Inputs::Incremental
        }
    }

    fn profile(self) -> String {
        // An input is small: to divide it costs more than it brings.
        format!(
            "[profile.dev]\ncodegen-units = 1\nincremental = {}\n",
            self == Inputs::Incremental
        )
    }
}

/// The folder of what goes with one version of this program and one facade.
#[derive(Debug, Clone)]
pub(super) struct Library {
    folder: PathBuf,
    facade: Facade,
}

impl Library {
    /// Writes the two crates, unless they are there.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub(super) fn prepare(facade: Facade, cache: &Path) -> io::Result<Library> {
        let mut hasher = DefaultHasher::new();
        (&facade.dependency(), SESSION, TOKIO, PROFILES).hash(&mut hasher);
        let name = format!("{}-{:016x}", env!("CARGO_PKG_VERSION"), hasher.finish());
        let library = Library {
            folder: cache.join(name),
            facade,
        };
        library.write_crate(
            "session",
            &format!(
                "[lib]\ncrate-type = [\"dylib\"]\n\n[dependencies]\nfacade = {}\n",
                library.facade.dependency()
            ),
            SESSION,
        )?;
        let session = place::quoted(&library.folder.join("session"));
        library.write_crate(
            "tokio",
            &format!("[dependencies]\nasyncio = {{ package = \"asyncio-session\", path = {session} }}\n"),
            TOKIO,
        )?;
        Ok(library)
    }

    fn write_crate(&self, name: &str, rest: &str, source: &str) -> io::Result<()> {
        let package = if name == "session" {
            "asyncio-session"
        } else {
            "asyncio-session-tokio"
        };
        let manifest = format!(
            "[package]\nname = \"{package}\"\nversion = \"{}\"\nedition = \"2024\"\n\n[workspace]\n\n{rest}",
            env!("CARGO_PKG_VERSION")
        );
        let folder = self.folder.join(name);
        fs::create_dir_all(folder.join("src"))?;
        write_if_other(&folder.join("Cargo.toml"), &manifest)?;
        write_if_other(&folder.join("src/lib.rs"), source)
    }

    /// Tells cargo how to compile in all folders below `scratch`.
    ///
    /// # Errors
    /// When that cannot be written.
    pub(super) fn write_profiles(scratch: &Path, inputs: Inputs) -> io::Result<()> {
        let folder = scratch.join(".cargo");
        fs::create_dir_all(&folder)?;
        fs::write(
            folder.join("config.toml"),
            format!("{}\n{PROFILES}", inputs.profile()),
        )
    }

    /// The commands that make inputs depend on the two crates.
    pub(super) fn dependencies(&self) -> String {
        let path = |name: &str| place::quoted(&self.folder.join(name));
        format!(
            ":dep asyncio = {{ package = \"asyncio-session\", path = {} }}\n\
             :dep tokio = {{ package = \"asyncio-session-tokio\", path = {} }}\n",
            path("session"),
            path("tokio")
        )
    }

    /// Has a session compiled it before?
    pub(super) fn is_compiled(&self) -> bool {
        self.target().is_dir()
    }

    fn target(&self) -> PathBuf {
        self.folder.join("target")
    }

    fn lock_file(&self) -> PathBuf {
        self.folder.join("Cargo.lock")
    }

    /// Puts what was compiled, and the versions that it was compiled with, into the folder of a session.
    ///
    /// # Errors
    /// When a file cannot be linked nor copied.
    pub(super) fn give_to(&self, session: &Path) -> io::Result<()> {
        let lock = if self.is_compiled() {
            Some(self.lock_file())
        } else {
            self.facade.lock_file()
        };
        if let Some(lock) = lock.filter(|lock| lock.is_file()) {
            fs::copy(lock, session.join("Cargo.lock"))?;
        }
        if self.is_compiled() {
            link_tree(&self.target(), &session.join("target"))?;
        }
        Ok(())
    }

    /// Keeps what a session compiled, if it had to compile the library.
    ///
    /// # Errors
    /// When a file cannot be linked nor copied.
    pub(super) fn keep_from(&self, session: &Path) -> io::Result<()> {
        let compiled = session.join("target");
        if self.is_compiled() && same_files(&self.target(), &compiled) {
            return Ok(());
        }
        // Beside it first: another session may read what is there now.
        let new = self.folder.join(format!("target-{}", std::process::id()));
        let _ = fs::remove_dir_all(&new);
        link_tree(&compiled, &new)?;
        fs::copy(session.join("Cargo.lock"), self.lock_file())?;
        let old = self.folder.join(format!("old-{}", std::process::id()));
        let _ = fs::rename(self.target(), &old);
        let renamed = fs::rename(&new, self.target());
        let _ = fs::remove_dir_all(&old);
        renamed
    }
}

fn write_if_other(path: &Path, text: &str) -> io::Result<()> {
    // The time of a file that is rewritten would tell cargo that it has changed.
    if fs::read_to_string(path).is_ok_and(|there| there == text) {
        return Ok(());
    }
    fs::write(path, text)
}

/// What belongs to an input, and to no library.
fn of_an_input(name: &str) -> bool {
    ["ctx", "libctx", "code_", "libcode_", "evcxr_dummy"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
        || ["incremental", ".cargo-lock", ".rustc_info.json"].contains(&name)
}

/// Links all files of a tree to another, and copies those that cannot be linked. What is there stays.
fn link_tree(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if of_an_input(&entry.file_name().to_string_lossy()) {
            continue;
        }
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            link_tree(&source, &target)?;
        } else if !target.exists() && fs::hard_link(&source, &target).is_err() {
            fs::copy(&source, &target)?;
            let time = entry.metadata()?.modified()?;
            fs::File::options()
                .append(true)
                .open(&target)?
                .set_modified(time)?;
        }
    }
    Ok(())
}

/// Whether the dynamic libraries of the first tree are in the second, as they are.
fn same_files(one: &Path, other: &Path) -> bool {
    let Ok(entries) = fs::read_dir(one) else {
        return false;
    };
    entries.flatten().all(|entry| {
        let path = entry.path();
        let there = other.join(entry.file_name());
        if path.is_dir() {
            return same_files(&path, &there);
        }
        let time = |path: &Path| fs::metadata(path).and_then(|data| data.modified()).ok();
        path.extension()
            .is_none_or(|kind| kind != "so" && kind != "dylib" && kind != "dll")
            || time(&path) == time(&there)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_session_compiled_is_there_for_the_next() {
        let cache = tempfile::tempdir().unwrap();
        let library = Library::prepare(Facade::Registry, cache.path()).unwrap();
        assert!(!library.is_compiled());
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(first.path().join("Cargo.lock"), "version = 4").unwrap();
        let deps = first.path().join("target/debug/deps");
        fs::create_dir_all(&deps).unwrap();
        fs::write(deps.join("libasyncio_session.so"), "code").unwrap();
        fs::write(deps.join("libctx.so"), "an input").unwrap();

        library.keep_from(first.path()).unwrap();
        assert!(library.is_compiled());
        library.give_to(second.path()).unwrap();
        let deps = second.path().join("target/debug/deps");
        assert_eq!(
            fs::read_to_string(deps.join("libasyncio_session.so")).unwrap(),
            "code"
        );
        assert!(!deps.join("libctx.so").exists());
        assert!(second.path().join("Cargo.lock").exists());
    }

    #[test]
    fn inputs_are_compiled_incrementally_once_much_is_defined() {
        let scratch = tempfile::tempdir().unwrap();
        let written = |length: u64| {
            Library::write_profiles(scratch.path(), Inputs::for_length(length)).unwrap();
            fs::read_to_string(scratch.path().join(".cargo/config.toml")).unwrap()
        };
        assert!(written(4_000).contains("codegen-units = 1\nincremental = false\n"));
        assert!(written(40_000).contains("codegen-units = 1\nincremental = true\n"));
    }

    #[test]
    fn crates_that_are_there_keep_their_time() {
        let cache = tempfile::tempdir().unwrap();
        let time = |library: &Library| {
            fs::metadata(library.folder.join("session/src/lib.rs"))
                .unwrap()
                .modified()
                .unwrap()
        };
        let first = time(&Library::prepare(Facade::Registry, cache.path()).unwrap());
        assert_eq!(
            time(&Library::prepare(Facade::Registry, cache.path()).unwrap()),
            first
        );
    }
}
