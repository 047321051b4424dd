//! Servers that speak TLS: one client harms no other, and what failed is reported.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use asyncio::{
    Runner, StreamReader, StreamWriter, create_task, open_connection, open_unix_connection, start_server,
    start_server_parallel, start_unix_server, timeout,
};

#[path = "tls_peers/certificates.rs"]
mod certificates;

use certificates::Certificates;

async fn echo(mut reader: StreamReader, writer: StreamWriter) -> io::Result<()> {
    assert!(writer.tls_info().is_some());
    while let Some(line) = reader.next_line().await? {
        writer.write_owned(line)?;
        writer.drain().await?;
    }
    writer.close();
    writer.wait_closed().await
}

/// A client's whole life.
async fn visit((mut reader, writer): (StreamReader, StreamWriter), lines: usize) -> io::Result<()> {
    for _ in 0..lines {
        writer.write(b"there and back\n")?;
        assert_eq!(reader.readline().await?, "there and back\n");
    }
    writer.close();
    writer.wait_closed().await
}

/// Runs `test` with half a minute of time; what was reported to the exception handler.
fn reported(test: impl Future<Output = io::Result<()>>) -> Vec<String> {
    let said = Arc::new(Mutex::new(Vec::new()));
    let note = said.clone();
    let mut runner = Runner::new().exception_handler(move |context| {
        let error = context.error().map(|error| error.to_string());
        let message = format!("{}: {}", context.message(), error.unwrap_or_default());
        note.lock().unwrap().push(message);
    });
    let ended = runner.run(async { timeout(Duration::from_secs(30), test).await });
    ended.unwrap().unwrap().unwrap();
    drop(runner);
    Arc::into_inner(said).unwrap().into_inner().unwrap()
}

#[test]
fn many_clients_are_served_over_tls_on_the_loop_and_on_the_pool() {
    let certificates = Certificates::new("served");
    for on_the_pool in [false, true] {
        let said = reported(async {
            let server = match on_the_pool {
                false => {
                    start_server(echo, "127.0.0.1:0")
                        .ssl(certificates.server())
                        .await?
                }
                true => {
                    start_server_parallel(echo, "127.0.0.1:0")
                        .ssl(certificates.server())
                        .await?
                }
            };
            let address = server.sockets()[0];
            let config = Arc::new(certificates.client());
            let visits: Vec<_> = (0..20)
                .map(|_| {
                    let config = config.clone();
                    create_task(async move { visit(open_connection(address).ssl(config).await?, 20).await })
                })
                .collect();
            for visit in visits {
                visit.await.unwrap()?;
            }
            assert_eq!(
                server.shutdown(Duration::from_secs(10)).await,
                0,
                "all have ended"
            );
            Ok(())
        });
        assert_eq!(said, [""; 0]);
    }
}

#[test]
fn a_unix_socket_is_served_over_tls() {
    let certificates = Certificates::new("served-unix");
    let path = certificates.directory().join("socket");
    let said = reported(async {
        let server = start_unix_server(echo, &path).ssl(certificates.server()).await?;
        let opened = open_unix_connection(&path)
            .ssl(certificates.client())
            .server_hostname("localhost");
        visit(opened.await?, 3).await?;
        assert_eq!(server.shutdown(Duration::from_secs(10)).await, 0);
        Ok(())
    });
    assert_eq!(said, [""; 0]);
}

#[test]
fn clients_that_stall_or_talk_garbage_harm_no_other_and_are_reported() {
    let certificates = Certificates::new("served-badly");
    let said = reported(async {
        let server = start_server(echo, "127.0.0.1:0")
            .ssl(certificates.server())
            .ssl_handshake_timeout(Duration::from_millis(300))
            .await?;
        let address = server.sockets()[0];
        let mut silent: Vec<_> = (0..10)
            .map(|_| std::net::TcpStream::connect(address))
            .collect::<io::Result<_>>()?;
        let mut rude = std::net::TcpStream::connect(address)?;
        rude.write_all(b"GET / HTTP/1.1\r\n\r\n")?;
        visit(open_connection(address).ssl(certificates.client()).await?, 10).await?;
        // It ends for each of them.
        let ends = asyncio::to_thread(move || {
            let mut answer = Vec::new();
            rude.read_to_end(&mut answer)?;
            assert_eq!(answer[0], 0x15, "an alert");
            silent.iter_mut().try_for_each(|client| {
                assert_eq!(client.read(&mut [0])?, 0);
                io::Result::Ok(())
            })
        });
        ends.await.unwrap()?;
        assert_eq!(server.shutdown(Duration::from_secs(10)).await, 0);
        Ok(())
    });
    assert_eq!(said.len(), 11, "{said:?}");
    let start = "SSL handshake failed: TLS handshake with 127.0.0.1:";
    assert!(said.iter().all(|said| said.starts_with(start)), "{said:?}");
    let late = said.iter().filter(|said| said.ends_with("not done after 300ms"));
    assert_eq!(late.count(), 10);
}

#[test]
fn a_server_that_shuts_down_does_not_wait_for_a_client_in_its_handshake() {
    let certificates = Certificates::new("served-never");
    let said = reported(async {
        let server = start_server(echo, "127.0.0.1:0")
            .ssl(certificates.server())
            .await?;
        let mut silent = std::net::TcpStream::connect(server.sockets()[0])?;
        // Accepted after it.
        visit(
            open_connection(server.sockets()[0])
                .ssl(certificates.client())
                .await?,
            1,
        )
        .await?;
        server.shutdown(Duration::from_millis(50)).await;
        assert_eq!(silent.read(&mut [0])?, 0);
        Ok(())
    });
    assert_eq!(said, [""; 0]);
}
