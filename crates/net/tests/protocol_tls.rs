//! Protocols over TLS.

#[path = "kit/recorder.rs"]
mod recorder;
#[path = "kit/tls.rs"]
mod tls;

use std::io::ErrorKind;

use asyncio_net::{
    TcpListener, connect_accepted_socket, create_connection, create_server, open_connection, stream,
};
use futures_lite::future;

use recorder::{Log, Told, run, run_reported};

const MUCH: usize = 1 << 20;

/// Echoes what comes.
fn echo() -> std::rc::Rc<Log> {
    Log::new().hook(|told, transport| {
        if let Told::Data(bytes) = told {
            drop(transport.write(bytes));
        }
    })
}

// LOP-30, TRP-03, TRP-12, TRP-34
#[test]
fn both_sides_of_a_connection_may_be_protocols() {
    run(async {
        let (client, server) = tls::configs();
        let there = echo();
        let server = create_server(there.factory(), "127.0.0.1:0").ssl(server).await?;
        let here = Log::new().keep_open();
        let transport = create_connection(here.factory(), server.sockets()[0])
            .ssl(client)
            .server_hostname("localhost")
            .await?;
        assert!(
            transport
                .tls_info()
                .is_some_and(|info| info.cipher_suite.is_some())
        );
        assert!(!transport.can_write_eof());
        let bytes: Vec<u8> = (0..MUCH).map(|n| (n / 7) as u8).collect();
        transport.write(&bytes)?;
        here.until(|log| log.data().len() == MUCH).await;
        assert!(here.data() == bytes && there.data() == bytes);
        transport.close();
        here.until_lost().await;
        there.until_lost().await;
        assert!(here.has(&Told::Lost(None)) && there.has(&Told::Eof) && there.has(&Told::Lost(None)));
        Ok(())
    });
}

#[test]
fn a_buffered_protocol_gets_what_was_opened() {
    run(async {
        let (client, server) = tls::configs();
        let log = Log::new();
        let server = create_server(log.buffered(1000), "127.0.0.1:0")
            .ssl(server)
            .await?;
        let (_reader, writer) = open_connection(server.sockets()[0])
            .ssl(client)
            .server_hostname("localhost")
            .await?;
        writer.write(&vec![7; MUCH])?;
        writer.drain().await?;
        log.until(|log| log.data().len() == MUCH).await;
        Ok(())
    });
}

// LOP-36
#[test]
fn an_accepted_socket_can_be_the_server_of_tls() {
    run(async {
        let (client, server) = tls::configs();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let opened = open_connection(listener.local_addr()?)
            .ssl(client)
            .server_hostname("localhost");
        let log = echo();
        let factory = log.factory();
        let accepted = async {
            let (socket, _) = listener.accept().await?;
            connect_accepted_socket(factory, socket).ssl(server).await
        };
        let ((mut reader, writer), _transport) = future::try_zip(opened.into_future(), accepted).await?;
        writer.write(b"hello")?;
        assert_eq!(reader.readexactly(5).await.unwrap(), "hello");
        Ok(())
    });
}

// LOP-38
#[test]
fn tls_may_begin_below_a_protocol() {
    run(async {
        let (client, server) = tls::configs();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let log = Log::new();
        let transport = create_connection(log.factory(), listener.local_addr()?);
        let (transport, accepted) = future::zip(transport.into_future(), listener.accept()).await;
        let (transport, (mut reader, mut writer)) = (transport?, stream(accepted?.0));
        writer.write(b"start")?;
        log.until(|log| log.data() == b"start").await;
        transport.write(b"go on")?;
        assert_eq!(reader.readexactly(5).await.unwrap(), "go on");
        let ours = transport
            .start_tls(client)
            .server_hostname("localhost")
            .into_future();
        let theirs = writer.start_tls(&mut reader, server).into_future();
        future::try_zip(ours, theirs).await?;
        assert!(transport.start_tls(tls::configs().1).await.is_err(), "once");
        transport.write(b"secret")?;
        assert_eq!(reader.readexactly(6).await.unwrap(), "secret");
        writer.write(b"!")?;
        log.until(|log| log.data() == b"start!").await;
        assert!(
            writer.transport().start_tls(tls::configs().1).await.is_err(),
            "a stream"
        );
        Ok(())
    });
}

// LOP-34
#[test]
fn a_handshake_that_fails_makes_no_protocol() {
    let ((), reports) = run_reported(async {
        let (_, server) = tls::configs();
        let log = Log::new();
        let server = create_server(log.factory(), "127.0.0.1:0").ssl(server).await?;
        let (mut reader, writer) = open_connection(server.sockets()[0]).await?;
        writer.write(b"this is no TLS")?;
        let _ = reader.read_to_end().await;
        assert!(log.told().is_empty());
        let (other, _) = tls::configs();
        let refused = create_connection(log.factory(), server.sockets()[0])
            .ssl(other)
            .server_hostname("localhost")
            .await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidData);
        assert!(log.told().is_empty());
        Ok(())
    });
    assert!(!reports.is_empty() && reports.iter().all(|report| report.contains("handshake")));
}
