//! `ToAddrs`: what can be bound and connected to; host names are looked up off the loop.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use crate::error::named;
use crate::resolve::{self, Family, Resolver};

/// Something that names one or more socket addresses: an address, a slice of them, an IP with a port, or a host name
/// with a port as in `"localhost:80"` and `("localhost", 80)`. Sealed.
///
/// Only host names need a look-up, which runs on another thread: the loop is never blocked by one.
pub trait ToAddrs: sealed::Sealed {}

impl<T: sealed::Sealed + ?Sized> ToAddrs for T {}

/// What a value stands for.
#[derive(Debug, Clone)]
pub enum Named {
    /// It is an address.
    Addr(SocketAddr),
    /// It is several, to be tried in turn.
    Several(Vec<SocketAddr>),
    /// It has to be looked up.
    Host(String, u16),
    /// It is neither.
    Invalid(String),
}

#[cfg(feature = "tls")]
impl Named {
    /// The one host that is meant, by its name or its address.
    pub(crate) fn host(&self) -> Option<String> {
        match self {
            Named::Host(host, _) => Some(host.clone()),
            Named::Addr(address) => Some(address.ip().to_string()),
            Named::Several(_) | Named::Invalid(_) => None,
        }
    }
}

pub(crate) mod sealed {
    pub trait Sealed {
        fn named(&self) -> super::Named;
    }
}

use sealed::Sealed;

impl Sealed for Named {
    fn named(&self) -> Named {
        self.clone()
    }
}

/// The addresses that `to` names.
pub(crate) async fn addrs<A: ToAddrs>(to: A) -> io::Result<Vec<SocketAddr>> {
    to.named().addrs(None, None).await
}

impl Named {
    /// The addresses, of `family` only if there is one; `resolver` looks names up, or the system.
    pub(crate) async fn addrs(
        self,
        family: Option<Family>,
        resolver: Option<&dyn Resolver>,
    ) -> io::Result<Vec<SocketAddr>> {
        let mut found = match self {
            Named::Addr(address) => vec![address],
            Named::Several(addresses) => addresses,
            // Boxed, so that those who connect to an address do not carry the look-up's state.
            Named::Host(host, port) => Box::pin(resolve::lookup(host, port, family, resolver)).await?,
            Named::Invalid(text) => {
                let message = format!("{text:?} is not a socket address: write host:port");
                return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
            }
        };
        if let Some(family) = family {
            found.retain(|address| Family::of(address) == family);
        }
        Ok(found)
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Named::Addr(address) => write!(f, "{address}"),
            Named::Several(addresses) => match addresses.len() {
                1 => write!(f, "{}", addresses[0]),
                count => write!(f, "{count} addresses"),
            },
            Named::Host(host, port) => write!(f, "{host}:{port}"),
            Named::Invalid(text) => f.write_str(text),
        }
    }
}

/// Calls `attempt` with one address after the other until one succeeds; the last error names its address.
pub(crate) async fn first<A: ToAddrs, T>(
    to: A,
    what: &str,
    mut attempt: impl FnMut(SocketAddr) -> io::Result<T>,
) -> io::Result<T> {
    let mut failures = Failures::new(what);
    for address in addrs(to).await? {
        match attempt(address) {
            Ok(done) => return Ok(done),
            Err(error) => failures.add(address, error),
        }
    }
    Err(failures.into_error())
}

/// What came of the addresses that were tried.
///
/// An async closure in [`first`] would spare its users this, but then nobody could prove that their futures are
/// `Send`.
pub(crate) struct Failures<'a> {
    what: &'a str,
    last: Option<io::Error>,
}

impl Failures<'_> {
    pub(crate) fn new(what: &str) -> Failures<'_> {
        Failures { what, last: None }
    }

    pub(crate) fn add(&mut self, address: SocketAddr, error: io::Error) {
        self.last = Some(named(format!("{} {address}", self.what), error));
    }

    pub(crate) fn into_error(self) -> io::Error {
        let none = || {
            let message = format!("{}: no address was given", self.what);
            io::Error::new(io::ErrorKind::InvalidInput, message)
        };
        self.last.unwrap_or_else(none)
    }
}

impl Sealed for SocketAddr {
    fn named(&self) -> Named {
        Named::Addr(*self)
    }
}

macro_rules! into_addr {
    ($($kind:ty),*) => {$(
        impl Sealed for $kind {
            fn named(&self) -> Named {
                Named::Addr(SocketAddr::from(*self))
            }
        }
    )*};
}

into_addr!(
    SocketAddrV4,
    SocketAddrV6,
    (IpAddr, u16),
    (Ipv4Addr, u16),
    (Ipv6Addr, u16),
    ([u8; 4], u16),
    ([u16; 8], u16)
);

impl Sealed for [SocketAddr] {
    fn named(&self) -> Named {
        Named::Several(self.to_vec())
    }
}

impl<const N: usize> Sealed for [SocketAddr; N] {
    fn named(&self) -> Named {
        self.as_slice().named()
    }
}

impl Sealed for Vec<SocketAddr> {
    fn named(&self) -> Named {
        self.as_slice().named()
    }
}

impl Sealed for str {
    fn named(&self) -> Named {
        if let Ok(address) = self.parse() {
            return Named::Addr(address);
        }
        match self.rsplit_once(':').map(|(host, port)| (host, port.parse())) {
            Some((host, Ok(port))) if !host.is_empty() => {
                // An IPv6 address whose scope is the name of an interface, which only the system knows.
                let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
                Named::Host(bare.unwrap_or(host).to_owned(), port)
            }
            _ => Named::Invalid(self.to_owned()),
        }
    }
}

impl Sealed for String {
    fn named(&self) -> Named {
        self.as_str().named()
    }
}

impl Sealed for (&str, u16) {
    fn named(&self) -> Named {
        match self.0.parse::<IpAddr>() {
            Ok(ip) => Named::Addr(SocketAddr::new(ip, self.1)),
            Err(_) => Named::Host(self.0.to_owned(), self.1),
        }
    }
}

impl Sealed for (String, u16) {
    fn named(&self) -> Named {
        (self.0.as_str(), self.1).named()
    }
}

impl<T: Sealed + ?Sized> Sealed for &T {
    fn named(&self) -> Named {
        (**self).named()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_need_no_lookup() {
        assert!(matches!("127.0.0.1:80".named(), Named::Addr(_)));
        assert!(matches!("[::1]:80".named(), Named::Addr(_)));
        assert!(matches!(("::1", 80).named(), Named::Addr(_)));
        assert!(matches!("localhost:80".named(), Named::Host(host, 80) if host == "localhost"));
    }

    #[test]
    fn text_without_a_port_is_named_in_the_error() {
        for bad in ["localhost", ":80", "localhost:", "localhost:99999"] {
            let error = futures_lite::future::block_on(addrs(bad)).unwrap_err();
            assert!(error.to_string().contains(&format!("{bad:?}")), "{error}");
        }
    }
}
