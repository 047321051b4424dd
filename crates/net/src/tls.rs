//! TLS for streams, by [`rustls`]. With the feature `tls`.
//!
//! - A client: [`open_connection(address).ssl(config)`](crate::OpenConnection::ssl), with [`client_config`], which trusts whom the system
//!   trusts, or a configuration of rustls' own.
//! - A server: [`start_server(handler, address).ssl(config)`](crate::StartServer::ssl), with [`server_config`]; or [`accept`] over a
//!   connection that was accepted otherwise.
//! - On a connection that is there: [`StreamWriter::start_tls`](crate::StreamWriter::start_tls), for both sides.
//!
//! What was agreed upon is in [`Transport::tls_info`](crate::Transport::tls_info).
//!
//! # Configuration
//!
//! There is none of our own: the functions here make rustls' `ClientConfig` and `ServerConfig` from PEM text, and
//! everything else is in their fields, as for ALPN `config.alpn_protocols = vec![b"h2".to_vec()]`. Each can be given as it is, or in
//! an `Arc` to be shared.
//!
//! # The end
//!
//! `close` sends what was written, and then close_notify. Until the peer's close_notify comes, or its time
//! ([`ssl_shutdown_timeout`](crate::OpenConnection::ssl_shutdown_timeout)) is over, what it still sends is read and thrown
//! away, and `wait_closed` waits, as in Python; when the time is over it gives a `TimedOut`. A reader sees the end at once.
//! The time begins anew while the peer takes what is still to be sent: in Python a long rest is cut off. `abort` does
//! none of this.
//!
//! When the peer says close_notify first, the reader sees the end, and one can go on writing: Python closes then. When the peer's
//! connection ends without close_notify, somebody may have cut off the rest: the reader gives an `UnexpectedEof`, unless
//! [`ssl_allow_truncation`](crate::OpenConnection::ssl_allow_truncation) was set. One direction cannot be ended alone with `write_eof`.
//!
//! # Limits
//!
//! A handshake has its time ([`ssl_handshake_timeout`](crate::OpenConnection::ssl_handshake_timeout)), a handshake's message 64 KiB, and at
//! most one read's worth, 64 KiB, lies unopened. What was written lies as records in the transport's queue, and the water
//! marks count them.
//!
//! # Examples
//!
//! ```no_run
//! use asyncio_net::{open_connection, tls};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let (mut reader, mut writer) = open_connection("example.org:443").ssl(tls::client_config()?).await?;
//! writer.write(b"HEAD / HTTP/1.0\r\nHost: example.org\r\n\r\n")?;
//! println!("{:?}", reader.readline().await?);
//! # Ok(())
//! # }
//! ```

mod config;
mod failure;
mod farewell;
mod handshake;
mod info;
mod layer;
mod on_accepting;
mod on_opening;
mod options;
mod over;
mod session;
mod start_tls;
mod start_tls_below;

/// The implementation, of which configurations and errors are used as they are.
pub use rustls;

pub use config::{
    certificates, client_config, client_config_with_certificate, client_config_with_roots, private_key,
    root_store, server_config, server_config_with_client_roots,
};
pub use failure::rustls_error;
pub use info::TlsInfo;
pub use over::{Over, accept, connect};
pub use start_tls::{Side, StartTls};
pub use start_tls_below::StartTlsBelow;

pub(crate) use on_accepting::OnAccepting;
pub(crate) use on_opening::OnOpening;
pub(crate) use options::option_methods;
