//! `TlsInfo`: what a handshake has agreed upon.

use rustls::pki_types::CertificateDer;
use rustls::{CipherSuite, Connection, HandshakeKind, ProtocolVersion};

use super::layer::TlsLayer;
use crate::transport::Transport;

/// What both sides have agreed upon, and who the peer is; from [`Transport::tls_info`].
///
/// # Python
///
/// `writer.get_extra_info("ssl_object")` with its `version()`, `cipher()`, `selected_alpn_protocol()`,
/// `getpeercert(binary_form=True)` and `session_reused`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsInfo {
    /// TLS 1.2 or 1.3.
    pub protocol_version: Option<ProtocolVersion>,
    /// How the bytes are encrypted.
    pub cipher_suite: Option<CipherSuite>,
    /// The protocol inside of TLS, if both sides name some: `h2`, `http/1.1`.
    pub alpn_protocol: Option<Vec<u8>>,
    /// The peer's certificate, and what it sent to show who signed it; empty when it has shown none.
    pub peer_certificates: Vec<CertificateDer<'static>>,
    /// The name by which the client called the server: on the client's side the one that was checked, on the server's the
    /// one that the client has sent.
    pub server_hostname: Option<String>,
    /// Whether the keys of an earlier connection were used again, which makes the handshake short.
    pub session_reused: bool,
}

impl Transport {
    /// What TLS has agreed upon; `None` without TLS, and before its handshake is done.
    #[doc(alias = "get_extra_info")]
    pub fn tls_info(&self) -> Option<TlsInfo> {
        let session = TlsLayer::of(self)?.lock();
        let connection = session.connection();
        if connection.is_handshaking() {
            return None;
        }
        let server_hostname = match connection {
            Connection::Client(_) => Some(session.peer().to_owned()),
            Connection::Server(connection) => connection.server_name().map(str::to_owned),
        };
        Some(TlsInfo {
            protocol_version: connection.protocol_version(),
            cipher_suite: connection.negotiated_cipher_suite().map(|suite| suite.suite()),
            alpn_protocol: connection.alpn_protocol().map(<[u8]>::to_vec),
            peer_certificates: connection.peer_certificates().unwrap_or_default().to_vec(),
            server_hostname,
            session_reused: connection.handshake_kind() == Some(HandshakeKind::Resumed),
        })
    }
}
