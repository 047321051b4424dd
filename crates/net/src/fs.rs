//! Files, off the loop: the blocking calls of [`std::fs`] on the loop's blocking pool.
//!
//! On an executor without such a pool each call has a thread of its own. Errors name the path; their kind is that of
//! the operating system's.
//!
//! # Cancel safety
//!
//! A call that is dropped before a thread has begun it is withdrawn. After that it happens although nobody waits for
//! it, and its result is dropped.
//!
//! # Examples
//!
//! ```
//! use asyncio_net::fs;
//! use futures_lite::{AsyncReadExt, AsyncWriteExt, StreamExt};
//!
//! # futures_lite::future::block_on(async {
//! let directory = std::env::temp_dir().join(format!("asyncio-fs-{}", std::process::id()));
//! fs::create_dir_all(&directory).await?;
//! let mut file = fs::File::create(directory.join("greeting")).await?;
//! file.write_all(b"hello\n").await?;
//! file.flush().await?;
//! assert_eq!(fs::read_to_string(directory.join("greeting")).await?, "hello\n");
//!
//! let mut entries = fs::read_dir(&directory).await?;
//! while let Some(entry) = entries.next().await {
//!     assert_eq!(entry?.file_name(), "greeting");
//! }
//! fs::remove_dir_all(&directory).await?;
//! # std::io::Result::Ok(())
//! # }).unwrap();
//! ```

mod file;
mod open_options;
mod read_dir;

use std::fs::{Metadata, Permissions};
use std::io;
use std::path::{Path, PathBuf};

pub use file::File;
pub use open_options::OpenOptions;
pub use read_dir::{DirEntry, ReadDir, read_dir};

use crate::error::named;
use crate::job;

/// Calls `call` with `path` on another thread; an error says that it could not `what` the path.
async fn on_path<T: Send + 'static>(
    what: &'static str,
    path: &Path,
    call: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let path = path.to_owned();
    job::start(move || call(&path).map_err(|error| named(format!("cannot {what} {}", path.display()), error)))
        .await?
}

/// As [`on_path`], with two of them.
async fn on_paths<T: Send + 'static>(
    what: &'static str,
    from: &Path,
    to: &Path,
    call: impl FnOnce(&Path, &Path) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let (from, to) = (from.to_owned(), to.to_owned());
    let name = move |from: &Path, to: &Path| format!("cannot {what} {} to {}", from.display(), to.display());
    job::start(move || call(&from, &to).map_err(|error| named(name(&from, &to), error))).await?
}

macro_rules! on_one_path {
    ($($(#[$doc:meta])* $name:ident -> $output:ty, $what:literal, $call:expr;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        ///
        /// The operating system's, with the path.
        ///
        /// # Cancel safety
        ///
        /// It may happen all the same; see the [module](self).
        pub async fn $name(path: impl AsRef<Path>) -> io::Result<$output> {
            on_path($what, path.as_ref(), $call).await
        }
    )*};
}

on_one_path! {
    /// The whole content of a file.
    read -> Vec<u8>, "read", |path| std::fs::read(path);
    /// The whole content of a file, which is to be UTF-8.
    read_to_string -> String, "read", |path| std::fs::read_to_string(path);
    /// What the system knows of a file; of the one that a symbolic link leads to.
    metadata -> Metadata, "look at", |path| std::fs::metadata(path);
    /// What the system knows of a file; of a symbolic link itself.
    symlink_metadata -> Metadata, "look at", |path| std::fs::symlink_metadata(path);
    /// Does it exist? An error when that cannot be found out.
    try_exists -> bool, "look for", Path::try_exists;
    /// The absolute path without symbolic links.
    canonicalize -> PathBuf, "find", |path| std::fs::canonicalize(path);
    /// Where a symbolic link leads.
    read_link -> PathBuf, "read the link", |path| std::fs::read_link(path);
    /// Makes a directory.
    create_dir -> (), "make the directory", |path| std::fs::create_dir(path);
    /// Makes a directory, and those above it that are missing.
    create_dir_all -> (), "make the directory", |path| std::fs::create_dir_all(path);
    /// Removes a file.
    remove_file -> (), "remove", |path| std::fs::remove_file(path);
    /// Removes an empty directory.
    remove_dir -> (), "remove the directory", |path| std::fs::remove_dir(path);
    /// Removes a directory with all that is in it. Dropped or failed half-way, some of it is gone.
    remove_dir_all -> (), "remove the directory", |path| std::fs::remove_dir_all(path);
}

macro_rules! on_two_paths {
    ($($(#[$doc:meta])* $name:ident -> $output:ty, $what:literal, $call:expr;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        ///
        /// The operating system's, with both paths.
        ///
        /// # Cancel safety
        ///
        /// It may happen all the same; see the [module](self).
        pub async fn $name(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<$output> {
            on_paths($what, from.as_ref(), to.as_ref(), $call).await
        }
    )*};
}

on_two_paths! {
    /// Gives a file another name; an older file of that name is replaced.
    rename -> (), "rename", |from, to| std::fs::rename(from, to);
    /// Copies a file with its permissions, and gives the number of bytes. Dropped half-way, it goes on.
    copy -> u64, "copy", |from, to| std::fs::copy(from, to);
    /// Gives a file a second name, `to`.
    hard_link -> (), "link", |from, to| std::fs::hard_link(from, to);
}

/// Makes a symbolic link `to`, which leads to `from`.
///
/// # Errors
///
/// The operating system's, with both paths.
///
/// # Cancel safety
///
/// It may happen all the same; see the [module](self).
#[cfg(unix)]
pub async fn symlink(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<()> {
    let link = |from: &Path, to: &Path| std::os::unix::fs::symlink(from, to);
    on_paths("link", from.as_ref(), to.as_ref(), link).await
}

/// Writes `content` to a file, which is made or emptied first.
///
/// # Errors
///
/// The operating system's, with the path; some of the content may have been written.
///
/// # Cancel safety
///
/// It may happen all the same; see the [module](self).
pub async fn write(path: impl AsRef<Path>, content: impl AsRef<[u8]>) -> io::Result<()> {
    let content = content.as_ref().to_vec();
    on_path("write", path.as_ref(), move |path| std::fs::write(path, content)).await
}

/// Sets the permissions of a file.
///
/// # Errors
///
/// The operating system's, with the path.
///
/// # Cancel safety
///
/// It may happen all the same; see the [module](self).
pub async fn set_permissions(path: impl AsRef<Path>, permissions: Permissions) -> io::Result<()> {
    let set = move |path: &Path| std::fs::set_permissions(path, permissions);
    on_path("set the permissions of", path.as_ref(), set).await
}
