//! Certificates for the tests of TLS, and both ends of a connection.

#![allow(dead_code, reason = "no test uses all of it")]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::io;
use std::sync::Arc;
use std::time::Duration;

use asyncio_net::tls::{self, rustls};
use asyncio_net::{StreamReader, StreamWriter, TcpListener, open_connection};
use futures_lite::future;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::{ClientConfig, ServerConfig};

pub(crate) type Streams = (StreamReader, StreamWriter);

/// Somebody who signs certificates.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) pem: String,
}

/// A certificate and its key.
pub(crate) struct Signed {
    pub(crate) pem: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new() -> Authority {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        params
            .distinguished_name
            .push(DnType::CommonName, "the tests' own authority");
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Authority {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    /// For `localhost`, `127.0.0.1` and `::1`.
    pub(crate) fn sign(&self) -> Signed {
        self.sign_as(&["localhost", "127.0.0.1", "::1"], |_| ())
    }

    pub(crate) fn sign_as(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Signed {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.use_authority_key_identifier_extension = true;
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let pem = params.signed_by(&key, &self.issuer).unwrap().pem();
        let key = key.serialize_pem();
        Signed { pem, key }
    }

    pub(crate) fn client(&self) -> Arc<ClientConfig> {
        Arc::new(tls::client_config_with_roots(&self.pem).unwrap())
    }
}

impl Signed {
    pub(crate) fn server(&self) -> Arc<ServerConfig> {
        Arc::new(tls::server_config(&self.pem, &self.key).unwrap())
    }
}

/// Configurations that fit.
pub(crate) fn configs() -> (Arc<ClientConfig>, Arc<ServerConfig>) {
    let authority = Authority::new();
    (authority.client(), authority.sign().server())
}

/// What both ends say to a connection with these configurations.
pub(crate) async fn attempt(
    client: impl Into<Arc<ClientConfig>>,
    server: impl Into<Arc<ServerConfig>>,
) -> (io::Result<Streams>, io::Result<Streams>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let opened = open_connection(listener.local_addr().unwrap())
        .ssl(client)
        .server_hostname("localhost");
    let accepted = async {
        let (stream, _) = listener.accept().await?;
        tls::accept(stream, server).await
    };
    future::zip(opened.into_future(), accepted).await
}

/// A client and a server that have shaken hands.
pub(crate) async fn pair() -> io::Result<(Streams, Streams)> {
    let (client, server) = configs();
    let (client, server) = attempt(client, server).await;
    Ok((client?, server?))
}

/// `done`, but no longer than half a minute.
pub(crate) async fn limited<T>(done: impl Future<Output = T>) -> T {
    let late = async {
        asyncio_timers::sleep(Duration::from_secs(30)).await;
        panic!("not done after 30 s")
    };
    future::or(done, late).await
}

pub(crate) fn run<T>(test: impl Future<Output = T>) -> T {
    future::block_on(limited(test))
}
