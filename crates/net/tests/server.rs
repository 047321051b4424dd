//! Servers: handlers as tasks that the server owns, how it ends, and what is reported.

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use asyncio_loop::Runner;
use asyncio_net::{
    Server, StreamReader, StreamWriter, TcpListener, open_connection, start_server, start_server_parallel,
};
use asyncio_sync::Event;
use asyncio_tasks::{create_task, finally, on_cancel, yield_now};

static_assertions::assert_impl_all!(Server: Send, Sync, Unpin);

async fn echo(mut reader: StreamReader, writer: StreamWriter) -> io::Result<()> {
    loop {
        let bytes = reader.read(4096).await?;
        if bytes.is_empty() {
            return Ok(());
        }
        writer.write_owned(bytes)?;
        writer.drain().await?;
    }
}

fn run<T>(main: impl Future<Output = io::Result<T>>) -> T {
    Runner::new()
        .run(main)
        .expect("the loop runs")
        .expect("no error of the system")
}

async fn ask(server: &Server, question: &[u8]) -> io::Result<Vec<u8>> {
    let (mut reader, writer) = open_connection(server.sockets()[0]).await?;
    writer.write(question)?;
    writer.write_eof()?;
    Ok(reader.read_to_end().await?.to_vec())
}

/// STR-02: a task for each connection, which ends with its handler.
#[test]
fn a_server_answers_its_clients() {
    run(async {
        let server = start_server(echo, "127.0.0.1:0").await?;
        assert!(server.is_serving());
        for _ in 0..20 {
            assert_eq!(ask(&server, b"hello").await?, b"hello");
        }
        server.close();
        assert!(!server.is_serving());
        server.wait_closed().await;
        assert_eq!(server.connections(), 0);
        assert!(open_connection(server.sockets()[0]).await.is_err());
        Ok(())
    });
}

/// STR-02: a handler may use what is local to the thread.
#[test]
fn handlers_on_the_loop_share_without_locks() {
    run(async {
        let count = Rc::new(Cell::new(0));
        let seen = count.clone();
        let handler = async move |mut reader: StreamReader, writer: StreamWriter| {
            seen.set(seen.get() + 1);
            let line = reader.readline().await.expect("a line");
            writer.write(&line).expect("the client is there");
        };
        let server = start_server(handler, ("localhost", 0)).await?;
        assert_eq!(ask(&server, b"one\n").await?, b"one\n");
        assert_eq!(ask(&server, b"two\n").await?, b"two\n");
        assert_eq!(count.get(), 2);
        Ok(())
    });
}

/// STR-02: on the pool.
#[test]
fn handlers_on_the_pool_answer_many_clients_at_once() {
    run(async {
        let server = Arc::new(start_server_parallel(echo, "127.0.0.1:0").await?);
        let clients: Vec<_> = (0..50)
            .map(|number: u32| {
                let server = server.clone();
                create_task(async move {
                    let question = format!("client {number}");
                    ask(&server, question.as_bytes())
                        .await
                        .map(|answer| answer == question.as_bytes())
                })
            })
            .collect();
        for client in clients {
            assert!(client.await.expect("no client panics")?);
        }
        Ok(())
    });
}

/// STR-02: a handler that fails, or panics, is reported; the others live on.
#[test]
fn a_handler_that_fails_is_reported_and_harms_nobody() {
    let reports: Arc<Mutex<Vec<String>>> = Arc::default();
    let told = reports.clone();
    let runner = Runner::new().exception_handler(move |context| {
        told.lock()
            .expect("nobody panics with it")
            .push(context.to_string());
    });
    let mut runner = runner;
    let ran = runner.run(async {
        let handler = async |mut reader: StreamReader, writer: StreamWriter| -> Result<(), String> {
            let line = reader.readline().await.map_err(|error| error.to_string())?;
            match &line[..] {
                b"fail\n" => Err("it has failed".to_owned()),
                b"panic\n" => panic!("it has panicked"),
                line => writer.write(line).map_err(|error| error.to_string()),
            }
        };
        let server = start_server(handler, "127.0.0.1:0").await?;
        assert_eq!(ask(&server, b"fail\n").await?, b"");
        assert_eq!(ask(&server, b"panic\n").await?, b"");
        assert_eq!(ask(&server, b"fine\n").await?, b"fine\n");
        server.close();
        server.wait_closed().await;
        io::Result::Ok(())
    });
    ran.unwrap().unwrap();
    let reports = reports.lock().unwrap();
    assert_eq!(reports.len(), 2, "{reports:?}");
    assert!(
        reports
            .iter()
            .all(|report| report.starts_with("Unhandled exception in client_connected_cb"))
    );
    assert!(reports[0].contains("it has failed") && reports[1].contains("it has panicked"));
}

