//! Where the socket of a process lies.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::sys;

/// Where the introspection socket of the process `pid` may lie, if this user runs it; the first is the usual place.
///
/// That is the folder `asyncio-rs` of `$XDG_RUNTIME_DIR`, or where there is none `asyncio-rs-UID` in the folder for
/// temporary files.
pub fn introspect_paths(pid: u32) -> Vec<PathBuf> {
    let name = format!("{pid}.sock");
    let mut folders: Vec<PathBuf> = folders().collect();
    folders.dedup();
    folders.into_iter().map(|folder| folder.join(&name)).collect()
}

fn folders() -> impl Iterator<Item = PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let runtime = runtime.filter(|folder| folder.is_absolute() && folder.is_dir());
    let temporary = format!("asyncio-rs-{}", sys::own_user());
    let usual = std::env::temp_dir().join(&temporary);
    runtime
        .map(|folder| folder.join("asyncio-rs"))
        .into_iter()
        .chain([usual, Path::new("/tmp").join(temporary)])
}

/// Where this process is to listen: the folder is made if need be, and is this user's alone.
pub(super) fn prepare() -> io::Result<PathBuf> {
    let mut error = io::Error::from(io::ErrorKind::NotFound);
    for folder in folders() {
        match make_private(&folder) {
            Ok(()) => return Ok(folder.join(format!("{}.sock", std::process::id()))),
            Err(failed) => error = failed,
        }
    }
    Err(error)
}

fn make_private(folder: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    // Not followed: in a folder that all may write to, a link could lead anywhere.
    let found = fs::symlink_metadata(folder)?;
    if found.is_dir() && found.uid() == sys::own_user() && found.mode() & 0o077 == 0 {
        return Ok(());
    }
    let message = format!("{} is not a folder of this user alone", folder.display());
    Err(io::Error::new(io::ErrorKind::PermissionDenied, message))
}
