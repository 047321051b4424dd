//! The folder of a session: all that it writes and does not keep, also what evcxr compiles.
//!
//! It is gone when the session ends. One that was killed leaves its folder behind, and a later session sweeps it.
//! Invariant: who holds the lock of the file in a folder owns the folder. The system lets go of the lock when the process
//! is gone, so that a folder whose lock can be had belongs to nobody. (The number of a process says less: it is given
//! away again, and another container's processes have numbers of their own.)

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

const PREFIX: &str = "asyncio-repl-";
const LOCK: &str = "lock";
/// A folder without a lock may be one that is just made.
const YOUNG: Duration = Duration::from_secs(24 * 60 * 60);
/// A folder that is just made may be swept before it is locked.
const ATTEMPTS: usize = 5;

/// A folder that is removed when it is dropped.
#[derive(Debug)]
pub(super) struct Scratch {
    folder: TempDir,
    _lock: File,
}

impl Scratch {
    /// Makes it. From then on this process makes its temporary files in it.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(super) fn make() -> io::Result<Scratch> {
        let scratch = Scratch::make_in(&std::env::temp_dir())?;
        // evcxr does not say where it makes its own. A second session of this process would use the first one's.
        let _ = tempfile::env::override_temp_dir(scratch.path());
        Ok(scratch)
    }

    fn make_in(parent: &Path) -> io::Result<Scratch> {
        let mut last = io::Error::other("another session swept it");
        for _ in 0..ATTEMPTS {
            let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent)?;
            match lock(&folder.path().join(LOCK), true) {
                Ok(Some(lock)) => return Ok(Scratch { folder, _lock: lock }),
                Ok(None) => {}
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Removes what can be removed now, for a process that ends while something still writes there.
    pub(super) fn remove(&self) {
        let _ = fs::remove_dir_all(self.path());
    }
}

/// Removes the folders of sessions that are no more.
pub(super) fn sweep() {
    sweep_in(&std::env::temp_dir(), YOUNG);
}

fn sweep_in(parent: &Path, young: Duration) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let named = entry.file_name().to_string_lossy().starts_with(PREFIX);
        // A symbolic link is no folder here.
        if !named || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let folder = entry.path();
        match lock(&folder.join(LOCK), false) {
            Ok(Some(_lock)) => drop(fs::remove_dir_all(&folder)),
            Ok(None) => {}
            Err(error) => {
                let old = entry
                    .metadata()
                    .and_then(|data| data.modified())
                    .is_ok_and(|time| time.elapsed().is_ok_and(|age| age >= young));
                if error.kind() == io::ErrorKind::NotFound && old {
                    let _ = fs::remove_dir_all(&folder);
                }
            }
        }
    }
}

/// The lock of a folder; none if somebody has it.
fn lock(path: &Path, new: bool) -> io::Result<Option<File>> {
    let file = File::options().write(true).create_new(new).open(path)?;
    match file.try_lock() {
        // It may have been removed in between.
        Ok(()) if path.exists() => Ok(Some(file)),
        Ok(()) | Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(parent: &Path) -> usize {
        fs::read_dir(parent).unwrap().count()
    }

    #[test]
    fn a_folder_is_gone_with_its_session() {
        let parent = tempfile::tempdir().unwrap();
        let scratch = Scratch::make_in(parent.path()).unwrap();
        fs::write(scratch.path().join("file"), "text").unwrap();
        assert_eq!(folders(parent.path()), 1);
        drop(scratch);
        assert_eq!(folders(parent.path()), 0);
    }

    #[test]
    fn the_dead_are_swept_and_the_living_stay() {
        let parent = tempfile::tempdir().unwrap();
        let living = Scratch::make_in(parent.path()).unwrap();
        // As a process that was killed leaves it: the lock is let go, the folder stays.
        let Scratch { folder, _lock } = Scratch::make_in(parent.path()).unwrap();
        let dead = folder.keep();
        drop(_lock);
        fs::create_dir(dead.join("target")).unwrap();
        let foreign = parent.path().join("asyncio-other");
        fs::create_dir(&foreign).unwrap();

        sweep_in(parent.path(), YOUNG);
        assert!(!dead.exists());
        assert!(living.path().join(LOCK).exists());
        assert!(foreign.exists());
    }

    #[test]
    fn a_folder_without_a_lock_is_swept_when_it_is_old() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("asyncio-repl-made");
        fs::create_dir(&folder).unwrap();
        sweep_in(parent.path(), YOUNG);
        assert!(folder.exists());
        sweep_in(parent.path(), Duration::ZERO);
        assert!(!folder.exists());
    }
}
