//! Paths as addresses of Unix sockets, abstract names included.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::SocketAddr;
use std::path::Path;

use crate::error::named;

/// The address that `path` stands for. On Linux a path that begins with a zero byte is an abstract name, as in Python.
pub(crate) fn address(path: &Path) -> io::Result<SocketAddr> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Some((0, name)) = path.as_os_str().as_bytes().split_first() {
        #[cfg(target_os = "android")]
        use std::os::android::net::SocketAddrExt;
        #[cfg(target_os = "linux")]
        use std::os::linux::net::SocketAddrExt;
        return SocketAddr::from_abstract_name(name);
    }
    SocketAddr::from_pathname(path)
}

/// Calls `attempt` with the address; an error names the path.
pub(crate) fn with_address<T>(
    what: &str,
    path: &Path,
    attempt: impl FnOnce(&SocketAddr) -> io::Result<T>,
) -> io::Result<T> {
    address(path)
        .and_then(|address| attempt(&address))
        .map_err(|error| about(what, path, error))
}

/// `error`, with `what` and the path in front.
pub(crate) fn about(what: &str, path: &Path, error: io::Error) -> io::Error {
    named(format!("{what} {path:?}"), error)
}
