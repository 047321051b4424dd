//! `start_tls` of a transport: TLS begins below a protocol.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::io;
use std::pin::Pin;

use super::failure::invalid;
use super::options::{Options, option_methods};
use super::start_tls::Side;
use crate::transport::Transport;

impl Transport {
    /// Goes over to TLS below the protocol, when what was written has been sent but for a rest, which goes before it. The
    /// transport stays what it is, and so does the protocol, which is given nothing during the handshake. `config` says
    /// which side this is. A client has to give the [`server_hostname`](StartTlsBelow::server_hostname).
    ///
    /// Call it when the peer waits for it: what came before was given to the protocol.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when the connection has no protocol (a stream has a `start_tls` of its own), when TLS was begun already, or
    /// when the name is missing or cannot be one. None of these has changed anything. When the handshake fails the connection is
    /// lost, and the protocol is told.
    ///
    /// # Cancel safety
    ///
    /// Once the handshake has begun the connection is lost.
    ///
    /// # Python
    ///
    /// `loop.start_tls`, which gives a new transport and leaves the old one useless.
    pub fn start_tls(&self, config: impl Into<Side>) -> StartTlsBelow<'_> {
        StartTlsBelow {
            transport: self,
            side: config.into(),
            server_hostname: None,
            options: Options::default(),
        }
    }
}

/// TLS that is to begin below a protocol; from [`Transport::start_tls`]. Awaiting it does the handshake.
#[must_use = "TLS begins when it is awaited"]
pub struct StartTlsBelow<'a> {
    transport: &'a Transport,
    side: Side,
    server_hostname: Option<String>,
    options: Options,
}

impl StartTlsBelow<'_> {
    /// The name that the server's certificate must have.
    pub fn server_hostname(mut self, name: impl Into<String>) -> Self {
        self.server_hostname = Some(name.into());
        self
    }

    option_methods!(options);

    async fn begin(self) -> io::Result<()> {
        let transport = self.transport;
        if transport.link().is_none() {
            return Err(invalid(
                "this connection has no protocol: use StreamWriter::start_tls",
            ));
        }
        if transport.layer().is_some() {
            return Err(invalid("TLS was begun on this connection already"));
        }
        self.options.check(true)?;
        let role = self.side.role(self.server_hostname.as_deref())?;
        let _held = transport.hold_reading();
        transport.drain().await?;
        role.handshake(transport, &self.options).await
    }
}

impl<'a> IntoFuture for StartTlsBelow<'a> {
    type Output = io::Result<()>;
    type IntoFuture = Pin<Box<dyn Future<Output = io::Result<()>> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.begin())
    }
}

impl fmt::Debug for StartTlsBelow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartTlsBelow")
            .field("transport", self.transport)
            .field("server_hostname", &self.server_hostname)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
