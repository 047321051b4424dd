//! `Connector`: opens connections for a client, as a service from a URI to a stream.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use asyncio_net::TcpStream;
use asyncio_tasks::timeout;
use http::Uri;

use super::link::{Kind, Link};
use crate::io::Io;

/// Opens connections to the hosts of URIs, racing the addresses of a name as `asyncio_net::connect` does; `https` with the feature
/// `tls`, given a configuration.
#[derive(Debug, Clone, Default)]
pub struct Connector {
    limit: Option<Duration>,
    #[cfg(feature = "tls")]
    tls: Option<std::sync::Arc<asyncio_net::tls::rustls::ClientConfig>>,
}

impl Connector {
    /// A connector without TLS, and without a limit but the system's.
    pub fn new() -> Connector {
        Connector::default()
    }

    /// Limits the time that connecting may take, TLS included.
    pub fn connect_timeout(mut self, limit: impl Into<Option<Duration>>) -> Connector {
        self.limit = limit.into();
        self
    }

    /// Speaks TLS with `https` servers. A configuration that names no protocols for ALPN offers HTTP/2 and HTTP/1.1.
    #[cfg(feature = "tls")]
    pub fn tls(
        mut self,
        config: impl Into<std::sync::Arc<asyncio_net::tls::rustls::ClientConfig>>,
    ) -> Connector {
        self.tls = Some(crate::client::offering_both(config.into()));
        self
    }

    async fn connect(self, uri: Uri) -> io::Result<Io<Link>> {
        let limit = self.limit;
        match timeout(limit, self.open(uri)).await {
            Ok(opened) => opened,
            Err(_) => {
                let message = format!("connecting took more than {:?}", limit.unwrap_or_default());
                Err(io::Error::new(io::ErrorKind::TimedOut, message))
            }
        }
    }

    async fn open(self, uri: Uri) -> io::Result<Io<Link>> {
        let host = uri.host().ok_or_else(|| invalid("the URI names no host", &uri))?;
        // Without the brackets of an IPv6 address.
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(invalid("the URI's scheme is neither http nor https", &uri)),
        };
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        #[cfg(feature = "tls")]
        let config = match (secure, self.tls) {
            (true, None) => return Err(invalid("the connector has no TLS configuration", &uri)),
            (true, config) => config,
            (false, _) => None,
        };
        #[cfg(not(feature = "tls"))]
        if secure {
            return Err(invalid("https needs the feature `tls`", &uri));
        }
        let stream = TcpStream::connect((host.clone(), port)).await?;
        let _gone = stream.as_async().get_ref().set_nodelay(true);
        #[cfg(feature = "tls")]
        if let Some(config) = config {
            let (reader, writer) = asyncio_net::tls::connect(stream, config, host).await?;
            return Ok(Io::new(Link(Kind::Secure(crate::Secure::new(reader, writer)))));
        }
        Ok(Io::new(Link(Kind::Plain(stream))))
    }
}

fn invalid(what: &str, uri: &Uri) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("{what}: {uri}"))
}

/// A connection that is being opened.
pub type Connecting = Pin<Box<dyn Future<Output = io::Result<Io<Link>>> + Send>>;

impl tower_service::Service<Uri> for Connector {
    type Response = Io<Link>;
    type Error = io::Error;
    type Future = Connecting;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Connecting {
        Box::pin(self.clone().connect(uri))
    }
}
