//! TLS under a loop: cancelled at each await, with a mock clock, and on the pool.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::any::Any;
use std::io::{self, IoSlice};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use asyncio::net::{TcpListener, Wire, stream};
use asyncio::testing::{Case, Ended, explore_cancel};
use asyncio::tls::rustls::{ClientConfig, ServerConfig};
use asyncio::{
    Runner, StreamReader, StreamWriter, create_task, join, open_connection, sleep, spawn, tls, yield_now,
};

#[path = "tls_peers/certificates.rs"]
mod certificates;

use certificates::Certificates;

fn configs(name: &str) -> (Arc<ClientConfig>, Arc<ServerConfig>) {
    let certificates = Certificates::new(name);
    (certificates.client().into(), certificates.server().into())
}

type End = (StreamReader, StreamWriter);

async fn shaken(client: &Arc<ClientConfig>, server: &Arc<ServerConfig>) -> (End, End) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let opened = async {
        let opened = open_connection(listener.local_addr().unwrap());
        opened.ssl(client.clone()).await
    };
    let accepted = async {
        let (stream, _) = listener.accept().await?;
        tls::accept(stream, server.clone()).await
    };
    let (opened, accepted) = join!(opened, accepted).await;
    (opened.unwrap(), accepted.unwrap())
}

/// Waits until no task but this one is left.
async fn alone() {
    while asyncio::all_tasks().len() > 1 {
        sleep(Duration::from_millis(1)).await;
    }
}

/// A wire on which nothing ever comes, and all is taken.
#[derive(Debug)]
struct Silent;

impl Wire for Silent {
    fn poll_read(&self, _: &mut Context<'_>, _: &mut Vec<u8>, _: usize) -> Poll<io::Result<usize>> {
        Poll::Pending
    }

    fn try_write(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        Ok(buffers.iter().map(|buffer| buffer.len()).sum())
    }

    fn poll_write(&self, _: &mut Context<'_>, buffers: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Poll::Ready(self.try_write(buffers))
    }

