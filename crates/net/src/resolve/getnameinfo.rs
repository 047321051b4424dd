//! `getnameinfo`: from an address to names.

use std::future::IntoFuture;
use std::io;
use std::net::SocketAddr;

use super::future::Lookup;
use super::sys::NameFlags;

/// Looks up the name of the host and of the service that an address belongs to. Await what it returns, after setting
/// what is to be other than usual.
///
/// With both [`numeric_host`](GetNameInfo::numeric_host) and [`numeric_service`](GetNameInfo::numeric_service) it is
/// answered at once, on this thread; otherwise as [`getaddrinfo`](crate::getaddrinfo) is.
///
/// # Errors
///
/// As [`getaddrinfo`](crate::getaddrinfo); the message names the address. On Windows, and wherever we know of no system
/// call, anything but numbers is `Unsupported`.
///
/// # Cancel safety
///
/// As [`getaddrinfo`](crate::getaddrinfo).
///
/// # Python
///
/// `loop.getnameinfo`.
///
/// # Examples
///
/// ```
/// use asyncio_net::getnameinfo;
///
/// # futures_lite::future::block_on(async {
/// let address = ([127, 0, 0, 1], 8080).into();
/// let (host, port) = getnameinfo(address).numeric_host(true).numeric_service(true).await?;
/// assert_eq!((host.as_str(), port.as_str()), ("127.0.0.1", "8080"));
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub fn getnameinfo(address: SocketAddr) -> GetNameInfo {
    GetNameInfo {
        address,
        flags: NameFlags::default(),
    }
}

/// A look-up that has not begun; made by [`getnameinfo`].
#[derive(Clone, Debug)]
#[must_use = "it does nothing unless awaited"]
pub struct GetNameInfo {
    address: SocketAddr,
    flags: NameFlags,
}

impl GetNameInfo {
    /// Gives the host as numbers.
    #[doc(alias = "NI_NUMERICHOST")]
    pub fn numeric_host(mut self, numeric: bool) -> GetNameInfo {
        self.flags.numeric_host = numeric;
        self
    }

    /// Gives the port as a number.
    #[doc(alias = "NI_NUMERICSERV")]
    pub fn numeric_service(mut self, numeric: bool) -> GetNameInfo {
        self.flags.numeric_service = numeric;
        self
    }

    /// Fails when the host has no name; by default it is given as numbers then.
    #[doc(alias = "NI_NAMEREQD")]
    pub fn name_required(mut self, required: bool) -> GetNameInfo {
        self.flags.name_required = required;
        self
    }

    /// Gives the name that the service has for messages (UDP) instead of connections; a few differ.
    #[doc(alias = "NI_DGRAM")]
    pub fn datagram(mut self, datagram: bool) -> GetNameInfo {
        self.flags.datagram = datagram;
        self
    }
}

impl IntoFuture for GetNameInfo {
    type Output = io::Result<(String, String)>;
    type IntoFuture = Lookup<(String, String)>;

    fn into_future(self) -> Lookup<(String, String)> {
        Lookup::new(super::ask_name(self.address, self.flags))
    }
}
