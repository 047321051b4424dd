//! `openssl s_client` and `openssl s_server`.

use super::*;

fn openssl() -> bool {
    is_there("openssl", &["version"])
}

#[test]
fn a_server_serves_openssl() {
    if !openssl() {
        return;
    }
    let certificates = Certificates::new("openssl-client");
    for version in ["-tls1_2", "-tls1_3"] {
        run(async {
            let (listener, port) = listen().await?;
            let address = format!("127.0.0.1:{port}");
            let arguments = [
                "s_client",
                "-quiet",
                "-verify_return_error",
                "-CAfile",
                "root.pem",
                "-servername",
                "localhost",
                "-verify_hostname",
                "localhost",
                "-alpn",
                "nothing,ours",
                version,
                "-connect",
                &address,
            ];
            let client = Peer::start("openssl", certificates.directory(), &arguments, "hello\n");
            let heard = asyncio::create_task(client.finish());
            let mut config = certificates.server();
            config.alpn_protocols = vec![b"ours".to_vec()];
            let (mut reader, writer) = tls::accept(listener.accept().await?.0, config).await?;
            let agreed = writer.tls_info().unwrap();
            assert_eq!(agreed.server_hostname.as_deref(), Some("localhost"));
            assert_eq!(agreed.alpn_protocol.as_deref(), Some(&b"ours"[..]));
            assert_eq!(reader.readline().await?, "hello\n");
            let long = "0123456789".repeat(100_000);
            writer.write(long.as_bytes())?;
            part(&writer).await?;
            assert!(heard.await.unwrap() == long, "all of it has come");
            Ok(())
        });
    }
}

/// openssl says farewell when its input ends, and the reader sees the end.
#[test]
fn openssls_farewell_is_an_end_and_not_an_error() {
    if !openssl() {
        return;
    }
    let certificates = Certificates::new("openssl-farewell");
    run(async {
        let (listener, port) = listen().await?;
        let address = format!("127.0.0.1:{port}");
        let arguments = [
            "s_client",
            "-quiet",
            "-no_ign_eof",
            "-CAfile",
            "root.pem",
            "-connect",
            &address,
        ];
        let client = Peer::start("openssl", certificates.directory(), &arguments, "the only line\n");
        let finished = asyncio::create_task(client.finish());
        let (mut reader, writer) = accept(&listener, &certificates).await?;
        assert_eq!(reader.read_to_end().await?, "the only line\n");
        part(&writer).await?;
        finished.await.unwrap();
        Ok(())
    });
}

#[test]
fn openssl_does_not_trust_a_server_of_another_authority_and_says_so() {
    if !openssl() {
        return;
    }
    let certificates = Certificates::new("openssl-distrust");
    let others = Certificates::new("openssl-distrusted");
    run(async {
        let (listener, port) = listen().await?;
        let address = format!("127.0.0.1:{port}");
        let arguments = [
            "s_client",
            "-verify_return_error",
            "-CAfile",
            "root.pem",
            "-connect",
            &address,
        ];
        let _client = Peer::start("openssl", certificates.directory(), &arguments, "");
        let told = match accept(&listener, &others).await {
            Err(error) => error,
            // With TLS 1.3 the server is done before the client has looked.
            Ok((mut reader, _writer)) => reader.read(1).await.unwrap_err(),
        };
        let Some(tls::rustls::Error::AlertReceived(_)) = tls::rustls_error(&told) else {
            panic!("an alert says why: {told}");
        };
        Ok(())
    });
}

/// STR-28, on the server's side: openssl speaks SMTP until TLS begins.
#[test]
fn a_server_starts_tls_with_openssl() {
    if !openssl() {
        return;
    }
    let certificates = Certificates::new("openssl-starttls");
    run(async {
        let (listener, port) = listen().await?;
        let address = format!("127.0.0.1:{port}");
        let arguments = [
            "s_client",
            "-quiet",
            "-starttls",
            "smtp",
            "-verify_return_error",
            "-CAfile",
            "root.pem",
            "-connect",
            &address,
        ];
        let client = Peer::start("openssl", certificates.directory(), &arguments, "NOOP\n");
        let (mut reader, mut writer) = stream(listener.accept().await?.0);
        writer.write(b"220 localhost ESMTP\r\n")?;
        assert!(reader.readline().await?.starts_with(b"EHLO "));
        writer.write(b"250-localhost\r\n250 STARTTLS\r\n")?;
        assert_eq!(reader.readline().await?, "STARTTLS\r\n");
        writer.write(b"220 go ahead\r\n")?;
        writer.start_tls(&mut reader, certificates.server()).await?;
        assert_eq!(reader.readline().await?, "NOOP\n");
        writer.write(b"250 nothing done\r\n")?;
        part(&writer).await?;
        assert!(client.finish().await.ends_with("250 nothing done\r\n"));
        Ok(())
    });
}

#[test]
fn a_client_is_served_by_openssl() {
    if !openssl() {
        return;
    }
    let certificates = Certificates::new("openssl-server");
    for version in ["-tls1_2", "-tls1_3"] {
        run(async {
            let arguments = [
                "s_server",
                "-accept",
                "127.0.0.1:0",
                "-cert",
                "signed.pem",
                "-key",
                "key.pem",
                "-alpn",
                "ours",
                "-rev",
                "-naccept",
                "1",
                version,
            ];
            let server = Peer::start("openssl", certificates.directory(), &arguments, "");
            let (server, port) = server.port("ACCEPT").await;
            let mut config = certificates.client();
            config.alpn_protocols = vec![b"ours".to_vec()];
            let (mut reader, writer) = open_connection(("127.0.0.1", port))
                .ssl(config)
                .server_hostname("localhost")
                .await?;
            let agreed = writer.tls_info().unwrap();
            assert_eq!(agreed.alpn_protocol.as_deref(), Some(&b"ours"[..]));
            let shown = agreed.protocol_version.unwrap();
            assert_eq!(format!("{shown:?}"), version.replace("-tls", "TLSv"));
            for _ in 0..3 {
                writer.write(b"hello world\n")?;
                assert_eq!(reader.readline().await?, "dlrow olleh\n");
            }
            part(&writer).await?;
            server.finish().await;
            Ok(())
        });
    }
}