    fn close_write(&self) -> io::Result<()> {
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        Ok(())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[test]
fn a_silent_peer_has_a_minute_for_the_handshake_on_either_side() {
    let (client, server) = configs("silent");
    let mut runner = Runner::new().mock_clock(true);
    let ended = runner.run(async {
        let begun = asyncio::time::now();
        let error = tls::connect(Silent, client.clone(), "localhost")
            .await
            .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(
            error.to_string(),
            "TLS handshake with localhost: not done after 60s"
        );
        assert_eq!(asyncio::time::now() - begun, Duration::from_secs(60));

        let begun = asyncio::time::now();
        let (mut reader, mut writer) = stream(Silent);
        let started = writer
            .start_tls(&mut reader, server)
            .ssl_handshake_timeout(Duration::from_secs(5));
        let error = started.await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(asyncio::time::now() - begun, Duration::from_secs(5));
        assert!(writer.is_closing());
        assert_eq!(
            writer.wait_closed().await.unwrap_err().kind(),
            io::ErrorKind::TimedOut
        );
    });
    ended.unwrap();
}

#[test]
fn a_handshake_can_be_cancelled_at_each_await_and_the_connection_is_closed() {
    let (client, server) = configs("cancelled");
    asyncio::run(async {
        for as_client in [true, false] {
            let explored = explore_cancel(|| {
                let (client, server) = (client.clone(), server.clone());
                let (sender, receiver) = std::sync::mpsc::channel();
                let future = async move {
                    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
                    let ours = asyncio::net::UnixStream::try_from(ours).unwrap();
                    let theirs = asyncio::net::UnixStream::try_from(theirs).unwrap();
                    let connect = |socket| tls::connect(socket, client.clone(), "localhost");
                    let accept = |socket| tls::accept(socket, server.clone());
                    let (ours, theirs) = match as_client {
                        true => (connect(ours), accept(theirs)),
                        false => (accept(ours), connect(theirs)),
                    };
                    // Late, so that there is something to wait for.
                    let peer = create_task(async move {
                        yield_now().await;
                        theirs.await.map(drop)
                    });
                    sender.send(peer).unwrap();
                    ours.await.map(drop)
                };
                Case::new(future, async move |ended| {
                    if let Ended::Value(done) = ended {
                        done.unwrap();
                    }
                    if let Ok(peer) = receiver.try_recv() {
                        // It hears of the end, whichever way: nothing hangs.
                        drop(peer.await.unwrap());
                    }
                    alone().await;
                })
            });
            let explored = asyncio::timeout(Duration::from_secs(30), explored).await.unwrap();
            assert!(
                explored.suspension_points >= if as_client { 1 } else { 2 },
                "{explored:?}"
            );
        }
    });
}

#[test]
fn no_byte_is_lost_by_a_read_a_drain_or_an_end_that_is_cancelled() {
    const PIECES: [&[u8]; 4] = [b"one", b" line\nand", b" anot", b"her\n"];
    let (client, server) = configs("lossless");
    asyncio::run(async {
        let ((_r, writer), (reader, _w)) = shaken(&client, &server).await;
        let (writer, reader) = (Rc::new(writer), Rc::new(asyncio::Lock::new(reader)));
        let explored = explore_cancel(|| {
            let (to, from) = (writer.clone(), reader.clone());
            let future = async move {
                drop(create_task(async move {
                    for piece in PIECES {
                        sleep(Duration::from_micros(500)).await;
                        to.write(piece).unwrap();
                        to.drain().await.unwrap();
                    }
                }));
                from.acquire().await.readexactly(17).await.unwrap()
            };
            let from = reader.clone();
            Case::new(future, async move |ended| {
                alone().await;
                let taken = match ended {
                    Ended::Value(taken) => taken.to_vec(),
                    Ended::Cancelled { at: 0, .. } => return,
                    Ended::Cancelled { .. } => Vec::new(),
                };
                let expected = PIECES.concat();
                let mut reader = from.acquire().await;
                let rest = reader.readexactly(expected.len() - taken.len()).await.unwrap();
                assert_eq!([&taken[..], &rest].concat(), expected);
                assert!(reader.buffered().is_empty(), "nothing is doubled");
            })
        })
        .await;
        assert!(explored.suspension_points > 0);

        let explored = explore_cancel(|| {
            let (client, server) = (client.clone(), server.clone());
            let (sender, receiver) = std::sync::mpsc::channel();
            let future = async move {
                let ((_r, writer), theirs) = shaken(&client, &server).await;
                sender.send(theirs).unwrap();
                writer.write(&[1; 3 << 20]).unwrap();
                drop(_r);
                writer.drain().await.unwrap();
            };
            Case::new(future, async move |_| {
                let Ok((mut reader, _writer)) = receiver.try_recv() else {
                    return;
                };
                // Dropped in its drain, the writer sends all the same, and says farewell.
                assert_eq!(reader.read_to_end().await.unwrap().len(), 3 << 20);
            })
        });
        let explored = asyncio::timeout(Duration::from_secs(30), explored).await.unwrap();
        assert!(explored.suspension_points > 0);
    });
}

#[test]
fn both_ends_can_live_on_the_pool() {
    let (client, server) = configs("pool");
    asyncio::run(async {
        let ended = spawn(async move {
            let ((mut client, to_server), (mut server, to_client)) = shaken(&client, &server).await;
            let echo = spawn(async move {
                while let Some(line) = server.next_line().await? {
                    to_client.write_owned(line)?;
                    to_client.drain().await?;
                }
                to_client.close();
                to_client.wait_closed().await?;
                Ok::<(), asyncio::StreamError>(())
            });
            for _ in 0..1000 {
                to_server.write(b"there and back\n")?;
                assert_eq!(client.readline().await?, "there and back\n");
            }
            to_server.close();
            to_server.wait_closed().await?;
            echo.await.unwrap()
        });
        ended.await.unwrap().unwrap();
    });
}
