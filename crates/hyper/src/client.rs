//! `Connection`: one connection to a server, to send requests over.
//!
//! hyper's driver of a connection is a task that the handle owns: it goes with it.

use std::error::Error;
use std::fmt;
use std::future::IntoFuture;
use std::io;
use std::pin::Pin;

use asyncio_net::{TcpStream, ToAddrs};
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::rt::Executor;

use crate::io::{Io, Stream};
use crate::{TaskOwner, Timer};

/// Connects to a server of HTTP/1; with options also of HTTP/2, and with TLS.
///
/// # Errors
///
/// Those of connecting and of TLS; one of hyper's, in an `io::Error`, when the connection cannot begin.
///
/// # Panics
///
/// When awaited where no loop runs.
///
/// # Cancel safety
///
/// Dropped, the connection is closed.
///
/// # Examples
///
/// See the [crate](crate).
pub fn connect<B>(address: impl ToAddrs + Send + 'static) -> Connect<B>
where
    B: Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    Connect {
        open: Box::pin(TcpStream::connect(address)),
        http2: false,
        #[cfg(feature = "tls")]
        tls: None,
        body: std::marker::PhantomData,
    }
}

type Opens<T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send>>;

/// A connection to be opened; from [`connect`]. Awaiting it gives a [`Connection`].
#[must_use = "connects when it is awaited"]
pub struct Connect<B> {
    open: Opens<TcpStream>,
    http2: bool,
    #[cfg(feature = "tls")]
    tls: Option<(std::sync::Arc<asyncio_net::tls::rustls::ClientConfig>, String)>,
    body: std::marker::PhantomData<fn(B)>,
}

impl<B> Connect<B>
where
    B: Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    /// Speaks HTTP/2 with a server that is known to. (With TLS both sides agree.)
    pub fn http2(mut self) -> Connect<B> {
        self.http2 = true;
        self
    }

    /// Speaks TLS with a server whose certificate must be for `server_hostname`. A configuration that names no protocols for
    /// ALPN offers HTTP/2 and HTTP/1.1.
    #[cfg(feature = "tls")]
    pub fn tls(
        mut self,
        config: impl Into<std::sync::Arc<asyncio_net::tls::rustls::ClientConfig>>,
        server_hostname: impl Into<String>,
    ) -> Connect<B> {
        self.tls = Some((config.into(), server_hostname.into()));
        self
    }

    async fn open(self) -> io::Result<Connection<B>> {
        let stream = self.open.await?;
        let _gone = stream.as_async().get_ref().set_nodelay(true);
        #[cfg(feature = "tls")]
        if let Some((config, server_hostname)) = self.tls {
            let config = offering_both(config);
            let (reader, writer) = asyncio_net::tls::connect(stream, config, server_hostname).await?;
            let secure = crate::Secure::new(reader, writer);
            let http2 = self.http2 || secure.speaks_h2();
            return Connection::over(Io::new(secure), http2).await;
        }
        Connection::over(Io::new(stream), self.http2).await
    }
}

/// With both versions to choose from, unless it has its own.
#[cfg(feature = "tls")]
pub(crate) fn offering_both(
    mut config: std::sync::Arc<asyncio_net::tls::rustls::ClientConfig>,
) -> std::sync::Arc<asyncio_net::tls::rustls::ClientConfig> {
    if config.alpn_protocols.is_empty() {
        let names = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        std::sync::Arc::make_mut(&mut config).alpn_protocols = names;
    }
    config
}

impl<B> IntoFuture for Connect<B>
where
    B: Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Output = io::Result<Connection<B>>;
    type IntoFuture = Opens<Connection<B>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.open())
    }
}

impl<B> fmt::Debug for Connect<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connect")
            .field("http2", &self.http2)
            .finish_non_exhaustive()
    }
}

/// One connection to a server; from [`connect`], or [over](Connection::over) a stream that is there.
///
/// Dropping it closes the connection, also under a body of an answer that is still being read.
pub struct Connection<B> {
    sender: Sender<B>,
    owner: TaskOwner,
}

enum Sender<B> {
    One(http1::SendRequest<B>),
    Two(http2::SendRequest<B>),
}

fn failed(error: hyper::Error) -> io::Error {
    io::Error::other(error)
}

impl<B> Connection<B>
where
    B: Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    /// Speaks HTTP over a stream that is there: `http2`, or HTTP/1.
    ///
    /// # Errors
    ///
    /// One of hyper's, in an `io::Error`.
    ///
    /// # Panics
    ///
    /// Where no loop runs.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the stream is closed.
    pub async fn over<T>(io: Io<T>, http2: bool) -> io::Result<Connection<B>>
    where
        T: Stream + Send + 'static,
    {
        let owner = TaskOwner::new();
        let sender = if http2 {
            let mut builder = http2::Builder::new(owner.here());
            let (sender, connection) = builder.timer(Timer).handshake(io).await.map_err(failed)?;
            owner.here().execute(connection);
            Sender::Two(sender)
        } else {
            let (sender, connection) = http1::handshake(io).await.map_err(failed)?;
            owner.here().execute(connection.with_upgrades());
            Sender::One(sender)
        };
        Ok(Connection { sender, owner })
    }

    /// Sends a request and waits for the head of its answer. HTTP/1 wants the path alone as the URI, and a `Host`.
    ///
    /// # Errors
    ///
    /// hyper's: the connection has ended, the peer does not speak HTTP, the body of the request has failed.
    ///
    /// # Cancel safety
    ///
    /// The request may have been sent. With HTTP/1 the connection ends, with HTTP/2 the stream alone.
    pub async fn send_request(&mut self, request: Request<B>) -> hyper::Result<Response<Incoming>> {
        match &mut self.sender {
            Sender::One(sender) => {
                sender.ready().await?;
                sender.send_request(request).await
            }
            Sender::Two(sender) => {
                sender.ready().await?;
                sender.send_request(request).await
            }
        }
    }

    /// Whether HTTP/2 is spoken.
    pub fn is_http2(&self) -> bool {
        matches!(self.sender, Sender::Two(_))
    }

    /// Whether the connection has ended.
    pub fn is_closed(&self) -> bool {
        match &self.sender {
            Sender::One(sender) => sender.is_closed(),
            Sender::Two(sender) => sender.is_closed(),
        }
    }

    /// Ends the connection after what it does now, and waits for that.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the connection is closed.
    pub async fn close(self) {
        let Connection { sender, owner } = self;
        drop(sender);
        owner.drain().await;
    }
}

impl<B> fmt::Debug for Connection<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}