/// LOP-80, LOP-82.
#[test]
fn a_server_that_is_not_to_serve_yet_lets_clients_wait() {
    run(async {
        let server = start_server(echo, "127.0.0.1:0").start_serving(false).await?;
        assert!(!server.is_serving());
        let (mut reader, writer) = open_connection(server.sockets()[0]).await?;
        writer.write(b"early")?;
        for _ in 0..10 {
            yield_now().await;
        }
        assert_eq!(server.connections(), 0);
        server.start_serving();
        server.start_serving();
        assert!(server.is_serving());
        assert_eq!(reader.readexactly(5).await?, "early");
        assert_eq!(server.connections(), 1);
        Ok(())
    });
}

/// Closing stops the accepting alone; connections go on until they end.
#[test]
fn a_closed_server_lets_its_connections_finish() {
    run(async {
        let server = start_server(echo, "127.0.0.1:0").await?;
        let (mut reader, writer) = open_connection(server.sockets()[0]).await?;
        writer.write(b"1")?;
        assert_eq!(reader.readexactly(1).await?, "1");
        server.close();
        writer.write(b"2")?;
        assert_eq!(reader.readexactly(1).await?, "2");
        assert_eq!(server.connections(), 1);
        drop(writer);
        server.wait_closed().await;
        Ok(())
    });
}

#[test]
fn clients_can_be_closed_after_what_was_written_or_at_once() {
    run(async {
        let handler = async |mut reader: StreamReader, writer: StreamWriter| -> io::Result<()> {
            writer.write(b"welcome")?;
            let rest = reader.read_to_end().await?;
            assert!(rest.is_empty());
            Ok(())
        };
        let server = start_server(handler, "127.0.0.1:0").await?;
        for abort in [false, true] {
            let (mut reader, _writer) = open_connection(server.sockets()[0]).await?;
            assert_eq!(reader.readexactly(7).await?, "welcome");
            if abort {
                server.abort_clients();
            } else {
                server.close_clients();
            }
            assert!(reader.read_to_end().await.unwrap_or_default().is_empty());
        }
        Ok(())
    });
}

/// A graceful end: the handlers get their time, then they are cancelled with cleanup.
#[test]
fn a_shutdown_waits_then_cancels_and_awaits_the_cleanup() {
    run(async {
        static CLEANED: AtomicUsize = AtomicUsize::new(0);
        let handler = async |mut reader: StreamReader, _writer: StreamWriter| {
            on_cancel!(
                {
                    drop(reader.read_to_end().await);
                },
                {
                    yield_now().await;
                    CLEANED.fetch_add(1, Ordering::SeqCst);
                },
            );
        };
        let server = start_server(handler, "127.0.0.1:0").await?;
        let (_reader, writer) = open_connection(server.sockets()[0]).await?;
        let (_other_reader, _other) = open_connection(server.sockets()[0]).await?;
        while server.connections() < 2 {
            yield_now().await;
        }
        drop(writer);
        assert_eq!(server.shutdown(Duration::from_millis(50)).await, 1);
        assert_eq!(CLEANED.load(Ordering::SeqCst), 1);
        assert_eq!(server.connections(), 0);
        Ok(())
    });
}

/// `serve_forever` that is cancelled closes the server, cancels the handlers, and awaits their cleanup.
///
/// LOP-81.
#[test]
fn a_cancelled_serve_forever_ends_in_order() {
    run(async {
        let cleaned = Rc::new(Cell::new(false));
        let cleans = cleaned.clone();
        let handler = async move |reader: StreamReader, writer: StreamWriter| {
            finally!({ drop(echo(reader, writer).await) }, {
                yield_now().await;
                cleans.set(true);
            },);
        };
        let server = Rc::new(start_server(handler, "127.0.0.1:0").await?);
        let address = server.sockets()[0];
        let serving = server.clone();
        let serves = create_task(async move { serving.serve_forever().await });
        let (mut reader, writer) = open_connection(address).await?;
        writer.write(b"x")?;
        assert_eq!(reader.readexactly(1).await?, "x");
        serves.cancel();
        assert!(serves.await.is_err_and(|error| error.is_cancelled()));
        assert!(cleaned.get() && !server.is_serving());
        assert_eq!(server.connections(), 0);
        assert_eq!(reader.read(1).await?, "", "the connection is closed");
        Ok(())
    });
}

