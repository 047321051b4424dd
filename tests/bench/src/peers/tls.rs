//! Echo over TLS: one configuration of rustls, each peer's way to run it.

use std::future::Future;
use std::sync::Arc;

use asyncio::net::TcpListener;
use asyncio::net::tls::{self, rustls::ServerConfig};
use smol::Async;
use smol::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{Ours, Peer, Smol, TokioCt};

/// The buffer of a connection.
const ROOM: usize = 1024;

/// A loop with TLS.
pub trait Tls: Peer {
    /// Binds, calls `bound` with the port, then echoes on every connection for ever.
    fn tls_echo(
        self,
        config: Arc<ServerConfig>,
        bound: impl FnOnce(u16) + 'static,
    ) -> impl Future<Output = ()> + 'static;
}

async fn ours(stream: asyncio::net::TcpStream, config: Arc<ServerConfig>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut reader, writer) = tls::accept(stream, config).await?;
    loop {
        let bytes = reader.read(ROOM).await?;
        if bytes.is_empty() {
            return Ok(());
        }
        writer.write_owned(bytes)?;
        writer.drain().await?;
    }
}

impl Tls for Ours {
    async fn tls_echo(self, config: Arc<ServerConfig>, bound: impl FnOnce(u16) + 'static) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        bound(listener.local_addr().unwrap().port());
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            drop(asyncio::create_task(ours(stream, config.clone())));
        }
    }
}

async fn tokio_echo(
    stream: tokio::net::TcpStream,
    acceptor: tokio_rustls::TlsAcceptor,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = acceptor.accept(stream).await?;
    let mut buffer = vec![0; ROOM];
    loop {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..read]).await?;
        stream.flush().await?;
    }
}

impl Tls for TokioCt {
    async fn tls_echo(self, config: Arc<ServerConfig>, bound: impl FnOnce(u16) + 'static) {
        let acceptor = tokio_rustls::TlsAcceptor::from(config);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        bound(listener.local_addr().unwrap().port());
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(tokio_echo(stream, acceptor.clone()));
        }
    }
}

async fn smol_echo(
    stream: Async<std::net::TcpStream>,
    acceptor: futures_rustls::TlsAcceptor,
) -> std::io::Result<()> {
    stream.get_ref().set_nodelay(true)?;
    let mut stream = acceptor.accept(stream).await?;
    let mut buffer = vec![0; ROOM];
    loop {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..read]).await?;
        stream.flush().await?;
    }
}

impl Tls for Smol {
    async fn tls_echo(self, config: Arc<ServerConfig>, bound: impl FnOnce(u16) + 'static) {
        let acceptor = futures_rustls::TlsAcceptor::from(config);
        let listener = Async::<std::net::TcpListener>::bind(([127, 0, 0, 1], 0)).unwrap();
        bound(listener.get_ref().local_addr().unwrap().port());
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            self.0.spawn(smol_echo(stream, acceptor.clone())).detach();
        }
    }
}
