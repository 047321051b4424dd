//! TLS under load, and at its end: much in both directions, peers that are slow or silent, and farewells.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::future::{IntoFuture, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use asyncio_net::tls::{self, rustls};
use asyncio_net::{StreamReader, StreamWriter, TcpListener, TcpStream, open_connection};
use futures_io::AsyncWrite;
use futures_lite::{AsyncWriteExt, future};

#[path = "kit/tls.rs"]
mod kit;

use kit::{Authority, configs, pair, run};

/// Bytes that tell where they belong.
fn pattern(from: usize, count: usize) -> Vec<u8> {
    (from..from + count).map(|at| (at % 251) as u8).collect()
}

/// Writes `total` bytes and drains after each piece.
async fn send(writer: &StreamWriter, total: usize, piece: usize) -> io::Result<()> {
    let mut sent = 0;
    while sent < total {
        let count = piece.min(total - sent);
        writer.write(&pattern(sent, count))?;
        writer.drain().await?;
        sent += count;
    }
    Ok(())
}

async fn receive(reader: &mut StreamReader, total: usize) -> io::Result<()> {
    let mut got = 0;
    while got < total {
        let bytes = reader.read(50_000).await?;
        assert!(!bytes.is_empty(), "{got} of {total}");
        assert_eq!(bytes, pattern(got, bytes.len()), "at {got}");
        got += bytes.len();
    }
    Ok(())
}

