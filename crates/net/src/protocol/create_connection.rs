//! `create_connection`: a connection with a protocol, from the client's side.

use std::fmt;
use std::future::{Future, IntoFuture, poll_fn};
use std::io;
use std::panic::Location;
#[cfg(unix)]
use std::path::Path;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use asyncio_core::Unclosed;

use super::engine::{AnyProtocol, Engine};
use super::link::MADE;
use super::pump::{connected, start};
use crate::addr::ToAddrs;
use crate::resolve::{Family, Resolver};
use crate::transport::Transport;
use crate::{Keepalive, OpenConnection, open_connection};
#[cfg(unix)]
use crate::{OpenUnixConnection, open_unix_connection};

/// What making a connection with a protocol gives.
pub type Creating = Pin<Box<dyn Future<Output = io::Result<Transport>>>>;

/// Makes the protocol, when there is a connection.
pub(super) type Make = Box<dyn FnOnce() -> Box<dyn Engine>>;

/// A factory of protocols as a function without types.
pub(super) fn make<P: AnyProtocol<Kind>, Kind>(factory: impl FnOnce() -> P + 'static) -> Make {
    Box::new(move || factory().into_engine().0)
}

/// Connects to a server, and gives the connection a protocol: what `factory` makes when there is a connection. Runs
/// on the loop of this thread.
///
/// The protocol belongs to the connection; [`with_protocol`](Transport::with_protocol) leads to it. Its
/// `connection_made` has been called when this is ready.
///
/// # Errors
///
/// As [`connect`](crate::connect()). The first panic of a protocol is the error if it is in `connection_made`. When this thread
/// turns no loop, as a worker of a pool.
///
/// # Cancel safety
///
/// The attempt ends; a peer may have seen it. A connection that was made is aborted.
///
/// # Python
///
/// `loop.create_connection`, which gives the protocol too.
#[track_caller]
pub fn create_connection<F, P, Kind>(factory: F, address: impl ToAddrs) -> CreateConnection
where
    F: FnOnce() -> P + 'static,
    P: AnyProtocol<Kind>,
{
    CreateConnection {
        open: open_connection(address),
        make: make(factory),
    }
}

/// A connection to be made; from [`create_connection`]. Awaiting it connects.
#[must_use = "connects when it is awaited"]
pub struct CreateConnection {
    open: OpenConnection,
    make: Make,
}

