//! `ConnectErrors`: what came of every address that was tried.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;

/// What came of every address that was tried, inside the `io::Error` of a [`Connect`](crate::Connect) that was told to
/// collect [all errors](crate::Connect::all_errors).
///
/// # Python
///
/// The `ExceptionGroup` of `loop.create_connection(all_errors=True)`.
///
/// # Examples
///
/// ```
/// use std::net::TcpListener;
/// use asyncio_net::{ConnectErrors, connect};
///
/// # futures_lite::future::block_on(async {
/// // Nobody listens there any more.
/// let gone = || TcpListener::bind("127.0.0.1:0")?.local_addr();
/// let addresses = [gone()?, gone()?];
/// let error = connect(addresses).all_errors(true).await.unwrap_err();
/// let errors = ConnectErrors::of(&error).unwrap();
/// assert_eq!(errors.iter().map(|(address, _)| *address).collect::<Vec<_>>(), addresses);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
#[doc(alias = "ExceptionGroup")]
pub struct ConnectErrors {
    what: String,
    attempts: Vec<(SocketAddr, io::Error)>,
}

impl ConnectErrors {
    pub(super) fn new(what: String, attempts: Vec<(SocketAddr, io::Error)>) -> ConnectErrors {
        ConnectErrors { what, attempts }
    }

    /// The one inside `error`, if there is one.
    pub fn of(error: &io::Error) -> Option<&ConnectErrors> {
        error.get_ref()?.downcast_ref()
    }

    /// The addresses with their errors, in the order in which they were tried.
    pub fn iter(&self) -> std::slice::Iter<'_, (SocketAddr, io::Error)> {
        self.attempts.iter()
    }

    /// As [`iter`](ConnectErrors::iter), as a list of its own.
    pub fn into_attempts(self) -> Vec<(SocketAddr, io::Error)> {
        self.attempts
    }

    /// With the kind of the last.
    pub(super) fn into_io(self) -> io::Error {
        let kind = self
            .attempts
            .last()
            .map_or(io::ErrorKind::Other, |(_, error)| error.kind());
        io::Error::new(kind, self)
    }
}

impl<'a> IntoIterator for &'a ConnectErrors {
    type Item = &'a (SocketAddr, io::Error);
    type IntoIter = std::slice::Iter<'a, (SocketAddr, io::Error)>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for ConnectErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.what)?;
        for (index, (address, error)) in self.attempts.iter().enumerate() {
            let before = if index == 0 { ": " } else { ", " };
            write!(f, "{before}{address} ({error})")?;
        }
        Ok(())
    }
}

impl Error for ConnectErrors {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.attempts.last().map(|(_, error)| error as _)
    }
}
