//! What a look-up asks and what it answers: `Host`, `Service`, `Family`, `SockType`, `AddrInfo`, and the `Question`
//! that goes to the system.

use std::io;
use std::net::{IpAddr, SocketAddr};

/// Which kind of IP address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[doc(alias = "AddressFamily")]
pub enum Family {
    /// IPv4.
    #[doc(alias = "AF_INET")]
    V4,
    /// IPv6.
    #[doc(alias = "AF_INET6")]
    V6,
}

impl Family {
    /// The family of `address`.
    pub fn of(address: &SocketAddr) -> Family {
        match address {
            SocketAddr::V4(_) => Family::V4,
            SocketAddr::V6(_) => Family::V6,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Family::V4 => "IPv4",
            Family::V6 => "IPv6",
        }
    }
}

/// What an address is to be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[doc(alias = "SocketKind")]
pub enum SockType {
    /// Connections: TCP.
    #[doc(alias = "SOCK_STREAM")]
    Stream,
    /// Messages: UDP.
    #[doc(alias = "SOCK_DGRAM")]
    Datagram,
    /// The protocol beneath.
    #[doc(alias = "SOCK_RAW")]
    Raw,
}

/// The host that a look-up is about: a name, an address in text or as an [`IpAddr`], or `None` for "this machine".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host(pub(crate) Option<String>);

impl From<&str> for Host {
    fn from(name: &str) -> Host {
        Host(Some(name.to_owned()))
    }
}

impl From<String> for Host {
    fn from(name: String) -> Host {
        Host(Some(name))
    }
}

impl From<IpAddr> for Host {
    fn from(address: IpAddr) -> Host {
        Host(Some(address.to_string()))
    }
}

impl<T: Into<Host>> From<Option<T>> for Host {
    fn from(host: Option<T>) -> Host {
        host.map_or(Host(None), Into::into)
    }
}

/// The port that a look-up is about: a number, or a name that the system knows, such as `"http"`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Service {
    /// A number.
    Port(u16),
    /// A name.
    Name(String),
}

impl From<u16> for Service {
    fn from(port: u16) -> Service {
        Service::Port(port)
    }
}

impl From<&str> for Service {
    fn from(name: &str) -> Service {
        match name.parse() {
            Ok(port) => Service::Port(port),
            Err(_) => Service::Name(name.to_owned()),
        }
    }
}

impl From<String> for Service {
    fn from(name: String) -> Service {
        name.as_str().into()
    }
}

/// One answer of [`getaddrinfo`](crate::getaddrinfo).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AddrInfo {
    /// What the address can be used for.
    pub socktype: SockType,
    /// The number of the protocol: 6 is TCP, 17 is UDP.
    pub proto: i32,
    /// The full name of the host, in the first answer, when it was asked for.
    pub canonname: Option<String>,
    /// The address, with the port.
    pub addr: SocketAddr,
}

impl AddrInfo {
    /// The family of the address.
    pub fn family(&self) -> Family {
        Family::of(&self.addr)
    }
}

/// Whether a host is an address in text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Numeric {
    Yes,
    Perhaps,
    No,
}

/// A question to the system.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) host: Host,
    pub(crate) service: Service,
    pub(crate) family: Option<Family>,
    pub(crate) socktype: Option<SockType>,
    pub(crate) proto: i32,
    pub(crate) passive: bool,
    pub(crate) canonname: bool,
    pub(crate) numeric_host: bool,
    pub(crate) numeric_service: bool,
    pub(crate) addr_config: bool,
    pub(crate) flags: i32,
}

impl Question {
    pub(crate) fn new(host: Host, service: Service) -> Question {
        Question {
            host,
            service,
            family: None,
            socktype: None,
            proto: 0,
            passive: false,
            canonname: false,
            numeric_host: false,
            numeric_service: false,
            addr_config: false,
            flags: 0,
        }
    }

    /// What no system should be asked.
    pub(crate) fn check(&self) -> io::Result<()> {
        let invalid = |message| Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        match &self.host.0 {
            Some(host) if host.is_empty() => {
                invalid("the name of the host is empty: use None for this machine")
            }
            Some(host) if host.contains('\0') => invalid("the name of the host has a zero byte in it"),
            _ => match &self.service {
                Service::Name(name) if name.is_empty() => invalid("the name of the service is empty"),
                Service::Name(name) if name.contains('\0') => {
                    invalid("the name of the service has a zero byte in it")
                }
                _ => Ok(()),
            },
        }
    }

    /// Whether the host is an address in text: then the system can say so without asking anybody.
    ///
    /// Beside the usual forms there are those of `inet_aton`, such as `127.1` and `0x7f000001`, which names can look
    /// like, and scopes behind a `%`. No name has a colon in it.
    pub(crate) fn numeric(&self) -> Numeric {
        let Some(host) = &self.host.0 else {
            return Numeric::Yes;
        };
        let digits = |c: char| c.is_ascii_hexdigit() || matches!(c, 'x' | 'X' | '.');
        if host.contains(':') || host.parse::<IpAddr>().is_ok() {
            Numeric::Yes
        } else if host.starts_with(|c: char| c.is_ascii_digit()) && host.chars().all(digits) {
            Numeric::Perhaps
        } else {
            Numeric::No
        }
    }

    /// `host:port`, for messages.
    pub(crate) fn name(&self) -> String {
        let host = self.host.0.as_deref().unwrap_or("this machine");
        match &self.service {
            Service::Port(port) => format!("{host}:{port}"),
            Service::Name(name) => format!("{host}:{name}"),
        }
    }
}
