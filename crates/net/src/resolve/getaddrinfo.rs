//! `getaddrinfo`: from names to addresses.

use std::future::IntoFuture;
use std::io;

use super::future::Lookup;
use super::query::{AddrInfo, Family, Host, Question, Service, SockType};

/// Looks up the addresses of a host, with a port, for use with sockets. Await what it returns, after setting what is to
/// be other than usual.
///
/// `host` is a name, an address in text (with a scope, as in `"fe80::1%eth0"`, if need be), an `IpAddr`, or
/// `None::<&str>` for this machine. `port` is a number or the name of a service, such as `"http"`.
///
/// The order of the answers is the system's, which puts the address first that is most likely to work (RFC 6724).
///
/// Addresses in text with a port in numbers are answered at once, on this thread. Anything else is looked up on a
/// thread of this crate: the loop is never blocked. At most [`max_lookups`](crate::max_lookups) run at once in this
/// process; more wait for their turn.
///
/// # Errors
///
/// The host or the service does not exist, or the system could not find out: [`GaiError`](crate::GaiError) tells,
/// and the message names host and port. A name that is empty or has a zero byte in it is `InvalidInput`.
///
/// # Cancel safety
///
/// Dropping the future abandons the look-up. One that waits for its turn is never begun. One that runs cannot be
/// interrupted: it keeps its thread until the system answers, for nobody. Neither holds up the end of a loop or of the
/// program.
///
/// # Python
///
/// `loop.getaddrinfo`, which takes threads of the default executor; a resolver that hangs there holds up the end of the
/// loop for five minutes.
///
/// # Examples
///
/// ```
/// use asyncio_net::{SockType, getaddrinfo};
///
/// # futures_lite::future::block_on(async {
/// let found = getaddrinfo("localhost", 80).socktype(SockType::Stream).await?;
/// assert!(found.iter().all(|info| info.addr.ip().is_loopback() && info.addr.port() == 80));
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub fn getaddrinfo(host: impl Into<Host>, port: impl Into<Service>) -> GetAddrInfo {
    GetAddrInfo {
        question: Question::new(host.into(), port.into()),
    }
}

/// A look-up that has not begun; made by [`getaddrinfo`].
#[derive(Clone, Debug)]
#[must_use = "it does nothing unless awaited"]
pub struct GetAddrInfo {
    question: Question,
}

impl GetAddrInfo {
    /// Only addresses of this family. The default, also written `None`, is both.
    pub fn family(mut self, family: impl Into<Option<Family>>) -> GetAddrInfo {
        self.question.family = family.into();
        self
    }

    /// Only for this use. By default each address comes once for each use.
    #[doc(alias = "type")]
    pub fn socktype(mut self, socktype: SockType) -> GetAddrInfo {
        self.question.socktype = Some(socktype);
        self
    }

    /// Only for the protocol with this number. The default, 0, is any.
    pub fn proto(mut self, proto: i32) -> GetAddrInfo {
        self.question.proto = proto;
        self
    }

    /// For sockets that listen: without a host, the answers are the addresses that mean "all of this machine's", not
    /// the loopback.
    #[doc(alias = "AI_PASSIVE")]
    pub fn passive(mut self, passive: bool) -> GetAddrInfo {
        self.question.passive = passive;
        self
    }

    /// Asks for the full name of the host; the first answer has it.
    #[doc(alias = "AI_CANONNAME")]
    pub fn canonname(mut self, canonname: bool) -> GetAddrInfo {
        self.question.canonname = canonname;
        self
    }

    /// Takes only addresses in text for the host. With a port in numbers, nothing leaves this thread.
    #[doc(alias = "AI_NUMERICHOST")]
    pub fn numeric_host(mut self, numeric: bool) -> GetAddrInfo {
        self.question.numeric_host = numeric;
        self
    }

    /// Takes only numbers for the port.
    #[doc(alias = "AI_NUMERICSERV")]
    pub fn numeric_service(mut self, numeric: bool) -> GetAddrInfo {
        self.question.numeric_service = numeric;
        self
    }

    /// Only addresses of families of which this machine has an address itself.
    #[doc(alias = "AI_ADDRCONFIG")]
    pub fn addr_config(mut self, configured: bool) -> GetAddrInfo {
        self.question.addr_config = configured;
        self
    }

    /// Further flags, as this system numbers them (`AI_V4MAPPED`, `AI_ALL`, `AI_IDN`, ...). Only on Unix.
    pub fn flags(mut self, flags: i32) -> GetAddrInfo {
        self.question.flags = flags;
        self
    }
}

impl IntoFuture for GetAddrInfo {
    type Output = io::Result<Vec<AddrInfo>>;
    type IntoFuture = Lookup<Vec<AddrInfo>>;

    fn into_future(self) -> Lookup<Vec<AddrInfo>> {
        Lookup::new(super::ask(self.question))
    }
}
