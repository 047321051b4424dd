//! `GaiError`: why a name could not be looked up.

use std::error::Error;
use std::fmt;
use std::io;

/// Why a name could not be looked up, inside the `io::Error` of a look-up: [`GaiError::of`] finds it.
///
/// The kind of the `io::Error` is made from it: `NotFound` for a name that does not exist or has no address,
/// `TimedOut` for a temporary failure, `InvalidInput` for a question that makes no sense, `OutOfMemory`, else `Other`.
///
/// # Python
///
/// `socket.gaierror`.
///
/// # Examples
///
/// ```
/// use asyncio_net::{GaiError, getaddrinfo};
///
/// # futures_lite::future::block_on(async {
/// let error = getaddrinfo("nosuch.invalid", 80).numeric_host(true).await.unwrap_err();
/// assert!(error.to_string().contains("nosuch.invalid"));
/// if let Some(reason) = GaiError::of(&error) {
///     assert!(reason.is_not_found() && !reason.is_temporary());
/// }
/// # });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias("gaierror", "EAI_AGAIN", "EAI_NONAME"))]
pub struct GaiError {
    pub(super) code: i32,
    pub(super) reason: Reason,
}

/// What the numbers mean; those differ between systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(unix), allow(dead_code, reason = "std tells no reasons"))]
pub(super) enum Reason {
    NoName,
    NoData,
    Again,
    Fail,
    Service,
    Family,
    SockType,
    BadFlags,
    Memory,
    Overflow,
    Unknown,
}

impl GaiError {
    /// The one in an error of a look-up, if the system gave one. On Windows there is none, only the system's error.
    pub fn of(error: &io::Error) -> Option<&GaiError> {
        let mut inner: &(dyn Error + 'static) = error.get_ref()?;
        loop {
            if let Some(found) = inner.downcast_ref() {
                return Some(found);
            }
            inner = match inner.downcast_ref::<io::Error>() {
                Some(error) => error.get_ref()?,
                None => inner.source()?,
            };
        }
    }

    /// The number, as this system has it.
    #[doc(alias = "errno")]
    pub fn code(&self) -> i32 {
        self.code
    }

    /// Whether it may go well at another time: no name server was reached, or it was not able to answer.
    pub fn is_temporary(&self) -> bool {
        self.reason == Reason::Again
    }

    /// Whether the name does not exist, or exists without an address of the wanted kind.
    pub fn is_not_found(&self) -> bool {
        matches!(self.reason, Reason::NoName | Reason::NoData)
    }

    #[cfg_attr(not(unix), allow(dead_code, reason = "std tells no reasons"))]
    pub(super) fn into_io(self) -> io::Error {
        let kind = match self.reason {
            Reason::NoName | Reason::NoData => io::ErrorKind::NotFound,
            Reason::Again => io::ErrorKind::TimedOut,
            Reason::Service | Reason::Family | Reason::SockType | Reason::BadFlags => {
                io::ErrorKind::InvalidInput
            }
            Reason::Memory => io::ErrorKind::OutOfMemory,
            Reason::Fail | Reason::Overflow | Reason::Unknown => io::ErrorKind::Other,
        };
        io::Error::new(kind, self)
    }
}

impl fmt::Display for GaiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.reason {
            Reason::NoName => "the host does not exist, or is not known by that service",
            Reason::NoData => "the host has no address of the wanted kind",
            Reason::Again => "temporary failure: no name server has answered",
            Reason::Fail => "the name server has failed for good",
            Reason::Service => "the service is not known for this type of socket",
            Reason::Family => "the family of addresses is not supported",
            Reason::SockType => "the type of socket is not supported",
            Reason::BadFlags => "the flags do not go together",
            Reason::Memory => "out of memory",
            Reason::Overflow => "the name is too long",
            Reason::Unknown => return write!(f, "the resolver gave error {}", self.code),
        };
        f.write_str(text)
    }
}

impl Error for GaiError {}
