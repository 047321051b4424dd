//! Streams over connections: a reader and a writer.

use std::future::{Future, IntoFuture};
use std::io;
use std::num::NonZeroUsize;
use std::panic::Location;
#[cfg(unix)]
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use crate::addr::ToAddrs;
use crate::connect::{Connect, connect};
use crate::resolve::{Family, Resolver};
use crate::stream_reader::LIMIT;
use crate::transport::Transport;
use crate::wire::Wire;
use crate::{Keepalive, StreamReader, StreamWriter};

/// A reader and a writer over anything that carries bytes: a socket of this crate, or a [`Wire`] of one's own.
pub fn stream(wire: impl Wire) -> (StreamReader, StreamWriter) {
    with_limit(wire, LIMIT)
}

pub(crate) fn with_limit(wire: impl Wire, limit: usize) -> (StreamReader, StreamWriter) {
    let transport = Transport::new(Box::new(wire));
    let reader = StreamReader::new(transport.clone(), limit);
    (reader, StreamWriter::new(transport))
}

/// What opening a connection gives.
pub type Opening = Pin<Box<dyn Future<Output = io::Result<(StreamReader, StreamWriter)>> + Send>>;

/// Connects to a server, and gives a reader and a writer.
///
/// # Errors
///
/// As [`connect`](crate::connect()).
///
/// # Cancel safety
///
/// The attempt ends; a peer may have seen it.
///
/// # Python
///
/// `asyncio.open_connection`. See [`StreamWriter`] for an example.
#[track_caller]
pub fn open_connection(address: impl ToAddrs) -> OpenConnection {
    OpenConnection {
        connect: connect(address).nodelay(true),
        limit: LIMIT,
        location: Location::caller(),
        #[cfg(feature = "tls")]
        tls: Default::default(),
    }
}

/// A connection to be opened; from [`open_connection`]. Awaiting it connects.
#[must_use = "connects when it is awaited"]
#[derive(Debug)]
pub struct OpenConnection {
    connect: Connect,
    limit: usize,
    /// Where it is asked for.
    pub(crate) location: &'static Location<'static>,
    #[cfg(feature = "tls")]
    pub(crate) tls: crate::tls::OnOpening,
}

impl OpenConnection {
    /// The limit of the reader, in bytes; see [`StreamReader::limit`].
    pub fn limit(mut self, limit: NonZeroUsize) -> Self {
        self.limit = limit.get();
        self
    }

    /// See [`Connect::happy_eyeballs_delay`].
    pub fn happy_eyeballs_delay(self, delay: impl Into<Option<Duration>>) -> Self {
        self.with(|connect| connect.happy_eyeballs_delay(delay))
    }

    /// See [`Connect::interleave`].
    pub fn interleave(self, first: usize) -> Self {
        self.with(|connect| connect.interleave(first))
    }

    /// See [`Connect::all_errors`].
    pub fn all_errors(self, all: bool) -> Self {
        self.with(|connect| connect.all_errors(all))
    }

    /// See [`Connect::local_addr`].
    pub fn local_addr(self, address: impl ToAddrs) -> Self {
        self.with(|connect| connect.local_addr(address))
    }

    /// See [`Connect::family`].
    pub fn family(self, family: impl Into<Option<Family>>) -> Self {
        self.with(|connect| connect.family(family))
    }

    /// See [`Connect::resolver`].
    pub fn resolver(self, resolver: impl Resolver + 'static) -> Self {
        self.with(|connect| connect.resolver(resolver))
    }

    /// See [`Connect::nodelay`]. Yes at first, as in Python.
    pub fn nodelay(self, nodelay: bool) -> Self {
        self.with(|connect| connect.nodelay(nodelay))
    }

    /// See [`Connect::keepalive`].
    pub fn keepalive(self, probes: Keepalive) -> Self {
        self.with(|connect| connect.keepalive(probes))
    }

    fn with(mut self, set: impl FnOnce(Connect) -> Connect) -> Self {
        self.connect = set(self.connect);
        self
    }

    /// Connects, makes a transport of the connection, and begins TLS if that is wanted.
    pub(crate) async fn open(
        self,
        made: impl FnOnce(crate::TcpStream) -> io::Result<Transport>,
    ) -> io::Result<Transport> {
        #[cfg(feature = "tls")]
        let tls = self.tls.check(self.connect.host().as_deref())?;
        let transport = made(self.connect.await?)?;
        #[cfg(feature = "tls")]
        tls.begin(&transport).await?;
        Ok(transport)
    }
}

impl IntoFuture for OpenConnection {
    type Output = io::Result<(StreamReader, StreamWriter)>;
    type IntoFuture = Opening;

    fn into_future(self) -> Opening {
        Box::pin(async move {
            let (limit, location) = (self.limit, self.location);
            let transport = self.open(|stream| Ok(Transport::new(Box::new(stream)))).await?;
            let reader = StreamReader::new(transport.clone(), limit);
            Ok((reader, StreamWriter::opened(transport, location)))
        })
    }
}

/// Connects to the Unix socket on `path`, and gives a reader and a writer. Unix only.
///
/// # Errors
///
/// As [`UnixStream::connect`](crate::UnixStream::connect).
///
/// # Cancel safety
///
/// The attempt ends; a peer may have seen it.
///
/// # Python
///
/// `asyncio.open_unix_connection`.
#[cfg(unix)]
#[track_caller]
pub fn open_unix_connection(path: impl AsRef<Path>) -> OpenUnixConnection {
    OpenUnixConnection {
        path: path.as_ref().to_owned(),
        limit: LIMIT,
        location: Location::caller(),
        #[cfg(feature = "tls")]
        tls: Default::default(),
    }
}

/// A connection to be opened; from [`open_unix_connection`]. Awaiting it connects.
#[cfg(unix)]
#[derive(Debug)]
#[must_use = "connects when it is awaited"]
pub struct OpenUnixConnection {
    path: PathBuf,
    limit: usize,
    /// Where it is asked for.
    pub(crate) location: &'static Location<'static>,
    #[cfg(feature = "tls")]
    pub(crate) tls: crate::tls::OnOpening,
}

#[cfg(unix)]
impl OpenUnixConnection {
    /// The limit of the reader, in bytes; see [`StreamReader::limit`].
    pub fn limit(mut self, limit: NonZeroUsize) -> Self {
        self.limit = limit.get();
        self
    }
}

#[cfg(unix)]
impl OpenUnixConnection {
    /// As [`OpenConnection::open`].
    pub(crate) async fn open(
        self,
        made: impl FnOnce(crate::UnixStream) -> io::Result<Transport>,
    ) -> io::Result<Transport> {
        #[cfg(feature = "tls")]
        let tls = self.tls.check(None)?;
        let transport = made(crate::UnixStream::connect(&self.path).await?)?;
        #[cfg(feature = "tls")]
        tls.begin(&transport).await?;
        Ok(transport)
    }
}

#[cfg(unix)]
impl IntoFuture for OpenUnixConnection {
    type Output = io::Result<(StreamReader, StreamWriter)>;
    type IntoFuture = Opening;

    fn into_future(self) -> Opening {
        Box::pin(async move {
            let (limit, location) = (self.limit, self.location);
            let transport = self.open(|stream| Ok(Transport::new(Box::new(stream)))).await?;
            let reader = StreamReader::new(transport.clone(), limit);
            Ok((reader, StreamWriter::opened(transport, location)))
        })
    }
}
