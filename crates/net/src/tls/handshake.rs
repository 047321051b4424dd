//! The handshake: TLS begins on a transport.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use asyncio_timers::sleep;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, Connection, ServerConfig, ServerConnection};

use super::failure::{failed, invalid};
use super::layer::TlsLayer;
use super::options::Options;
use crate::error::named;
use crate::transport::Transport;

/// The name of a server as TLS wants it.
fn server_name(name: &str) -> io::Result<ServerName<'static>> {
    // A name that is written with its root is the same name, and certificates are written without.
    let bare = name.strip_suffix('.').unwrap_or(name);
    ServerName::try_from(bare.to_owned())
        .map_err(|_| invalid(format!("{name:?} cannot be the name of a TLS server")))
}

/// What one side needs for the handshake.
#[derive(Debug)]
pub(crate) enum Role {
    Client(Arc<ClientConfig>, ServerName<'static>),
    Server(Arc<ServerConfig>),
}

impl Role {
    /// A client that wants the server of this name.
    pub(super) fn client(config: Arc<ClientConfig>, name: &str) -> io::Result<Role> {
        Ok(Role::Client(config, server_name(name)?))
    }

    /// Begins TLS.
    pub(crate) async fn handshake(self, transport: &Transport, options: &Options) -> io::Result<()> {
        let (connection, peer) = match self {
            Role::Client(config, name) => {
                let peer = name.to_str().into_owned();
                (ClientConnection::new(config, name).map(Connection::from), peer)
            }
            Role::Server(config) => {
                let peer = match transport.tcp().map(crate::TcpStream::peer_addr) {
                    Some(Ok(address)) => address.to_string(),
                    _ => "the client".to_owned(),
                };
                (ServerConnection::new(config).map(Connection::from), peer)
            }
        };
        match connection {
            Ok(connection) => handshake(transport, connection, options, peer).await,
            Err(error) => Err(failed(true, &peer, error)),
        }
    }
}

/// When it fails, or is dropped, the connection is lost: nobody can go on in the middle of a handshake.
async fn handshake(
    transport: &Transport,
    connection: Connection,
    options: &Options,
    peer: String,
) -> io::Result<()> {
    let what = format!("TLS handshake with {peer}");
    let layer = TlsLayer::new(connection, options, peer);
    if transport.set_layer(Box::new(layer)).is_err() {
        return Err(invalid("TLS was begun on this connection already"));
    }
    let Some(layer) = TlsLayer::of(transport) else {
        return Err(invalid("this connection has a layer that is not TLS"));
    };
    let unfinished = Unfinished(transport);
    let mut late = sleep(options.handshake_timeout());
    let done = poll_fn(|cx| {
        if let Poll::Ready(done) = layer.poll_handshake(transport, cx) {
            return Poll::Ready(done);
        }
        Pin::new(&mut late).poll(cx).map(|()| {
            let message = format!("not done after {:?}", options.handshake_timeout());
            Err(io::Error::new(io::ErrorKind::TimedOut, message))
        })
    })
    .await;
    match done {
        Ok(()) => {
            std::mem::forget(unfinished);
            Ok(())
        }
        Err(error) if super::rustls_error(&error).is_some() => Err(transport.lost(error)),
        Err(error) => Err(transport.lost(named(what, error))),
    }
}

/// A handshake that was dropped.
struct Unfinished<'a>(&'a Transport);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
