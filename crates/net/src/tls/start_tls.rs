//! `start_tls`: TLS begins on a connection that is there.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use rustls::{ClientConfig, ServerConfig};

use super::failure::invalid;
use super::handshake::Role;
use super::options::{Options, option_methods};
use crate::{StreamReader, StreamWriter};

/// Which side a connection is on, and rustls' configuration for it; made from either of them.
#[derive(Debug, Clone)]
pub enum Side {
    /// It speaks first, and checks the other one's name.
    Client(Arc<ClientConfig>),
    /// It shows its certificate.
    Server(Arc<ServerConfig>),
}

impl Side {
    /// What the handshake needs to know.
    pub(super) fn role(self, server_hostname: Option<&str>) -> io::Result<Role> {
        match (self, server_hostname) {
            (Side::Client(config), Some(name)) => Role::client(config, name),
            (Side::Client(_), None) => Err(invalid("a client must know whom it wants: give server_hostname")),
            (Side::Server(config), None) => Ok(Role::Server(config)),
            (Side::Server(_), Some(_)) => Err(invalid(
                "server_hostname is for clients, and this is a server's side",
            )),
        }
    }
}

macro_rules! into_side {
    ($($side:ident $config:ident),*) => {$(
        impl From<Arc<$config>> for Side {
            fn from(config: Arc<$config>) -> Side {
                Side::$side(config)
            }
        }

        impl From<$config> for Side {
            fn from(config: $config) -> Side {
                Side::$side(Arc::new(config))
            }
        }
    )*};
}

into_side!(Client ClientConfig, Server ServerConfig);

impl StreamWriter {
    /// Goes over to TLS, when what was written has been sent but for a rest, which goes before it. Reader and writer stay
    /// what they are. `config` says which side this is: rustls' `ClientConfig` or `ServerConfig`, or an `Arc` of it. A
    /// client has to give the [`server_hostname`](StartTls::server_hostname).
    ///
    /// # Errors
    ///
    /// `InvalidInput` when something was received and not read: it came before TLS and could be anybody's, and the peer had to
    /// wait for an answer before it went on. Also when the reader is of another connection, when TLS was begun already, or
    /// when the name is missing or cannot be one. None of these has changed anything.
    ///
    /// When the handshake fails the connection is lost, after the peer was told why: [`rustls_error`](super::rustls_error) gives the
    /// cause. `TimedOut` when it takes too long, `UnexpectedEof` when the peer hangs up.
    ///
    /// # Cancel safety
    ///
    /// The connection is lost once the handshake has begun.
    ///
    /// # Python
    ///
    /// `StreamWriter.start_tls`.
    pub fn start_tls<'a>(
        &'a mut self,
        reader: &'a mut StreamReader,
        config: impl Into<Side>,
    ) -> StartTls<'a> {
        StartTls {
            writer: self,
            reader,
            side: config.into(),
            server_hostname: None,
            options: Options::default(),
        }
    }
}

/// TLS that is to begin; from [`StreamWriter::start_tls`]. Awaiting it does the handshake.
#[must_use = "TLS begins when it is awaited"]
pub struct StartTls<'a> {
    writer: &'a mut StreamWriter,
    reader: &'a mut StreamReader,
    side: Side,
    server_hostname: Option<String>,
    options: Options,
}

impl StartTls<'_> {
    /// The name that the server's certificate must have.
    pub fn server_hostname(mut self, name: impl Into<String>) -> Self {
        self.server_hostname = Some(name.into());
        self
    }

    option_methods!(options);

    async fn begin(self) -> io::Result<()> {
        let transport = self.writer.transport();
        if !self
            .reader
            .transport()
            .is_some_and(|other| other.is_same(transport))
        {
            return Err(invalid("the reader and the writer are of two connections"));
        }
        if transport.layer().is_some() {
            return Err(invalid("TLS was begun on this connection already"));
        }
        self.options.check(true)?;
        let role = self.side.role(self.server_hostname.as_deref())?;
        let unread = self.reader.buffered().len();
        if unread > 0 {
            return Err(invalid(format!(
                "{unread} bytes came before TLS and were not read: they are not protected by it"
            )));
        }
        if self.reader.at_eof() {
            let message = "the peer has ended the stream: TLS cannot begin";
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, message));
        }
        transport.drain().await?;
        role.handshake(transport, &self.options).await
    }
}

impl<'a> IntoFuture for StartTls<'a> {
    type Output = io::Result<()>;
    type IntoFuture = Pin<Box<dyn Future<Output = io::Result<()>> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.begin())
    }
}

impl fmt::Debug for StartTls<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartTls")
            .field("writer", &self.writer)
            .field("server_hostname", &self.server_hostname)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
