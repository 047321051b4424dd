//! `OnOpening`: TLS as a part of opening a connection: the methods of `open_connection`'s builders.

use std::io;
use std::sync::Arc;

use rustls::ClientConfig;

use super::failure::invalid;
use super::handshake::Role;
use super::options::{Options, option_methods};
use crate::OpenConnection;
#[cfg(unix)]
use crate::OpenUnixConnection;
use crate::transport::Transport;

/// What was asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct OnOpening {
    config: Option<Arc<ClientConfig>>,
    server_hostname: Option<String>,
    pub(super) options: Options,
}

/// What is to be done once there is a connection; nothing without TLS.
#[derive(Debug)]
pub(crate) struct Checked {
    role: Option<Role>,
    options: Options,
}

impl OnOpening {
    /// Finds what is wrong before a connection is made. `host` is whom the connection is for.
    pub(crate) fn check(self, host: Option<&str>) -> io::Result<Checked> {
        self.options.check(self.config.is_some())?;
        let role = match (self.config, self.server_hostname.as_deref().or(host)) {
            (Some(config), Some(name)) => Some(Role::client(config, name)?),
            (Some(_), None) => {
                return Err(invalid(
                    "TLS needs the name of the server: give server_hostname, the address does not tell it",
                ));
            }
            (None, _) if self.server_hostname.is_some() => {
                return Err(invalid("server_hostname means nothing without ssl"));
            }
            (None, _) => None,
        };
        let options = self.options;
        Ok(Checked { role, options })
    }
}

impl Checked {
    pub(crate) async fn begin(self, transport: &Transport) -> io::Result<()> {
        match self.role {
            Some(role) => role.handshake(transport, &self.options).await,
            None => Ok(()),
        }
    }
}

/// TLS; with the feature `tls`.
impl OpenConnection {
    /// Speaks TLS; see [`tls`](crate::tls) for where a configuration comes from. Without
    /// [`server_hostname`](OpenConnection::server_hostname) the certificate must be for the host that is connected to: its name,
    /// or its address if that is what was given.
    pub fn ssl(mut self, config: impl Into<Arc<ClientConfig>>) -> Self {
        self.tls.config = Some(config.into());
        self
    }

    /// The name that the server's certificate must have, when it is not the host's. For a list of addresses it must be given.
    pub fn server_hostname(mut self, name: impl Into<String>) -> Self {
        self.tls.server_hostname = Some(name.into());
        self
    }

    option_methods!(tls.options);
}

/// TLS; with the feature `tls`.
#[cfg(unix)]
impl OpenUnixConnection {
    /// Speaks TLS; see [`tls`](crate::tls) for where a configuration comes from. The
    /// [`server_hostname`](OpenUnixConnection::server_hostname) must be given.
    pub fn ssl(mut self, config: impl Into<Arc<ClientConfig>>) -> Self {
        self.tls.config = Some(config.into());
        self
    }

    /// The name that the server's certificate must have.
    pub fn server_hostname(mut self, name: impl Into<String>) -> Self {
        self.tls.server_hostname = Some(name.into());
        self
    }

    option_methods!(tls.options);
}
