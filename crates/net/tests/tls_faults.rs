//! TLS as it should not go: what is wrong is said on both sides, and nothing is left behind.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::future::IntoFuture;
use std::io::{self, Read, Write};
use std::net;
use std::time::Duration;

use asyncio_net::tls::{self, rustls, rustls_error};
use asyncio_net::{TcpListener, TcpStream, open_connection, stream};
use futures_lite::future;
use rustls::{AlertDescription, CertificateError, Error};

#[path = "kit/tls.rs"]
mod kit;

use kit::{Authority, attempt, configs, run};

/// An attempt that fails on the client's side, and of which the server is told.
async fn refused_by_client(client: rustls::ClientConfig, signed: kit::Signed) -> (Error, AlertDescription) {
    let (client, server) = attempt(client, signed.server()).await;
    let error = client.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    assert!(
        error.to_string().starts_with("TLS handshake with localhost: "),
        "{error}"
    );
    let told = match server {
        Err(error) => error,
        // With TLS 1.3 a server may be done before the client has looked at its certificate.
        Ok((mut reader, _writer)) => reader.read(1).await.unwrap_err(),
    };
    let Some(Error::AlertReceived(alert)) = rustls_error(&told) else {
        panic!("the server was told: {told}");
    };
    (rustls_error(&error).unwrap().clone(), *alert)
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    let authority = Authority::new();
    let signed = authority.sign_as(&["elsewhere"], |_| ());
    let client = tls::client_config_with_roots(&authority.pem).unwrap();
    let (error, alert) = run(refused_by_client(client, signed));
    assert!(
        matches!(
            error,
            Error::InvalidCertificate(CertificateError::NotValidForNameContext { .. })
        ),
        "{error:?}"
    );
    assert_eq!(alert, AlertDescription::BadCertificate);
}

#[test]
fn a_certificate_that_has_expired_is_refused() {
    let authority = Authority::new();
    let signed = authority.sign_as(&["localhost"], |params| {
        params.not_before = rcgen::date_time_ymd(2001, 1, 1);
        params.not_after = rcgen::date_time_ymd(2002, 1, 1);
    });
    let client = tls::client_config_with_roots(&authority.pem).unwrap();
    let (error, alert) = run(refused_by_client(client, signed));
    assert!(
        matches!(
            error,
            Error::InvalidCertificate(CertificateError::ExpiredContext { .. })
        ),
        "{error:?}"
    );
    assert_eq!(alert, AlertDescription::CertificateExpired);
}

#[test]
fn a_certificate_of_an_unknown_authority_is_refused() {
    let client = tls::client_config_with_roots(&Authority::new().pem).unwrap();
    let (error, alert) = run(refused_by_client(client, Authority::new().sign()));
    assert!(matches!(error, Error::InvalidCertificate(_)), "{error:?}");
    // Both authorities have the same name, and another key.
    assert!(
        matches!(
            alert,
            AlertDescription::UnknownCA | AlertDescription::DecryptError
        ),
        "{alert:?}"
    );
}

#[test]
fn a_client_without_a_certificate_or_with_a_wrong_one_is_refused() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let signed = authority.sign();
    let server = tls::server_config_with_client_roots(&signed.pem, &signed.key, &clients.pem).unwrap();
    let server = std::sync::Arc::new(server);
    let none = tls::client_config_with_roots(&authority.pem).unwrap();
    let wrong = Authority::new().sign_as(&["somebody"], |_| ());
    let wrong = tls::client_config_with_certificate(&authority.pem, &wrong.pem, &wrong.key).unwrap();
    run(async {
        for (client, missing) in [(none, true), (wrong, false)] {
            let (client, server) = attempt(client, server.clone()).await;
            let error = server.unwrap_err();
            let cause = rustls_error(&error).unwrap();
            assert_eq!(
                matches!(cause, Error::NoCertificatesPresented),
                missing,
                "{cause:?}"
            );
            assert_eq!(
                matches!(cause, Error::InvalidCertificate(_)),
                !missing,
                "{cause:?}"
            );
            // With TLS 1.3 the client is done first.
            let (mut reader, _writer) = client.unwrap();
            let told = reader.read(1).await.unwrap_err();
            assert!(
                matches!(rustls_error(&told), Some(Error::AlertReceived(_))),
                "{told}"
            );
        }
    });
}