/// Methods that are those of what is below.
macro_rules! delegate {
    ($($(#[$doc:meta])* $name:ident($argument:ident: $kind:ty);)*) => {$(
        $(#[$doc])*
        pub fn $name(mut self, $argument: $kind) -> Self {
            self.open = self.open.$name($argument);
            self
        }
    )*};
}

impl CreateConnection {
    delegate! {
        /// See [`Connect::happy_eyeballs_delay`](crate::Connect::happy_eyeballs_delay).
        happy_eyeballs_delay(delay: impl Into<Option<Duration>>);
        /// See [`Connect::interleave`](crate::Connect::interleave).
        interleave(first: usize);
        /// See [`Connect::all_errors`](crate::Connect::all_errors).
        all_errors(all: bool);
        /// See [`Connect::local_addr`](crate::Connect::local_addr).
        local_addr(address: impl ToAddrs);
        /// See [`Connect::family`](crate::Connect::family).
        family(family: impl Into<Option<Family>>);
        /// See [`Connect::resolver`](crate::Connect::resolver).
        resolver(resolver: impl Resolver + 'static);
        /// See [`Connect::nodelay`](crate::Connect::nodelay).
        nodelay(nodelay: bool);
        /// See [`Connect::keepalive`](crate::Connect::keepalive).
        keepalive(probes: Keepalive);
    }
}

impl IntoFuture for CreateConnection {
    type Output = io::Result<Transport>;
    type IntoFuture = Creating;

    fn into_future(self) -> Creating {
        Box::pin(async move {
            let location = self.open.location;
            let transport = self.open.open(connected).await?;
            begin(transport, (self.make)(), location).await
        })
    }
}

/// Connects to the Unix socket on `path`, and gives the connection a protocol. Unix only.
///
/// # Errors
///
/// As [`UnixStream::connect`](crate::UnixStream::connect), and as [`create_connection`].
///
/// # Cancel safety
///
/// As [`create_connection`].
///
/// # Python
///
/// `loop.create_unix_connection`.
#[cfg(unix)]
#[track_caller]
pub fn create_unix_connection<F, P, Kind>(factory: F, path: impl AsRef<Path>) -> CreateUnixConnection
where
    F: FnOnce() -> P + 'static,
    P: AnyProtocol<Kind>,
{
    CreateUnixConnection {
        open: open_unix_connection(path),
        make: make(factory),
    }
}

/// A connection to be made; from [`create_unix_connection`]. Awaiting it connects.
#[cfg(unix)]
#[must_use = "connects when it is awaited"]
pub struct CreateUnixConnection {
    open: OpenUnixConnection,
    make: Make,
}

#[cfg(unix)]
impl IntoFuture for CreateUnixConnection {
    type Output = io::Result<Transport>;
    type IntoFuture = Creating;

    fn into_future(self) -> Creating {
        Box::pin(async move {
            let location = self.open.location;
            let transport = self.open.open(connected).await?;
            begin(transport, (self.make)(), location).await
        })
    }
}

/// The protocol begins, and `connection_made` has been called when this is ready.
pub(super) async fn begin(
    transport: Transport,
    protocol: Box<dyn Engine>,
    location: &'static Location<'static>,
) -> io::Result<Transport> {
    let unfinished = Unfinished(&transport);
    start(&transport, protocol, None, Unclosed::opened_at(location))?;
    // The pump was queued before this is: once is enough.
    let made = || transport.link().is_none_or(|link| link.has(MADE));
    poll_fn(|cx| {
        if made() {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
    std::mem::forget(unfinished);
    match transport.error() {
        Some(error) => Err(error.again()),
        None => Ok(transport),
    }
}

/// A connection that nobody was given.
struct Unfinished<'a>(&'a Transport);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl fmt::Debug for CreateConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CreateConnection").field(&self.open).finish()
    }
}

#[cfg(unix)]
impl fmt::Debug for CreateUnixConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CreateUnixConnection").field(&self.open).finish()
    }
}

#[cfg(feature = "tls")]
mod tls {
    use std::sync::Arc;

    use rustls::ClientConfig;

    use super::CreateConnection;
    #[cfg(unix)]
    use super::CreateUnixConnection;

    macro_rules! tls {
        ($($kind:ty, $of:literal;)*) => {$(
            /// TLS; with the feature `tls`.
            impl $kind {
                delegate! {
                    #[doc = concat!("See [`", $of, "::ssl`](crate::", $of, "::ssl).")]
                    ssl(config: impl Into<Arc<ClientConfig>>);
                    #[doc = concat!("See [`", $of, "::server_hostname`](crate::", $of, "::server_hostname).")]
                    server_hostname(name: impl Into<String>);
                    #[doc = concat!("See [`", $of, "::ssl_handshake_timeout`](crate::", $of, "::ssl_handshake_timeout).")]
                    ssl_handshake_timeout(timeout: std::time::Duration);
                    #[doc = concat!("See [`", $of, "::ssl_shutdown_timeout`](crate::", $of, "::ssl_shutdown_timeout).")]
                    ssl_shutdown_timeout(timeout: std::time::Duration);
                    #[doc = concat!("See [`", $of, "::ssl_allow_truncation`](crate::", $of, "::ssl_allow_truncation).")]
                    ssl_allow_truncation(allow: bool);
                }
            }
        )*};
    }

    tls!(CreateConnection, "OpenConnection";);
    #[cfg(unix)]
    tls!(CreateUnixConnection, "OpenUnixConnection";);
}