/// Nothing outlives a server that is dropped.
///
/// LOP-75.
#[test]
fn a_dropped_server_cancels_its_connections() {
    run(async {
        let ended = Rc::new(Event::new());
        let ends = ended.clone();
        let handler = async move |mut reader: StreamReader, _writer: StreamWriter| {
            finally!({ drop(reader.read_to_end().await) }, { ends.set() });
        };
        let server = start_server(handler, "127.0.0.1:0").await?;
        let (_reader, _writer) = open_connection(server.sockets()[0]).await?;
        while server.connections() < 1 {
            yield_now().await;
        }
        drop(server);
        ended.wait().await;
        Ok(())
    });
}

/// LOP-84.
#[test]
fn a_server_can_be_given_sockets_and_share_a_port() {
    run(async {
        let one = TcpListener::builder()
            .reuse_port(true)
            .bind("127.0.0.1:0")
            .await?;
        let address = one.local_addr()?;
        let first = start_server(echo, address).sock(one).await?;
        let second = start_server(echo, address).reuse_port(true).await?;
        for _ in 0..20 {
            assert_eq!(ask(&first, b"shared").await?, b"shared");
        }
        assert_eq!(second.sockets(), [address]);
        let taken = start_server(echo, address).await.unwrap_err();
        assert!(taken.to_string().contains(&address.to_string()), "{taken}");
        Ok(())
    });
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    use asyncio_net::{open_unix_connection, start_unix_server, start_unix_server_parallel};

    use super::*;

    fn path(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("asyncio-server-{name}-{}", std::process::id()))
    }

    /// STR-03, STR-04: a Unix socket, with the permissions of its file.
    #[test]
    fn a_unix_server_answers_and_its_file_has_the_mode() {
        run(async {
            let path = path("mode");
            for round in 0..2 {
                // The second takes the place of the file that the first has left.
                let server = start_unix_server(echo, &path).mode(0o600);
                let server = server.cleanup_socket(round == 1).await?;
                let mode = std::fs::metadata(&path)?.permissions().mode();
                assert_eq!(mode & 0o777, 0o600);
                let (mut reader, writer) = open_unix_connection(&path).await?;
                writer.write(b"hello\n")?;
                assert_eq!(reader.readline().await?, "hello\n", "round {round}");
                drop(writer);
                server.close();
                server.wait_closed().await;
                assert_eq!(path.exists(), round == 0);
            }
            Ok(())
        });
    }

    #[test]
    fn a_unix_server_on_the_pool_answers() {
        run(async {
            let path = path("pool");
            let _server = start_unix_server_parallel(echo, &path).await?;
            let (mut reader, writer) = open_unix_connection(&path).await?;
            writer.write(b"hello\n")?;
            assert_eq!(reader.readline().await?, "hello\n");
            std::fs::remove_file(&path)
        });
    }
}

/// STR-01, STR-02. As in Python, small pieces are not held back, on either side; a program may decide otherwise.
#[test]
fn both_ends_send_small_pieces_at_once_unless_told_otherwise() {
    for wanted in [true, false] {
        let nodelay = |writer: &StreamWriter| writer.transport().tcp().unwrap().nodelay();
        let (tell, told) = asyncio_sync::oneshot::channel();
        let tell = Cell::new(Some(tell));
        run(async {
            let handler = move |_: StreamReader, writer: StreamWriter| {
                let tell = tell.take();
                async move { tell.unwrap().send(nodelay(&writer).unwrap()).unwrap() }
            };
            let plain = start_server(handler, "127.0.0.1:0");
            let server = if wanted { plain } else { plain.nodelay(false) }.await?;
            let plain = open_connection(server.sockets()[0]);
            let (_reader, writer) = if wanted { plain } else { plain.nodelay(false) }.await?;
            assert_eq!(nodelay(&writer)?, wanted);
            assert_eq!(told.await.unwrap(), wanted);
            server.close();
            Ok(())
        });
    }
}
