//! `connect` and `accept`: TLS over anything that carries bytes.

use std::future::IntoFuture;
use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;

use rustls::{ClientConfig, ServerConfig};

use super::handshake::Role;
use super::options::{Options, option_methods};
use super::start_tls::Side;
use crate::open::{Opening, with_limit};
use crate::stream_reader::LIMIT;
use crate::{StreamReader, StreamWriter, Wire};

/// The client's side of TLS over a connection that is there: a socket of this crate, or a [`Wire`] of one's own. The server's
/// certificate must be for `server_hostname`.
///
/// # Errors
///
/// `InvalidInput` when the name cannot be one. When the handshake fails the peer was told why:
/// [`rustls_error`](super::rustls_error) gives the cause. `TimedOut` when it takes too long, `UnexpectedEof` when the peer hangs up.
///
/// # Cancel safety
///
/// The connection is closed.
pub fn connect<W: Wire>(
    wire: W,
    config: impl Into<Arc<ClientConfig>>,
    server_hostname: impl Into<String>,
) -> Over<W> {
    Over::new(wire, Side::Client(config.into()), server_hostname.into())
}

/// The server's side of TLS over a connection that was accepted.
///
/// # Errors
///
/// As [`connect`].
///
/// # Cancel safety
///
/// The connection is closed.
pub fn accept<W: Wire>(wire: W, config: impl Into<Arc<ServerConfig>>) -> Over<W> {
    Over::new(wire, Side::Server(config.into()), String::new())
}

/// TLS that is to begin; from [`connect`] and [`accept`]. Awaiting it does the handshake, and gives a reader and a writer.
#[derive(Debug)]
#[must_use = "TLS begins when it is awaited"]
pub struct Over<W> {
    wire: W,
    side: Side,
    server_hostname: String,
    limit: usize,
    options: Options,
}

impl<W: Wire> Over<W> {
    fn new(wire: W, side: Side, server_hostname: String) -> Over<W> {
        Over {
            wire,
            side,
            server_hostname,
            limit: LIMIT,
            options: Options::default(),
        }
    }

    /// The limit of the reader, in bytes; see [`StreamReader::limit`].
    pub fn limit(mut self, limit: NonZeroUsize) -> Self {
        self.limit = limit.get();
        self
    }

    option_methods!(options);

    async fn begin(self) -> io::Result<(StreamReader, StreamWriter)> {
        self.options.check(true)?;
        let role = match self.side {
            Side::Client(config) => Role::client(config, &self.server_hostname)?,
            Side::Server(config) => Role::Server(config),
        };
        let (reader, writer) = with_limit(self.wire, self.limit);
        role.handshake(writer.transport(), &self.options).await?;
        Ok((reader, writer))
    }
}

impl<W: Wire> IntoFuture for Over<W> {
    type Output = io::Result<(StreamReader, StreamWriter)>;
    type IntoFuture = Opening;

    fn into_future(self) -> Opening {
        Box::pin(self.begin())
    }
}
