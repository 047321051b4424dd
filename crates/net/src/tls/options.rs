//! `Options`: what can be set of a TLS connection, apart from rustls' own configuration.

use std::io;
use std::time::Duration;

use super::failure::invalid;

/// As in Python.
const HANDSHAKE: Duration = Duration::from_secs(60);
const SHUTDOWN: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    pub(crate) handshake_timeout: Option<Duration>,
    pub(crate) shutdown_timeout: Option<Duration>,
    pub(crate) allow_truncation: bool,
}

impl Options {
    pub(super) fn handshake_timeout(&self) -> Duration {
        self.handshake_timeout.unwrap_or(HANDSHAKE)
    }

    pub(super) fn shutdown_timeout(&self) -> Duration {
        self.shutdown_timeout.unwrap_or(SHUTDOWN)
    }

    /// Finds what makes no sense, before anything is begun. `tls`: whether there is to be TLS.
    pub(super) fn check(&self, tls: bool) -> io::Result<()> {
        for (name, timeout) in [
            ("ssl_handshake_timeout", self.handshake_timeout),
            ("ssl_shutdown_timeout", self.shutdown_timeout),
        ] {
            match timeout {
                Some(_) if !tls => return Err(invalid(format!("{name} means nothing without ssl"))),
                Some(Duration::ZERO) => {
                    return Err(invalid(format!(
                        "{name} must be more than zero; without it the default holds"
                    )));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// The builders' methods for `Options`, which lie in the field that is named.
macro_rules! option_methods {
    ($($field:ident).+) => {
        /// How long the handshake may take; 60 seconds at first. Zero is an error (`InvalidInput`).
        pub fn ssl_handshake_timeout(mut self, timeout: std::time::Duration) -> Self {
            self.$($field).+.handshake_timeout = Some(timeout);
            self
        }

        /// How long the peer may take nothing of what is still to be sent after `close`, and then how long it may
        /// take to answer our close_notify; 30 seconds at first. Zero is an error (`InvalidInput`).
        pub fn ssl_shutdown_timeout(mut self, timeout: std::time::Duration) -> Self {
            self.$($field).+.shutdown_timeout = Some(timeout);
            self
        }

        /// Whether the end of the connection without close_notify is the end of the stream, and no error.
        ///
        /// Anybody on the way can end a connection so. It is safe where the data itself tells its end, as HTTP's does.
        pub fn ssl_allow_truncation(mut self, allow: bool) -> Self {
            self.$($field).+.allow_truncation = allow;
            self
        }
    };
}

pub(crate) use option_methods;