#[test]
fn ten_megabytes_go_both_ways_at_once() {
    run(async {
        const TOTAL: usize = 10 << 20;
        let ((mut client, to_server), (mut server, to_client)) = pair().await?;
        let out = future::try_zip(send(&to_server, TOTAL, 100_000), send(&to_client, TOTAL, 7_001));
        let back = future::try_zip(receive(&mut client, TOTAL), receive(&mut server, TOTAL));
        future::try_zip(out, back).await?;
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn one_write_of_ten_megabytes_arrives_and_close_waits_for_it() {
    run(async {
        const TOTAL: usize = 10 << 20;
        let ((mut client, to_server), (server, to_client)) = pair().await?;
        to_client.write(&pattern(0, TOTAL))?;
        drop((server, to_client));
        receive(&mut client, TOTAL).await?;
        assert!(client.read(1).await?.is_empty());
        to_server.close();
        to_server.wait_closed().await
    })
    .unwrap();
}

/// Writes until the peer, which reads nothing, holds us up; each time the queue is looked at.
async fn held_up(writer: &StreamWriter, mut write: impl FnMut() -> io::Result<usize>) -> io::Result<()> {
    let (_, high) = writer.get_write_buffer_limits();
    let mut total = 0;
    loop {
        let written = write()?;
        total += written;
        // Records are a little longer than what they hold.
        let most = high + written + 64 * (1 + written / (16 << 10));
        let queued = writer.get_write_buffer_size();
        assert!(queued <= most, "{queued} bytes lie in the queue, after {total}");
        if future::poll_once(writer.drain()).await.is_none() {
            assert!(total > high);
            return Ok(());
        }
        assert!(total < 1 << 30, "nobody takes that much");
    }
}

#[test]
fn who_drains_has_no_more_than_a_write_above_the_mark_in_the_queue() {
    run(async {
        for size in [1000, 100_000] {
            let ((_client, to_server), _server) = pair().await?;
            let bytes = pattern(0, size);
            held_up(&to_server, || to_server.write(&bytes).map(|()| size)).await?;
            let ((_client, to_server), _server) = pair().await?;
            held_up(&to_server, || {
                to_server.writelines([&bytes[..], b"", &bytes[..10]])?;
                Ok(size + 10)
            })
            .await?;
        }
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn through_async_write_the_queue_is_bounded_without_a_drain() {
    run(async {
        let ((_client, mut to_server), (mut server, _to_client)) = pair().await?;
        let (_, high) = to_server.get_write_buffer_limits();
        let bytes = pattern(0, 30_000);
        let mut total = 0;
        loop {
            let mut view = to_server.io();
            let written = poll_fn(|cx| Pin::new(&mut view).poll_write(cx, &bytes));
            let Some(written) = future::poll_once(written).await else {
                break;
            };
            total += written?;
            assert!(to_server.get_write_buffer_size() <= high + bytes.len() + 200);
        }
        assert!(total > high);
        let flushed = async { to_server.io().flush().await };
        let read = async {
            let read = server.readexactly(total).await;
            read.map(|bytes| assert_eq!(bytes.len(), total))
                .map_err(io::Error::from)
        };
        future::try_zip(flushed, read).await?;
        assert_eq!(to_server.get_write_buffer_size(), 0);
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn a_hard_limit_refuses_what_is_too_much_and_sends_nothing_of_it() {
    run(async {
        let ((_client, to_server), (mut server, _to_client)) = pair().await?;
        to_server.set_hard_limit(Some(200_000));
        let bytes = pattern(0, 100_000);
        let mut total = 0;
        let error = loop {
            match to_server.write(&bytes) {
                Ok(()) => total += bytes.len(),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(server.readexactly(total).await.unwrap().len(), total);
        assert!(future::poll_once(server.read(1)).await.is_none());
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn a_reader_takes_no_more_from_the_wire_than_it_is_asked_for() {
    run(async {
        let ((mut client, _to_server), (_server, to_client)) = pair().await?;
        // Nobody reads, so the other side is held up, however much memory we have.
        held_up(&to_client, || to_client.write(&[7; 10_000]).map(|()| 10_000)).await?;
        assert_eq!(client.read(10).await?, [7; 10].as_slice());
        assert!(client.buffered().len() <= 64 << 10);
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn after_the_peers_farewell_one_can_go_on_writing() {
    run(async {
        // rustls itself as the peer: it says close_notify and goes on reading.
        let (client, server) = configs();
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let peer = std::thread::spawn(move || {
            use std::io::Read;
            let (mut socket, _) = listener.accept().unwrap();
            let mut session = rustls::ServerConnection::new(server).unwrap();
            session.complete_io(&mut socket).unwrap();
            session.send_close_notify();
            session.complete_io(&mut socket).unwrap();
            let mut heard = String::new();
            rustls::Stream::new(&mut session, &mut socket)
                .read_to_string(&mut heard)
                .unwrap();
            heard
        });
        let opened = open_connection(address).ssl(client).server_hostname("localhost");
        let (mut reader, writer) = opened.await?;
        assert!(reader.read(1).await?.is_empty());
        writer.write(b"you said goodbye, ")?;
        writer.write(b"but I did not")?;
        writer.close();
        // There is nothing to wait for: the peer has said it already.
        writer.wait_closed().await?;
        assert_eq!(peer.join().unwrap(), "you said goodbye, but I did not");
        io::Result::Ok(())
    })
    .unwrap();
}

/// Both ends of a connection that has `timeout` for its end.
async fn ending_in(timeout: Duration) -> io::Result<(kit::Streams, kit::Streams)> {
    let (client, server) = configs();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let opened = open_connection(listener.local_addr()?)
        .ssl(client)
        .server_hostname("localhost")
        .ssl_shutdown_timeout(timeout);
    let accepted = async { tls::accept(listener.accept().await?.0, server).await };
    future::try_zip(opened.into_future(), accepted).await
}

#[test]
fn a_peer_that_does_not_say_farewell_is_left_when_its_time_is_over() {
    run(async {
        let timeout = Duration::from_millis(50);
        let ((mut client, to_server), (mut server, to_client)) = ending_in(timeout).await?;
        let begun = Instant::now();
        to_server.close();
        // The reader need not wait, and the peer hears of it at once.
        assert!(client.read(1).await?.is_empty());
        assert!(server.read(1).await?.is_empty());
        let error = to_server.wait_closed().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(error.to_string().contains("50ms"), "{error}");
        assert!(begun.elapsed() >= timeout);
        drop(to_client);
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn a_reader_that_waits_sees_the_end_when_its_side_closes() {
    run(async {
        let ((mut client, to_server), _server) = pair().await?;
        let closed = async {
            future::yield_now().await;
            to_server.close();
            Ok(())
        };
        let (end, ()) = future::try_zip(client.read(1), closed).await?;
        assert!(end.is_empty());
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn what_comes_after_the_farewell_is_thrown_away_and_harms_nobody() {
    run(async {
        let ((_client, to_server), (mut server, to_client)) = ending_in(Duration::from_secs(20)).await?;
        to_server.write(b"all that I had to say")?;
        to_server.close();
        // It sends more than the system keeps, and only then listens.
        send(&to_client, 10 << 20, 100_000).await?;
        assert_eq!(server.read_to_end().await?, "all that I had to say");
        to_client.close();
        future::try_zip(to_server.wait_closed(), to_client.wait_closed()).await?;
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn a_peer_that_takes_nothing_is_cut_off_and_one_that_is_slow_is_not() {
    run(async {
        let timeout = Duration::from_millis(500);
        let ((_client, to_server), _server) = ending_in(timeout).await?;
        to_server.write(&vec![0; 10 << 20])?;
        to_server.close();
        let error = to_server.wait_closed().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);

        let ((_client, to_server), (mut server, to_client)) = ending_in(timeout).await?;
        const TOTAL: usize = 32 << 20;
        to_server.write(&pattern(0, TOTAL))?;
        to_server.close();
        let begun = Instant::now();
        let read = async {
            for _ in 0..8 {
                // All in all it takes longer than the time that there is, while much is still to be sent.
                asyncio_timers::sleep(timeout / 4).await;
                server.readexactly(1 << 20).await?;
            }
            server.readexactly(TOTAL - (8 << 20)).await?;
            assert!(server.read(1).await?.is_empty());
            drop(to_client);
            io::Result::Ok(())
        };
        future::try_zip(read, to_server.wait_closed()).await?;
        assert!(begun.elapsed() > timeout);
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn what_was_written_is_sent_also_when_nobody_holds_the_connection() {
    run(async {
        let ((_client, to_server), (mut server, to_client)) = pair().await?;
        to_server.write(&pattern(0, 5 << 20))?;
        drop((_client, to_server));
        receive(&mut server, 5 << 20).await?;
        assert!(server.read(1).await?.is_empty());
        to_client.close();
        to_client.wait_closed().await
    })
    .unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn no_descriptor_is_left_behind() {
    // Another process, so that other tests do not count.
    const MARK: &str = "ASYNCIO_NET_TLS_DESCRIPTORS";
    if std::env::var_os(MARK).is_none() {
        let done = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["no_descriptor_is_left_behind", "--exact", "--nocapture"])
            .env(MARK, "1")
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        return;
    }
    let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let (client, server) = configs();
    let stranger = Arc::new(tls::client_config_with_roots(&Authority::new().pem).unwrap());
    run(async {
        let round = async || {
            let (ours, theirs) = kit::attempt(client.clone(), server.clone()).await;
            let (ours, theirs) = (ours.unwrap(), theirs.unwrap());
            ours.1.close();
            theirs.1.close();
            future::try_zip(ours.1.wait_closed(), theirs.1.wait_closed())
                .await
                .unwrap();
            assert!(kit::attempt(stranger.clone(), server.clone()).await.0.is_err());
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let socket = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let mut begun = Box::pin(tls::connect(socket, client.clone(), "localhost").into_future());
            assert!(future::poll_once(&mut begun).await.is_none());
        };
        round().await;
        let before = open();
        for _ in 0..20 {
            round().await;
        }
        // Those who part do so on the reactor's thread.
        while open() > before {
            asyncio_timers::sleep(Duration::from_millis(5)).await;
        }
    });
}
