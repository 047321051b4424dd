//! `Welcome`: what happens to a connection between its acceptance and its handler.

use std::io;

use crate::open::with_limit;
use crate::stream_reader::LIMIT;
use crate::transport::Transport;
use crate::wire::Wire;
use crate::{StreamReader, StreamWriter};

/// The limit of the readers, and TLS.
#[derive(Debug, Clone)]
pub(crate) struct Welcome {
    pub(super) limit: usize,
    #[cfg(feature = "tls")]
    pub(crate) tls: crate::tls::OnAccepting,
}

impl Default for Welcome {
    fn default() -> Welcome {
        Welcome {
            limit: LIMIT,
            #[cfg(feature = "tls")]
            tls: Default::default(),
        }
    }
}

impl Welcome {
    /// A reader and a writer; `None` when TLS could not begin, which is reported.
    pub(super) async fn receive(&self, wire: impl Wire) -> Option<(StreamReader, StreamWriter)> {
        let (reader, writer) = with_limit(wire, self.limit);
        let secure = self.secure(writer.transport()).await;
        secure.then_some((reader, writer))
    }

    /// Whether nothing has to be awaited.
    pub(super) fn is_simple(&self) -> bool {
        #[cfg(feature = "tls")]
        return !self.tls.is_wanted();
        #[cfg(not(feature = "tls"))]
        true
    }

    /// Finds what is wrong with the options.
    pub(super) fn check(&self) -> io::Result<()> {
        #[cfg(feature = "tls")]
        self.tls.check()?;
        Ok(())
    }

    /// Begins TLS, if it is wanted; `false` when it could not begin, which is reported.
    pub(super) async fn secure(&self, transport: &Transport) -> bool {
        #[cfg(feature = "tls")]
        if let Err(error) = self.tls.begin(transport).await {
            super::acceptor::report("SSL handshake failed", error);
            return false;
        }
        let _ = transport;
        true
    }
}
