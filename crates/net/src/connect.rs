//! `connect`: a TCP connection to whichever address of a host answers first, as RFC 8305 ("happy eyeballs") has it.
//!
//! `order` sets the order of the addresses, `race` tries them, `attempt` is one try. The look-up is one call of
//! `getaddrinfo`, which gives both families at once, already sorted as RFC 6724 wants it: what section 3 of the RFC
//! says about answers that come apart has no place here.

mod attempt;
mod error;
mod order;
mod race;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

pub use error::ConnectErrors;

use crate::addr::{Named, ToAddrs};
use crate::error::named;
use crate::resolve::{Family, Resolver};
use crate::{Keepalive, TcpStream};
use attempt::{SocketOptions, attempt};
use race::{Failures, race};

/// What RFC 8305 recommends.
const DELAY: Duration = Duration::from_millis(250);

/// Connects to the first of the addresses that `address` names and that answers. Await what it returns, after setting
/// what is to be other than usual.
///
/// The addresses are tried in the order in which the system gives them, the families by turns. When an attempt has not
/// succeeded after 250 ms, the next one begins beside it; when one has failed, the next one begins at once. The first
/// to succeed wins, and the others are closed.
///
/// # Errors
///
/// When every attempt has failed: one error that names the addresses and has the kind of the last one's, or a
/// [`ConnectErrors`] if [all errors](Connect::all_errors) are wanted. If the look-up fails, its error: see
/// [`getaddrinfo`](crate::getaddrinfo).
///
/// # Cancel safety
///
/// Every socket is closed; peers may have seen connections. The look-up is abandoned.
///
/// # Python
///
/// `loop.create_connection`, where happy eyeballs have to be asked for.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use asyncio_net::{TcpListener, connect};
///
/// # futures_lite::future::block_on(async {
/// let listener = TcpListener::bind("localhost:0").await?;
/// let port = listener.local_addr()?.port();
///
/// let stream = connect(("localhost", port)).await?;
/// assert_eq!(stream.peer_addr()?.port(), port);
///
/// let stream = connect(("localhost", port))
///     .happy_eyeballs_delay(Duration::from_millis(100))
///     .nodelay(true)
///     .await?;
/// assert!(stream.nodelay()?);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[doc(alias("create_connection", "happy_eyeballs"))]
pub fn connect(address: impl ToAddrs) -> Connect {
    Connect {
        to: address.named(),
        delay: Some(DELAY),
        interleave: 1,
        all_errors: false,
        local: None,
        family: None,
        resolver: None,
        socket: SocketOptions::NONE,
    }
}

/// A connection that has not begun; made by [`connect`].
#[derive(Clone)]
#[must_use = "it does nothing unless awaited"]
pub struct Connect {
    to: Named,
    delay: Option<Duration>,
    interleave: usize,
    all_errors: bool,
    local: Option<Named>,
    family: Option<Family>,
    resolver: Option<Arc<dyn Resolver>>,
    socket: SocketOptions,
}

impl Connect {
    /// The one host that is meant.
    #[cfg(feature = "tls")]
    pub(crate) fn host(&self) -> Option<String> {
        self.to.host()
    }

    /// How long an attempt has before the next one begins beside it. The default is 250 ms. With `None` the next one
    /// begins only when the one before has failed, which may take minutes.
    ///
    /// # Examples
    ///
    /// ```
    /// use asyncio_net::{TcpListener, connect};
    ///
    /// # futures_lite::future::block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// connect(listener.local_addr()?).happy_eyeballs_delay(None).await?;
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn happy_eyeballs_delay(mut self, delay: impl Into<Option<Duration>>) -> Connect {
        self.delay = delay.into();
        self
    }

    /// How many addresses of the first family are tried before the families take turns. The default is 1; 0 keeps the
    /// order in which the addresses are given.
    pub fn interleave(mut self, first: usize) -> Connect {
        self.interleave = first;
        self
    }

    /// Whether a failure tells of every attempt, as [`ConnectErrors`].
    pub fn all_errors(mut self, all: bool) -> Connect {
        self.all_errors = all;
        self
    }

