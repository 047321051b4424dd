//! TLS as it should go: what is agreed upon, and what is said on each side arrives on the other.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::future::IntoFuture;
use std::io;
use std::sync::Arc;

use asyncio_net::tls::{self, TlsInfo, rustls};
use asyncio_net::{TcpListener, open_connection, stream};
use futures_lite::future;
use rustls::ProtocolVersion;

#[path = "kit/common.rs"]
mod common;
#[path = "kit/tls.rs"]
mod kit;

use kit::{Authority, Streams, attempt, configs, pair, run};

static_assertions::assert_impl_all!(TlsInfo: Send, Sync, Unpin, Clone);
static_assertions::assert_impl_all!(tls::Side: Send, Sync, Unpin, Clone);
static_assertions::assert_impl_all!(tls::StartTls<'static>: Send, Sync, Unpin);
static_assertions::assert_impl_all!(tls::Over<asyncio_net::TcpStream>: Send, Sync, Unpin);

/// Says something on each side, and ends both.
async fn talk(client: Streams, server: Streams) -> io::Result<()> {
    let (mut client, to_server) = client;
    let (mut server, to_client) = server;
    to_server.write(b"are you there?\n")?;
    assert_eq!(server.readline().await?, "are you there?\n");
    to_client.writelines([&b"yes, "[..], b"", b"I am\n"])?;
    assert_eq!(client.readline().await?, "yes, I am\n");
    to_server.close();
    assert!(server.read_to_end().await?.is_empty());
    to_client.close();
    future::try_zip(to_server.wait_closed(), to_client.wait_closed()).await?;
    assert!(client.read(1).await?.is_empty());
    assert!(to_server.write(b"more").is_err());
    Ok(())
}

#[test]
fn both_sides_are_heard_and_both_say_farewell_on_every_executor() {
    common::everywhere(|| async {
        let (mut client, server) = pair().await?;
        assert!(common::poll_once(client.0.read(1)).await.is_none());
        talk(client, server).await
    });
}

#[cfg(unix)]
#[test]
fn a_unix_socket_can_speak_tls() {
    let directory = std::env::temp_dir().join(format!("asyncio-net-tls-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let path = directory.join("socket");
    let (client, server) = configs();
    run(async {
        let listener = asyncio_net::UnixListener::bind(&path)?;
        let nameless = asyncio_net::open_unix_connection(&path).ssl(client.clone()).await;
        assert_eq!(nameless.unwrap_err().kind(), io::ErrorKind::InvalidInput);
        let opened = asyncio_net::open_unix_connection(&path)
            .ssl(client)
            .server_hostname("localhost");
        let accepted = async { tls::accept(listener.accept().await?.0, server).await };
        let (client, server) = future::try_zip(opened.into_future(), accepted).await?;
        talk(client, server).await
    })
    .unwrap();
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn the_name_is_that_of_the_host_or_its_address() {
    let (client, server) = configs();
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        for host in ["localhost", "127.0.0.1"] {
            let opened = open_connection((host, address.port())).ssl(client.clone());
            let accepted = async { tls::accept(listener.accept().await?.0, server.clone()).await };
            let (opened, accepted) = future::try_zip(opened.into_future(), accepted).await?;
            assert_eq!(
                opened.1.tls_info().unwrap().server_hostname.as_deref(),
                Some(host)
            );
            let heard = accepted.1.tls_info().unwrap().server_hostname;
            assert_eq!(heard.is_some(), host != "127.0.0.1", "{heard:?}");
        }
        let rooted = open_connection(address)
            .ssl(client.clone())
            .server_hostname("localhost.");
        let accepted = async { tls::accept(listener.accept().await?.0, server).await };
        future::try_zip(rooted.into_future(), accepted).await?;
        let several = open_connection([address, address]).ssl(client.clone()).await;
        assert!(several.unwrap_err().to_string().contains("server_hostname"));
        let wrong = open_connection(address).ssl(client).server_hostname("a b").await;
        assert!(wrong.unwrap_err().to_string().contains("\"a b\""));
        let useless = open_connection(address).server_hostname("localhost").await;
        assert!(useless.unwrap_err().to_string().contains("without ssl"));
        io::Result::Ok(())
    })
    .unwrap();
}

/// STR-27.
#[test]
fn what_was_agreed_upon_can_be_looked_up() {
    let authority = Authority::new();
    let signed = authority.sign();
    let mut server = tls::server_config(&signed.pem, &signed.key).unwrap();
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let mut client = tls::client_config_with_roots(&authority.pem).unwrap();
    client.alpn_protocols = vec![b"http/1.1".to_vec()];
    run(async {
        let (client, server) = attempt(client, server).await;
        let (client, server) = (client?, server?);
        let seen = client.1.tls_info().unwrap();
        assert_eq!(seen.protocol_version, Some(ProtocolVersion::TLSv1_3));
        assert_eq!(seen.alpn_protocol.as_deref(), Some(&b"http/1.1"[..]));
        assert_eq!(seen.peer_certificates, tls::certificates(&signed.pem)?);
        assert_eq!(seen.server_hostname.as_deref(), Some("localhost"));
        let heard = server.1.tls_info().unwrap();
        assert_eq!(heard.cipher_suite, seen.cipher_suite);
        assert!(heard.cipher_suite.is_some());
        assert_eq!(heard.alpn_protocol, seen.alpn_protocol);
        assert_eq!(heard.peer_certificates, []);
        assert_eq!(heard.server_hostname.as_deref(), Some("localhost"));
        talk(client, server).await
    })
    .unwrap();
}

#[test]
fn tls_1_2_is_spoken_to_those_who_know_no_better() {
    let authority = Authority::new();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_root_certificates(tls::root_store(&authority.pem).unwrap())
        .with_no_client_auth();
    run(async {
        let (client, server) = attempt(client, authority.sign().server()).await;
        let (client, server) = (client?, server?);
        let version = server.1.tls_info().unwrap().protocol_version;
        assert_eq!(version, Some(ProtocolVersion::TLSv1_2));
        talk(client, server).await
    })
    .unwrap();
}

#[test]
fn a_client_can_show_a_certificate() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let signed = authority.sign();
    let shown = clients.sign_as(&["somebody"], |_| ());
    let server = tls::server_config_with_client_roots(&signed.pem, &signed.key, &clients.pem).unwrap();
    let client = tls::client_config_with_certificate(&authority.pem, &shown.pem, &shown.key).unwrap();
    run(async {
        let (client, server) = attempt(client, server).await;
        let (client, server) = (client?, server?);
        let seen = server.1.tls_info().unwrap().peer_certificates;
        assert_eq!(seen, tls::certificates(&shown.pem)?);
        talk(client, server).await
    })
    .unwrap();
}

/// STR-28.
#[test]
fn tls_can_begin_on_a_connection_that_is_there() {
    common::everywhere(|| async {
        let (client_config, server_config) = configs();
        let (client, server) = common::pair().await?;
        let (mut client, mut to_server) = stream(client);
        let (mut server, mut to_client) = stream(server);
        let ours = async {
            to_server.write(b"STARTTLS\n")?;
            assert_eq!(client.readline().await?, "go ahead\n");
            assert!(to_server.can_write_eof() && to_server.tls_info().is_none());
            to_server
                .start_tls(&mut client, client_config)
                .server_hostname("localhost")
                .await
        };
        let theirs = async {
            assert_eq!(server.readline().await?, "STARTTLS\n");
            to_client.write(b"go ahead\n")?;
            to_client.start_tls(&mut server, server_config).await
        };
        future::try_zip(ours, theirs).await?;
        assert!(to_server.tls_info().is_some() && !to_server.can_write_eof());
        let eof = to_server.write_eof().unwrap_err();
        assert_eq!(eof.kind(), io::ErrorKind::Unsupported);
        talk((client, to_server), (server, to_client)).await
    });
}

#[test]
fn a_session_is_resumed_with_the_same_configuration() {
    let (client, server) = configs();
    run(async {
        for reused in [false, true] {
            let (client, server) = attempt(client.clone(), server.clone()).await;
            let (mut client, server) = (client?, server?);
            // The tickets come with the first bytes.
            server.1.write(b"!")?;
            client.0.readexactly(1).await?;
            assert_eq!(client.1.tls_info().unwrap().session_reused, reused);
            assert_eq!(server.1.tls_info().unwrap().session_reused, reused);
            talk(client, server).await?;
        }
        io::Result::Ok(())
    })
    .unwrap();
}
