//! TLS that does not come about, on either side: a reset in the middle of it, a certificate that does not match, and
//! peers that do not speak TLS at all. Others are not harmed.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;

use asyncio::net::TcpListener;
use asyncio::tls::rustls::{CertificateError, Error};
use asyncio::tls::{self, rustls_error};
use asyncio::{
    Server, StreamReader, StreamWriter, all_tasks, join, open_connection, start_server, to_thread, yield_now,
};

use crate::certificates::Certificates;
use crate::kit::{Reports, broken, check, disconnect, raw_client};

/// The beginning of a hello.
const HELLO: &[u8] = &[0x16, 3, 1, 1, 0, 1, 0, 0, 0xfc, 3, 3];

async fn echo(mut reader: StreamReader, writer: StreamWriter) -> io::Result<()> {
    while let Some(line) = reader.next_line().await? {
        writer.write_owned(line)?;
    }
    writer.close();
    writer.wait_closed().await
}

async fn serve(certificates: &Certificates) -> (Server, SocketAddr) {
    let server = start_server(echo, "127.0.0.1:0").ssl(certificates.server());
    let server = server.await.unwrap();
    let address = server.sockets()[0];
    (server, address)
}

/// Another client is served as if nothing had happened; then all ends.
async fn another_is_served(certificates: &Certificates, server: Server) {
    let opened = open_connection(server.sockets()[0]).ssl(certificates.client());
    let (mut reader, writer) = opened.await.unwrap();
    writer.write(b"hello\n").unwrap();
    assert_eq!(reader.readline().await.unwrap(), "hello\n");
    writer.close();
    writer.wait_closed().await.unwrap();
    server.close();
    server.wait_closed().await;
}

