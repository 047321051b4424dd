//! `Welcome`: what happens to a connection between its acceptance and its handler.

use crate::open::with_limit;
use crate::stream_reader::LIMIT;
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
        #[cfg(feature = "tls")]
        if let Err(error) = self.tls.begin(writer.transport()).await {
            super::acceptor::report("SSL handshake failed", error);
            return None;
        }
        Some((reader, writer))
    }
}
