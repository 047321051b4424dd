//! `connect_accepted_socket`: a protocol for a connection that is there already.

use std::any::Any;
use std::fmt;
use std::future::IntoFuture;
use std::io;
use std::panic::Location;

use super::create_connection::{Creating, Make, begin, make};
use super::engine::AnyProtocol;
use super::pump::connected;
use crate::TcpStream;
use crate::transport::Transport;
use crate::wire::Wire;

/// Gives a connection that is there a protocol: one that was accepted elsewhere, or connected, a socket of this crate or a [`Wire`]
/// of one's own. Runs on the loop of this thread.
///
/// # Errors
///
/// Those of the TLS handshake, if there is one. When this thread turns no loop, as a worker of a pool.
///
/// # Cancel safety
///
/// The connection is closed.
///
/// # Python
///
/// `loop.connect_accepted_socket`, and `loop.create_connection(sock=...)`.
#[track_caller]
pub fn connect_accepted_socket<F, P, Kind>(factory: F, wire: impl Wire) -> ConnectAcceptedSocket
where
    F: FnOnce() -> P + 'static,
    P: AnyProtocol<Kind>,
{
    ConnectAcceptedSocket {
        wire: Box::new(move || {
            if let Some(stream) = (&wire as &dyn Any).downcast_ref::<TcpStream>() {
                // As in Python. A connection that is gone already will tell so.
                let _ = stream.set_nodelay(true);
            }
            connected(wire)
        }),
        make: make(factory),
        location: Location::caller(),
        #[cfg(feature = "tls")]
        tls: Default::default(),
    }
}

/// A connection that is to have a protocol; from [`connect_accepted_socket`]. Awaiting it begins.
#[must_use = "begins when it is awaited"]
pub struct ConnectAcceptedSocket {
    wire: Box<dyn FnOnce() -> io::Result<Transport>>,
    make: Make,
    location: &'static Location<'static>,
    #[cfg(feature = "tls")]
    tls: crate::tls::OnAccepting,
}

#[cfg(feature = "tls")]
mod tls {
    use std::sync::Arc;

    use rustls::ServerConfig;

    use super::ConnectAcceptedSocket;
    use crate::tls::option_methods;

    /// TLS; with the feature `tls`.
    impl ConnectAcceptedSocket {
        /// Speaks TLS, as the server.
        pub fn ssl(mut self, config: impl Into<Arc<ServerConfig>>) -> Self {
            self.tls.set_config(config.into());
            self
        }

        option_methods!(tls.options);
    }
}

impl IntoFuture for ConnectAcceptedSocket {
    type Output = io::Result<Transport>;
    type IntoFuture = Creating;

    fn into_future(self) -> Creating {
        Box::pin(async move {
            #[cfg(feature = "tls")]
            self.tls.check()?;
            let transport = (self.wire)()?;
            #[cfg(feature = "tls")]
            self.tls.begin(&transport).await?;
            begin(transport, (self.make)(), self.location).await
        })
    }
}

impl fmt::Debug for ConnectAcceptedSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectAcceptedSocket").finish_non_exhaustive()
    }
}
