//! `Options`: what can be set of a TLS connection, apart from rustls' own configuration.

use std::time::Duration;

/// As in Python.
const HANDSHAKE: Duration = Duration::from_secs(60);
const SHUTDOWN: Duration = Duration::from_secs(30);

#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) handshake_timeout: Duration,
    pub(crate) shutdown_timeout: Duration,
    pub(crate) allow_truncation: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            handshake_timeout: HANDSHAKE,
            shutdown_timeout: SHUTDOWN,
            allow_truncation: false,
        }
    }
}

/// The builders' methods for `Options`, which lie in the field that is named.
macro_rules! option_methods {
    ($($field:ident).+) => {
        /// How long the handshake may take; 60 seconds at first.
        pub fn ssl_handshake_timeout(mut self, timeout: std::time::Duration) -> Self {
            self.$($field).+.handshake_timeout = timeout;
            self
        }

        /// How long the peer may take nothing of what is still to be sent after `close`, and then how long it may
        /// take to answer our close_notify; 30 seconds at first.
        pub fn ssl_shutdown_timeout(mut self, timeout: std::time::Duration) -> Self {
            self.$($field).+.shutdown_timeout = timeout;
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