/// The one report that there is.
async fn report(reports: &Reports) -> String {
    reports.come().await;
    let mut all = reports.take();
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

/// STR-02.
#[test]
fn a_client_that_resets_in_the_middle_of_the_handshake() {
    check(async |reports| {
        let certificates = Certificates::new("reset-client");
        let (server, address) = serve(&certificates).await;
        let mut client = std::net::TcpStream::connect(address).unwrap();
        client.write_all(HELLO).unwrap();
        // This one, the one that accepts, and the connection's.
        while all_tasks().len() < 3 {
            yield_now().await;
        }
        // Its first step.
        yield_now().await;
        yield_now().await;
        disconnect(&client);
        let start = "SSL handshake failed: TLS handshake with 127.0.0.1:";
        let said = report(reports).await;
        assert!(said.starts_with(start), "{said}");
        let reset = io::Error::from_raw_os_error(libc::ECONNRESET).to_string();
        assert!(said.ends_with(&reset), "{said}");
        another_is_served(&certificates, server).await;
    });
}

/// STR-01.
#[test]
fn a_server_that_resets_in_the_middle_of_the_handshake() {
    check(async |_| {
        let certificates = Certificates::new("reset-server");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let opened =
            open_connection(("localhost", listener.local_addr().unwrap().port())).ssl(certificates.client());
        let serve = async {
            let (mut socket, _) = listener.accept().await.unwrap();
            // All of the hello is there, and the answer is begun.
            let mut hello = [0; 5];
            socket.read_exact(&mut hello).await.unwrap();
            assert_eq!(hello[0], 0x16, "a handshake");
            socket.write_all(&[0x16, 3, 3, 0, 100, 2]).await.unwrap();
            disconnect(socket.as_async().get_ref());
        };
        let (opened, ()) = join!(opened.into_future(), serve).await;
        let error = opened.unwrap_err();
        assert!(
            error.to_string().starts_with("TLS handshake with localhost: "),
            "{error}"
        );
        broken(&error);
    });
}

/// STR-01, STR-02. The client says whose certificate it is not, and the server is told by an alert.
#[test]
fn a_certificate_that_does_not_match() {
    check(async |reports| {
        let (certificates, others) = (Certificates::new("matching"), Certificates::new("stranger"));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let wrong_name = (certificates.client(), "example.org");
        let wrong_authority = (others.client(), "localhost");
        for (config, name) in [wrong_name, wrong_authority] {
            let opened = open_connection(address).ssl(config).server_hostname(name);
            let accepted = async {
                let (stream, _) = listener.accept().await?;
                tls::accept(stream, certificates.server()).await
            };
            let (opened, accepted) = join!(opened.into_future(), accepted).await;
            let error = opened.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");
            let start = format!("TLS handshake with {name}: ");
            assert!(error.to_string().starts_with(&start), "{error}");
            let cause = rustls_error(&error).unwrap();
            let is_name = matches!(
                cause,
                Error::InvalidCertificate(CertificateError::NotValidForNameContext { .. })
            );
            assert!(matches!(cause, Error::InvalidCertificate(_)), "{cause:?}");
            assert_eq!(is_name, name == "example.org", "{cause:?}");
            // With TLS 1.3 a server may be done before the client has looked at its certificate.
            let told = match accepted {
                Err(error) => error,
                Ok((mut reader, _writer)) => reader.read(1).await.unwrap_err(),
            };
            assert!(
                matches!(rustls_error(&told), Some(Error::AlertReceived(_))),
                "{told}"
            );
        }
        drop(listener);
        // A server goes on; what its handler finds is reported.
        let (server, address) = serve(&certificates).await;
        let opened = open_connection(address)
            .ssl(others.client())
            .server_hostname("localhost");
        assert_eq!(opened.await.unwrap_err().kind(), ErrorKind::InvalidData);
        let said = report(reports).await;
        assert!(said.contains("received fatal alert"), "{said}");
        another_is_served(&certificates, server).await;
    });
}

/// STR-02. It is answered with an alert, and reported.
#[test]
fn garbage_instead_of_a_client_hello() {
    check(async |reports| {
        let certificates = Certificates::new("garbage");
        let (server, address) = serve(&certificates).await;
        for garbage in [
            &b"GET / HTTP/1.1\r\n\r\n"[..],
            &[0; 100],
            b"SSH-2.0-OpenSSH_9.6\r\n",
        ] {
            let mut client = std::net::TcpStream::connect(address).unwrap();
            client.write_all(garbage).unwrap();
            let said = report(reports).await;
            let start = format!(
                "SSL handshake failed: TLS handshake with {}: ",
                client.local_addr().unwrap()
            );
            assert!(said.starts_with(&start), "{said}");
            let answer = to_thread(move || {
                let mut answer = Vec::new();
                // It may be a reset: what it sent was not all looked at.
                drop(client.read_to_end(&mut answer));
                answer
            });
            let answer = answer.await.unwrap();
            assert_eq!(answer.first(), Some(&0x15), "an alert");
        }
        another_is_served(&certificates, server).await;
    });
}

/// STR-01. The client is the one who hears it.
#[test]
fn garbage_instead_of_a_server_hello() {
    check(async |_| {
        let certificates = Certificates::new("garbage-server");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let opened =
            open_connection(("localhost", listener.local_addr().unwrap().port())).ssl(certificates.client());
        let serve = async {
            let (mut socket, _) = listener.accept().await.unwrap();
            socket.write_all(b"220 mail.example.org ESMTP\r\n").await.unwrap();
            let mut all = Vec::new();
            let mut some = [0; 1024];
            while let Ok(count @ 1..) = socket.read(&mut some).await {
                all.extend_from_slice(&some[..count]);
            }
            all
        };
        let (opened, heard) = join!(opened.into_future(), serve).await;
        let error = opened.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");
        assert!(
            matches!(rustls_error(&error), Some(Error::InvalidMessage(_))),
            "{error}"
        );
        assert!(heard.ends_with(&[0x15, 3, 3, 0, 2, 2, 50]), "a fatal alert");
    });
}

/// STR-28. The same where TLS begins on a connection that is there.
#[test]
fn garbage_after_start_tls_closes_the_connection() {
    check(async |_| {
        let certificates = Certificates::new("garbage-started");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (mut client, socket) = raw_client(&listener).await;
        let (mut reader, mut writer) = asyncio::net::stream(socket);
        client.write_all(b"STARTTLS\n").unwrap();
        assert_eq!(reader.readline().await.unwrap(), "STARTTLS\n");
        client.write_all(b"no, I have changed my mind\n").unwrap();
        let error = writer.start_tls(&mut reader, certificates.server()).await;
        // If it has come already it is refused unread, and the connection stays as it was.
        let error = error.unwrap_err();
        match error.kind() {
            ErrorKind::InvalidInput => assert!(!writer.is_closing(), "{error}"),
            kind => {
                assert_eq!(kind, ErrorKind::InvalidData, "{error}");
                assert!(writer.is_closing());
            }
        }
    });
}
