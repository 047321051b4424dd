//! `OnAccepting`: TLS as a part of a server: the methods of `start_server`'s builders.

use std::io;
use std::sync::Arc;

use rustls::ServerConfig;

use super::handshake::Role;
use super::options::{Options, option_methods};
use crate::StartServer;
#[cfg(unix)]
use crate::StartUnixServer;
use crate::transport::Transport;

/// What was asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct OnAccepting {
    config: Option<Arc<ServerConfig>>,
    pub(crate) options: Options,
}

impl OnAccepting {
    pub(crate) fn set_config(&mut self, config: Arc<ServerConfig>) {
        self.config = Some(config);
    }

    pub(crate) fn is_wanted(&self) -> bool {
        self.config.is_some()
    }

    /// Finds what is wrong before anything is begun.
    pub(crate) fn check(&self) -> io::Result<()> {
        self.options.check(self.is_wanted())
    }

    /// Does the handshake, if there is to be TLS.
    pub(crate) async fn begin(&self, transport: &Transport) -> io::Result<()> {
        match &self.config {
            Some(config) => {
                let role = Role::Server(config.clone());
                // On the heap, and given back when it is over: a connection lives longer, and most have no TLS.
                Box::pin(role.handshake(transport, &self.options)).await
            }
            None => Ok(()),
        }
    }
}

/// TLS; with the feature `tls`.
impl StartServer {
    /// Serves over TLS. A handshake that fails is reported to the loop's exception handler, and no handler runs.
    pub fn ssl(mut self, config: impl Into<Arc<ServerConfig>>) -> Self {
        self.welcome.tls.config = Some(config.into());
        self
    }

    option_methods!(welcome.tls.options);
}

/// TLS; with the feature `tls`.
#[cfg(unix)]
impl StartUnixServer {
    /// Serves over TLS. A handshake that fails is reported to the loop's exception handler, and no handler runs.
    pub fn ssl(mut self, config: impl Into<Arc<ServerConfig>>) -> Self {
        self.welcome.tls.config = Some(config.into());
        self
    }

    option_methods!(welcome.tls.options);
}
