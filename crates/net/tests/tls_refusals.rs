//! What `start_tls` and the makers of configurations refuse, before anything has changed.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::io::{self, Read, Write};
use std::net;

use asyncio_net::{TcpListener, TcpStream, stream, tls};

#[path = "kit/tls.rs"]
mod kit;

use kit::{Authority, configs, pair, run};

/// A server's end, and a client that is not one of ours.
async fn raw_client() -> io::Result<(net::TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let client = net::TcpStream::connect(listener.local_addr()?)?;
    Ok((client, listener.accept().await?.0))
}

/// STR-28.
#[test]
fn what_came_before_tls_and_was_not_read_is_no_beginning_for_it() {
    run(async {
        let (mut client, server) = raw_client().await?;
        let (mut reader, mut writer) = stream(server);
        client.write_all(b"STARTTLS\r\nINJECTED\r\n")?;
        assert_eq!(reader.readline().await?, "STARTTLS\r\n");
        let error = writer.start_tls(&mut reader, configs().1).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(
            error.to_string().starts_with("10 bytes came before TLS"),
            "{error}"
        );
        // Nothing has changed.
        assert_eq!(reader.readline().await?, "INJECTED\r\n");
        writer.write(b"still plain")?;
        let mut heard = [0; 11];
        client.read_exact(&mut heard)?;
        assert_eq!(&heard, b"still plain");
        Ok::<(), asyncio_net::StreamError>(())
    })
    .unwrap();
}

/// STR-28.
#[test]
fn start_tls_refuses_what_makes_no_sense() {
    let (client, server) = configs();
    run(async {
        let (_one, socket) = raw_client().await?;
        let (mut reader, mut writer) = stream(socket);
        let (_two, socket) = raw_client().await?;
        let (mut other, _other_writer) = stream(socket);
        let refused = [
            writer.start_tls(&mut other, server.clone()).await,
            writer.start_tls(&mut reader, client.clone()).await,
            writer
                .start_tls(&mut reader, client.clone())
                .server_hostname("a b")
                .await,
            writer
                .start_tls(&mut reader, server.clone())
                .server_hostname("localhost")
                .await,
        ];
        let (_client, (mut begun, mut begun_writer)) = pair().await?;
        let again = begun_writer.start_tls(&mut begun, server).await;
        let said = [
            "two connections",
            "give server_hostname",
            "\"a b\"",
            "for clients",
            "already",
        ];
        for (error, said) in refused.into_iter().chain([again]).zip(said) {
            let error = error.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{error}");
            assert!(error.to_string().contains(said), "{error}");
        }
        assert!(!writer.is_closing() && !begun_writer.is_closing());
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn a_configuration_that_cannot_be_says_what_is_wrong() {
    let (one, two) = (Authority::new().sign(), Authority::new().sign());
    let unfit = tls::server_config(&one.pem, &two.key).unwrap_err();
    let keyless = tls::server_config(&one.pem, &one.pem).unwrap_err();
    let none = tls::client_config_with_roots("not PEM").unwrap_err();
    let broken = tls::client_config_with_roots("-----BEGIN CERTIFICATE-----\n!\n").unwrap_err();
    let said = [
        "certificate cannot be used",
        "private key",
        "no certificate",
        "cannot be read",
    ];
    for (error, said) in [unfit, keyless, none, broken].into_iter().zip(said) {
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(error.to_string().contains(said), "{error}");
    }
}
