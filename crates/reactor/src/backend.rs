//! `Backend`: which interface of the operating system a reactor waits on.

use std::ffi::OsStr;
use std::io;

const VARIABLE: &str = "ASYNCIO_REACTOR";

/// Which interface of the operating system a reactor waits on.
///
/// # Examples
///
/// ```
/// use asyncio_reactor::{Backend, Reactor};
///
/// # fn main() -> std::io::Result<()> {
/// let reactor = Reactor::builder().backend(Backend::Polling).build()?;
/// assert_eq!(reactor.backend(), Backend::Polling);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Backend {
    /// What the environment variable `ASYNCIO_REACTOR` names (`epoll`, `polling`, `polling-oneshot`), otherwise the
    /// best one that the system has.
    #[default]
    Auto,
    /// Our own epoll, on Linux.
    Epoll,
    /// The `polling` crate: epoll, kqueue, event ports, poll or IOCP.
    Polling,
    /// The `polling` crate, used as on systems that do not report changes but states: slower, and meant for tests.
    PollingOneshot,
}

impl Backend {
    /// Puts the environment's choice, if there is one, in the place of `Auto`.
    pub(crate) fn resolve(self) -> io::Result<Backend> {
        match std::env::var_os(VARIABLE) {
            Some(value) if self == Backend::Auto => Backend::parse(&value),
            _ => Ok(self),
        }
    }

    fn parse(value: &OsStr) -> io::Result<Backend> {
        match value.to_str() {
            Some("" | "auto") => Ok(Backend::Auto),
            Some("epoll") => Ok(Backend::Epoll),
            Some("polling") => Ok(Backend::Polling),
            Some("polling-oneshot") => Ok(Backend::PollingOneshot),
            _ => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("{VARIABLE} is {value:?}: it can be epoll, polling, polling-oneshot or auto"),
            )),
        }
    }
}

#[cfg(all(test, not(asyncio_loom)))]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_understood() {
        for (name, backend) in [
            ("epoll", Backend::Epoll),
            ("polling", Backend::Polling),
            ("polling-oneshot", Backend::PollingOneshot),
            ("auto", Backend::Auto),
            ("", Backend::Auto),
        ] {
            assert_eq!(Backend::parse(OsStr::new(name)).unwrap(), backend);
        }
    }

    #[test]
    fn an_unknown_name_is_an_error_that_names_it() {
        let error = Backend::parse(OsStr::new("io_uring")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(error.to_string().contains("io_uring"), "{error}");
        assert!(error.to_string().contains("ASYNCIO_REACTOR"), "{error}");
    }
}