    /// Connects from this address. Of several, the first that fits the family and can be bound. Port 0 lets the system
    /// choose.
    ///
    /// # Examples
    ///
    /// ```
    /// use asyncio_net::{TcpListener, connect};
    ///
    /// # futures_lite::future::block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let stream = connect(listener.local_addr()?).local_addr("127.0.0.1:0").await?;
    /// assert_eq!(stream.local_addr()?.ip(), std::net::Ipv4Addr::LOCALHOST);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn local_addr(mut self, address: impl ToAddrs) -> Connect {
        self.local = Some(address.named());
        self
    }

    /// Only to addresses of this family. The default, also written `None`, is both.
    pub fn family(mut self, family: impl Into<Option<Family>>) -> Connect {
        self.family = family.into();
        self
    }

    /// Looks the host up in this way instead of the system's. Share one as an `Arc`. See [`Resolver`].
    pub fn resolver(mut self, resolver: impl Resolver + 'static) -> Connect {
        self.resolver = Some(Arc::new(resolver));
        self
    }

    /// See [`TcpStream::set_nodelay`].
    pub fn nodelay(mut self, nodelay: bool) -> Connect {
        self.socket.nodelay = Some(nodelay);
        self
    }

    /// See [`TcpStream::set_keepalive`].
    pub fn keepalive(mut self, probes: Keepalive) -> Connect {
        self.socket.keepalive = Some(probes);
        self
    }

    /// See [`TcpStream::set_recv_buffer_size`]. Set here, before the connection is made, it also decides how large the
    /// window can become.
    ///
    /// # Units
    ///
    /// Bytes.
    pub fn recv_buffer_size(mut self, bytes: usize) -> Connect {
        self.socket.recv_buffer_size = Some(bytes);
        self
    }

    /// See [`TcpStream::set_send_buffer_size`].
    ///
    /// # Units
    ///
    /// Bytes.
    pub fn send_buffer_size(mut self, bytes: usize) -> Connect {
        self.socket.send_buffer_size = Some(bytes);
        self
    }

    async fn run(self) -> io::Result<TcpStream> {
        let resolver = self.resolver.as_deref();
        let addresses = self.to.clone().addrs(self.family, resolver).await?;
        let locals = match &self.local {
            Some(local) => Some(Box::pin(local.clone().addrs(self.family, resolver)).await?),
            None => None,
        };
        if addresses.is_empty() {
            return Err(self.nowhere());
        }
        let addresses = order::interleave(addresses, self.interleave);
        let begin = |address| attempt(&self.socket, locals.as_deref(), address);
        race(addresses, self.delay, begin)
            .await
            .map_err(|failures| self.failed(failures))
    }

    fn nowhere(&self) -> io::Error {
        let (kind, message) = match (&self.to, self.family) {
            (Named::Host(..), None) => (
                io::ErrorKind::NotFound,
                format!("cannot connect to {}: it has no address", self.to),
            ),
            (Named::Host(..), Some(family)) => (
                io::ErrorKind::NotFound,
                format!(
                    "cannot connect to {}: it has no {} address",
                    self.to,
                    family.name()
                ),
            ),
            (Named::Addr(_), Some(family)) => (
                io::ErrorKind::InvalidInput,
                format!(
                    "cannot connect to {}: it is not an {} address",
                    self.to,
                    family.name()
                ),
            ),
            (_, Some(family)) => (
                io::ErrorKind::InvalidInput,
                format!("cannot connect to: no {} address was given", family.name()),
            ),
            (_, None) => (
                io::ErrorKind::InvalidInput,
                "cannot connect to: no address was given".to_owned(),
            ),
        };
        io::Error::new(kind, message)
    }

    fn failed(&self, mut failures: Failures) -> io::Error {
        if self.all_errors {
            return ConnectErrors::new(format!("cannot connect to {}", self.to), failures).into_io();
        }
        let tried: Vec<_> = failures.iter().map(|(address, _)| address.to_string()).collect();
        let tried = tried.join(", ");
        let what = match &self.to {
            Named::Host(..) => format!("cannot connect to {} ({tried})", self.to),
            _ if failures.len() > 1 => format!("cannot connect to any of {tried}"),
            _ => format!("cannot connect to {tried}"),
        };
        match failures.pop() {
            Some((_, error)) => named(what, error),
            None => self.nowhere(),
        }
    }
}

/// [`connect`] without options. An address needs neither the race nor a box.
pub(crate) async fn plainly(to: Named) -> io::Result<TcpStream> {
    const NO_OPTIONS: &SocketOptions = &SocketOptions::NONE;
    match to {
        Named::Addr(address) => {
            let connected = attempt(NO_OPTIONS, None, address).await;
            connected.map_err(|error| named(format!("cannot connect to {address}"), error))
        }
        to => connect(to).await,
    }
}

impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connect")
            .field("to", &self.to)
            .field("happy_eyeballs_delay", &self.delay)
            .field("interleave", &self.interleave)
            .field("all_errors", &self.all_errors)
            .field("local_addr", &self.local)
            .field("family", &self.family)
            .field("socket", &self.socket)
            .finish_non_exhaustive()
    }
}

impl IntoFuture for Connect {
    type Output = io::Result<TcpStream>;
    type IntoFuture = Connecting;

    fn into_future(self) -> Connecting {
        Connecting(Box::pin(self.run()))
    }
}

/// A connection that is being made; made by awaiting a [`Connect`]. Dropping it closes every socket.
#[must_use = "futures do nothing unless awaited"]
pub struct Connecting(Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send>>);

impl Future for Connecting {
    type Output = io::Result<TcpStream>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<TcpStream>> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for Connecting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connecting").finish_non_exhaustive()
    }
}