/// A server's end, and a client that is not one of ours.
async fn raw_client() -> io::Result<(net::TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let client = net::TcpStream::connect(listener.local_addr()?)?;
    Ok((client, listener.accept().await?.0))
}

/// The beginning of a hello.
const HELLO: &[u8] = &[0x16, 3, 1, 1, 0, 1, 0, 0, 0xfc, 3, 3];

#[test]
fn a_server_answers_garbage_with_an_alert() {
    run(async {
        let (mut client, server) = raw_client().await?;
        client.write_all(b"GET / HTTP/1.1\r\n\r\n")?;
        let error = tls::accept(server, configs().1).await.unwrap_err();
        let address = client.local_addr()?;
        let start = format!("TLS handshake with {address}: ");
        assert!(error.to_string().starts_with(&start), "{error}");
        assert_eq!(
            rustls_error(&error),
            Some(&Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType))
        );
        let mut answer = Vec::new();
        client.read_to_end(&mut answer)?;
        // A fatal alert: decode_error.
        assert_eq!(answer, [0x15, 3, 3, 0, 2, 2, 50]);
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn a_client_does_not_take_garbage_for_a_hello_either() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let opened = open_connection(("localhost", listener.local_addr()?.port())).ssl(configs().0);
        let served = async {
            let (mut server, _) = listener.accept().await?;
            server.write_all(b"220 mail.example.org ESMTP\r\n").await?;
            let mut all = Vec::new();
            loop {
                let mut some = [0; 1024];
                match server.read(&mut some).await? {
                    0 => return Ok(all),
                    count => all.extend_from_slice(&some[..count]),
                }
            }
        };
        let opened = async { io::Result::Ok(opened.await.unwrap_err()) };
        let (error, heard) = future::try_zip(opened, served).await?;
        assert!(rustls_error(&error).is_some(), "{error}");
        assert!(heard.ends_with(&[0x15, 3, 3, 0, 2, 2, 50]), "an alert ends it");
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn a_peer_that_hangs_up_or_resets_in_the_middle_of_the_handshake_is_told_of() {
    run(async {
        for resets in [false, true] {
            let (mut client, server) = raw_client().await?;
            client.write_all(HELLO)?;
            let mut accepted = Box::pin(tls::accept(server, configs().1).into_future());
            assert!(future::poll_once(&mut accepted).await.is_none());
            if resets {
                socket2::SockRef::from(&client).set_linger(Some(Duration::ZERO))?;
            }
            drop(client);
            let error = accepted.await.unwrap_err();
            let kind = if resets {
                io::ErrorKind::ConnectionReset
            } else {
                io::ErrorKind::UnexpectedEof
            };
            assert_eq!(error.kind(), kind, "{error}");
            assert!(
                error.to_string().starts_with("TLS handshake with 127.0.0.1:"),
                "{error}"
            );
        }
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn a_hello_without_end_is_cut_off() {
    run(async {
        let (mut client, server) = raw_client().await?;
        // One message of 16 MiB, as it says, in records of 16 KiB.
        let writer = std::thread::spawn(move || {
            let mut record = vec![0x16, 3, 1, 0x40, 0];
            record.resize(5 + 0x4000, 0);
            record[5..9].copy_from_slice(&[1, 0xff, 0xff, 0xff]);
            let mut sent = 0;
            while sent < 16 << 20 && client.write_all(&record).is_ok() {
                sent += record.len();
                record[5..9].fill(0);
            }
            sent
        });
        let error = tls::accept(server, configs().1).await.unwrap_err();
        assert!(rustls_error(&error).is_some(), "{error}");
        assert!(writer.join().unwrap() < 16 << 20, "nobody has taken all of it");
        io::Result::Ok(())
    })
    .unwrap();
}

/// rustls as a peer that asks for new keys again and again, and never reads what it gets for it.
#[test]
fn a_peer_that_floods_with_key_updates_is_cut_off_and_makes_us_queue_nothing() {
    let (client, server) = configs();
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let peer = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut session = rustls::ServerConnection::new(server).unwrap();
        session.complete_io(&mut socket).unwrap();
        let mut updates = 0;
        while updates < 100_000 {
            session.refresh_traffic_keys().unwrap();
            while session.wants_write() {
                if session.write_tls(&mut socket).is_err() {
                    return updates;
                }
            }
            updates += 1;
        }
        updates
    });
    run(async {
        let opened = open_connection(address).ssl(client).server_hostname("localhost");
        let (mut reader, writer) = opened.await?;
        let error = reader.read(1).await.unwrap_err();
        let cause = rustls_error(&error);
        assert!(
            matches!(
                cause,
                Some(Error::PeerMisbehaved(
                    rustls::PeerMisbehaved::TooManyKeyUpdateRequests
                ))
            ),
            "{error}"
        );
        assert_eq!(writer.get_write_buffer_size(), 0);
        io::Result::Ok(())
    })
    .unwrap();
    assert!(peer.join().unwrap() < 100_000, "it was cut off");
}

#[test]
fn a_handshake_that_takes_too_long_is_given_up() {
    run(async {
        let (mut client, server) = raw_client().await?;
        client.write_all(HELLO)?;
        let accepted = tls::accept(server, configs().1).ssl_handshake_timeout(Duration::from_millis(20));
        let error = accepted.await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(error.to_string().contains("20ms"), "{error}");
        // And the connection is closed.
        assert_eq!(client.read(&mut [0; 1])?, 0);
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn a_handshake_that_is_dropped_closes_the_connection() {
    run(async {
        let (mut client, server) = raw_client().await?;
        client.write_all(HELLO)?;
        let (mut reader, mut writer) = stream(server);
        let mut begun = Box::pin(writer.start_tls(&mut reader, configs().1).into_future());
        assert!(future::poll_once(&mut begun).await.is_none());
        drop(begun);
        assert!(writer.is_closing());
        writer.wait_closed().await?;
        assert_eq!(client.read(&mut [0; 1])?, 0);
        assert_eq!(
            writer.write(b"x").unwrap_err().kind(),
            io::ErrorKind::ConnectionReset
        );
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn an_end_without_close_notify_is_an_error_unless_it_is_allowed() {
    let (client, server) = configs();
    run(async {
        for allowed in [false, true] {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let opened = open_connection(listener.local_addr()?)
                .ssl(client.clone())
                .server_hostname("localhost")
                .ssl_allow_truncation(allowed);
            let accepted = async { tls::accept(listener.accept().await?.0, server.clone()).await };
            let ((mut reader, writer), (_, their_writer)) =
                future::try_zip(opened.into_future(), accepted).await?;
            their_writer.write(b"cut o")?;
            their_writer.abort();
            assert_eq!(reader.read(100).await?, "cut o");
            match reader.read(100).await {
                Ok(end) => assert!(allowed && end.is_empty()),
                Err(error) => {
                    assert!(!allowed);
                    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
                    let message = "localhost closed the connection without close_notify";
                    assert_eq!(error.to_string(), message);
                    assert_eq!(writer.drain().await.unwrap_err().to_string(), message);
                }
            }
        }
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn a_connection_that_is_reset_says_so_on_both_halves() {
    let (client, server) = configs();
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let peer = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut session = rustls::ServerConnection::new(server).unwrap();
        session.complete_io(&mut socket).unwrap();
        session.writer().write_all(b"!").unwrap();
        session.complete_io(&mut socket).unwrap();
        socket2::SockRef::from(&socket)
            .set_linger(Some(Duration::ZERO))
            .unwrap();
    });
    run(async {
        let opened = open_connection(address).ssl(client).server_hostname("localhost");
        let (mut reader, writer) = opened.await?;
        peer.join().unwrap();
        let error = match reader.read(1).await {
            // The system may have thrown it away with the rest.
            Ok(_) => reader.read(1).await.unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "{error}");
        assert_eq!(reader.exception().unwrap().kind(), io::ErrorKind::ConnectionReset);
        let error = writer.wait_closed().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "{error}");
        io::Result::Ok(())
    })
    .unwrap();
}
