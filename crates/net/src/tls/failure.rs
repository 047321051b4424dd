//! Errors of TLS: an `io::Error` that names the peer, with rustls' own error as its source.

use std::error::Error;
use std::fmt;
use std::io;

#[derive(Debug)]
struct Failure {
    what: String,
    source: rustls::Error,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.source)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

/// rustls has found something wrong with what `peer` sent.
pub(super) fn failed(handshaking: bool, peer: &str, source: rustls::Error) -> io::Error {
    let what = if handshaking {
        format!("TLS handshake with {peer}")
    } else {
        format!("TLS connection with {peer}")
    };
    io::Error::new(io::ErrorKind::InvalidData, Failure { what, source })
}

pub(super) fn invalid(message: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message.into())
}

/// rustls' own error, if that is why a read, a write or a handshake failed.
///
/// # Examples
///
/// ```no_run
/// use asyncio_net::tls::{self, rustls};
///
/// # async fn example() -> std::io::Result<()> {
/// let opened = asyncio_net::open_connection("example.org:443").ssl(tls::client_config()?);
/// if let Err(error) = opened.await {
///     if let Some(rustls::Error::InvalidCertificate(why)) = tls::rustls_error(&error) {
///         eprintln!("we do not trust them: {why:?}");
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub fn rustls_error(error: &io::Error) -> Option<&rustls::Error> {
    let mut error: &(dyn Error + 'static) = error.get_ref()?;
    loop {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        error = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => inner,
            None => error.source()?,
        };
    }
}
