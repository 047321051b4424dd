//! How a server on a Unix socket begins, and the socket's file.
//!
//! Invariant: the file goes when the server stops to accept, and only if it is still the one that the server made: the number
//! of the inode tells. Somebody who took over the path meanwhile keeps it, as in CPython.

use std::fmt;
use std::fs::{self, Permissions};
use std::future::{Future, IntoFuture};
use std::io;
use std::num::NonZeroUsize;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::panic::Location;
use std::path::{Path, PathBuf};

use super::start::{Launch, Starting, begin, local, parallel};
use super::welcome::Welcome;
use super::{HandlerOutput, Server, Shared};
use crate::{StreamReader, StreamWriter, UnixListener};

/// As [`start_server`](crate::start_server), on a Unix socket. A socket that an earlier server left at `path` is replaced. Unix only.
///
/// # Errors
///
/// The operating system's, with the path.
///
/// # Panics
///
/// When awaited where no loop runs.
///
/// # Python
///
/// `asyncio.start_unix_server`.
#[track_caller]
pub fn start_unix_server<H, T>(handler: H, path: impl AsRef<Path>) -> StartUnixServer
where
    H: AsyncFn(StreamReader, StreamWriter) -> T + 'static,
    T: HandlerOutput + 'static,
{
    StartUnixServer::new(path.as_ref(), local(handler))
}

/// As [`start_unix_server`], with the handlers on the loop's pool of workers. Unix only.
///
/// # Errors
///
/// As [`start_unix_server`].
///
/// # Panics
///
/// As [`start_unix_server`].
#[track_caller]
pub fn start_unix_server_parallel<H, F>(handler: H, path: impl AsRef<Path>) -> StartUnixServer
where
    H: Fn(StreamReader, StreamWriter) -> F + Send + Sync + 'static,
    F: Future<Output: HandlerOutput> + Send + 'static,
{
    StartUnixServer::new(path.as_ref(), parallel(handler))
}

/// A server to be started; from [`start_unix_server`]. Awaiting it binds, and begins to accept.
#[must_use = "starts when it is awaited"]
pub struct StartUnixServer {
    path: PathBuf,
    pub(crate) welcome: Welcome,
    mode: Option<u32>,
    cleanup_socket: bool,
    sockets: Vec<UnixListener>,
    start_serving: bool,
    location: &'static Location<'static>,
    launch: Launch<UnixListener>,
}

impl StartUnixServer {
    #[track_caller]
    pub(super) fn new(path: &Path, launch: Launch<UnixListener>) -> StartUnixServer {
        StartUnixServer {
            path: path.to_owned(),
            welcome: Welcome::default(),
            location: Location::caller(),
            mode: None,
            cleanup_socket: true,
            sockets: Vec::new(),
            start_serving: true,
            launch,
        }
    }

    /// The limit of the readers, in bytes; see [`StreamReader::limit`].
    pub fn limit(mut self, limit: NonZeroUsize) -> Self {
        self.welcome.limit = limit.get();
        self
    }

    /// The permissions of the socket's file, as `0o600`; those of the process at first.
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Whether the socket's file is removed when the server stops to accept; yes at first, as in Python.
    pub fn cleanup_socket(mut self, remove: bool) -> Self {
        self.cleanup_socket = remove;
        self
    }

    /// Listens on this socket instead of the path; can be called for several.
    pub fn sock(mut self, listener: UnixListener) -> Self {
        self.sockets.push(listener);
        self
    }

    /// Whether to accept at once; otherwise [`Server::start_serving`] or `serve_forever` begins.
    pub fn start_serving(mut self, at_once: bool) -> Self {
        self.start_serving = at_once;
        self
    }

    fn start(self) -> io::Result<Server> {
        self.welcome.check()?;
        let mut listeners = self.sockets;
        if listeners.is_empty() {
            listeners.push(bind(&self.path, self.mode)?);
        }
        let shared = Shared::new(Vec::new(), self.location);
        if self.cleanup_socket {
            *shared.files() = listeners.iter().filter_map(SocketFile::of).collect();
        }
        let acceptor = (self.launch)(shared.clone(), listeners, self.welcome);
        Ok(begin(shared, acceptor, self.start_serving))
    }
}

impl IntoFuture for StartUnixServer {
    type Output = io::Result<Server>;
    type IntoFuture = Starting;

    fn into_future(self) -> Starting {
        Box::pin(async move { self.start() })
    }
}

impl fmt::Debug for StartUnixServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartUnixServer")
            .field("path", &self.path)
            .field("welcome", &self.welcome)
            .finish_non_exhaustive()
    }
}

/// Binds, in place of a socket that somebody left there.
fn bind(path: &Path, mode: Option<u32>) -> io::Result<UnixListener> {
    let left = fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    if left {
        fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    if let Some(mode) = mode {
        fs::set_permissions(path, Permissions::from_mode(mode))?;
    }
    Ok(listener)
}

/// The file of a listening socket; dropping it removes the file if it is still the same.
pub(super) struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl SocketFile {
    /// The file to which `listener` is bound; a socket with an abstract name has none.
    fn of(listener: &UnixListener) -> Option<SocketFile> {
        let path = listener.local_addr().ok()?.as_pathname()?.to_owned();
        // The program may change its directory.
        let path = std::path::absolute(path).ok()?;
        let file = fs::symlink_metadata(&path).ok()?;
        Some(SocketFile {
            path,
            device: file.dev(),
            inode: file.ino(),
        })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let same = fs::symlink_metadata(&self.path)
            .is_ok_and(|file| (file.dev(), file.ino()) == (self.device, self.inode));
        if same {
            // Nobody is there who could do something about it; the next server replaces it.
            let _ = fs::remove_file(&self.path);
        }
    }
}
