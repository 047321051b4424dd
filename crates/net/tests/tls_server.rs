//! Servers over TLS: on the loop, on the pool, on a Unix socket, and a client that does not speak it.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::io;
use std::sync::{Arc, Mutex};

use asyncio_loop::Runner;
use asyncio_net::{Server, StreamReader, StreamWriter, open_connection, start_server, start_server_parallel};

#[path = "kit/tls.rs"]
mod kit;

use kit::{Authority, limited};

async fn shout(mut reader: StreamReader, writer: StreamWriter) -> io::Result<()> {
    while let Some(line) = reader.next_line().await? {
        writer.write(&line.to_ascii_uppercase())?;
        writer.drain().await?;
    }
    Ok(())
}

async fn ask(server: &Server, authority: &Authority) -> io::Result<()> {
    let address = server.sockets()[0];
    let (mut reader, writer) = open_connection(address)
        .ssl(authority.client())
        .server_hostname("localhost")
        .await?;
    writer.write(b"hello\n")?;
    assert_eq!(reader.readline().await?, "HELLO\n");
    assert!(writer.tls_info().is_some());
    Ok(())
}

/// STR-02: a server with TLS, whose handlers know nothing of it.
#[test]
fn a_server_speaks_tls_with_its_clients() {
    let ran = Runner::new().run(limited(async {
        let authority = Authority::new();
        let on_loop = start_server(shout, "127.0.0.1:0")
            .ssl(authority.sign().server())
            .await?;
        ask(&on_loop, &authority).await?;
        let on_pool = start_server_parallel(shout, "127.0.0.1:0")
            .ssl(authority.sign().server())
            .await?;
        ask(&on_pool, &authority).await?;
        io::Result::Ok(())
    }));
    ran.unwrap().unwrap();
}

/// A client that talks garbage gets no handler; the server reports it and goes on.
#[test]
fn a_handshake_that_fails_is_reported_and_harms_nobody() {
    let reports: Arc<Mutex<Vec<String>>> = Arc::default();
    let told = reports.clone();
    let mut runner = Runner::new().exception_handler(move |context| {
        told.lock().unwrap().push(context.to_string());
    });
    let ran = runner.run(limited(async {
        let authority = Authority::new();
        let server = start_server(shout, "127.0.0.1:0")
            .ssl(authority.sign().server())
            .await?;
        let (mut reader, writer) = open_connection(server.sockets()[0]).await?;
        writer.write(b"GET / HTTP/1.0\r\n\r\n")?;
        // An alert, and the end.
        drop(reader.read_to_end().await);
        ask(&server, &authority).await
    }));
    ran.unwrap().unwrap();
    let reports = reports.lock().unwrap();
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert!(reports[0].starts_with("SSL handshake failed"), "{reports:?}");
}

#[cfg(unix)]
#[test]
fn a_unix_server_speaks_tls_too() {
    use asyncio_net::{open_unix_connection, start_unix_server};

    let ran = Runner::new().run(limited(async {
        let authority = Authority::new();
        let path = std::env::temp_dir().join(format!("asyncio-tls-server-{}", std::process::id()));
        let _server = start_unix_server(shout, &path)
            .ssl(authority.sign().server())
            .await?;
        let (mut reader, writer) = open_unix_connection(&path)
            .ssl(authority.client())
            .server_hostname("localhost")
            .await?;
        writer.write(b"hello\n")?;
        assert_eq!(reader.readline().await?, "HELLO\n");
        std::fs::remove_file(&path)
    }));
    ran.unwrap().unwrap();
}
