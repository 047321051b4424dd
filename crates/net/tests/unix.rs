//! Unix sockets on executors that are not ours.

#![cfg(unix)]

#[path = "kit/common.rs"]
mod kit;

use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use asyncio_net::{UnixDatagram, UnixListener, UnixStream};
use futures_lite::{AsyncReadExt, StreamExt, future};

use kit::{everywhere, poll_once};

/// A path that nobody else uses; its file is removed at the end.
struct Place(PathBuf);

impl Place {
    fn new() -> Place {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Place(std::env::temp_dir().join(format!("asyncio-net-{}-{count}", std::process::id())))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn a_connection_through_a_path_echoes_and_half_closes() {
    everywhere(|| async {
        let place = Place::new();
        let listener = UnixListener::bind(&place.0)?;
        assert_eq!(listener.local_addr()?.as_pathname(), Some(&*place.0));
        let (mut client, accepted) =
            future::try_zip(UnixStream::connect(&place.0), listener.accept()).await?;
        let (mut server, peer) = accepted;
        assert!(peer.is_unnamed());
        assert_eq!(client.peer_addr()?.as_pathname(), Some(&*place.0));
        client.write_all(b"question").await?;
        client.shutdown(Shutdown::Write)?;
        let mut question = Vec::new();
        server.read_to_end(&mut question).await?;
        assert_eq!(question, b"question");
        server.write_all(b"answer").await?;
        drop(server);
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await?;
        assert_eq!(answer, b"answer");
        Ok(())
    });
}

#[test]
fn bytes_that_come_with_the_end_are_read_and_then_the_end() {
    everywhere(|| async {
        let (client, mut server) = UnixStream::pair()?;
        let mut buffer = [0; 64];
        let read = async {
            let first = server.read(&mut buffer).await?;
            let second = server.read(&mut [0; 64]).await?;
            Ok::<_, io::Error>((first, second))
        };
        let write = async {
            client.try_write(b"last words")?;
            drop(client);
            Ok(())
        };
        assert_eq!(future::try_zip(read, write).await?, ((10, 0), ()));
        Ok(())
    });
}

#[test]
fn halves_carry_more_than_the_buffers_hold() {
    everywhere(|| async {
        let (one, mut other) = UnixStream::pair()?;
        let (mut read, mut write) = one.into_split();
        let sent = vec![5; 1_000_000];
        let (mut theirs_read, mut theirs_write) = other.split();
        let theirs = async {
            let mut buffer = [0; 4096];
            let mut total = 0;
            while total < sent.len() {
                let count = theirs_read.read(&mut buffer).await?;
                theirs_write.write_all(&buffer[..count]).await?;
                total += count;
            }
            Ok(())
        };
        let mut received = vec![0; sent.len()];
        let ours = future::try_zip(write.write_all(&sent), read.read_exact(&mut received));
        future::try_zip(ours, theirs).await?;
        assert!(received == sent);
        let stream = read.reunite(write).unwrap();
        drop(stream);
        assert_eq!(other.read(&mut [0; 1]).await?, 0);
        Ok(())
    });
}

#[test]
fn what_was_peeked_at_is_read_afterwards() {
    everywhere(|| async {
        let (mut one, mut other) = UnixStream::pair()?;
        let mut buffer = [0; 8];
        let write = async {
            future::yield_now().await;
            one.write_all(b"xyz").await
        };
        let (count, ()) = future::try_zip(other.peek(&mut buffer), write).await?;
        assert_eq!(count, 3);
        assert_eq!(other.read(&mut buffer).await?, 3);
        Ok(())
    });
}

#[test]
fn dropped_waits_lose_nothing() {
    everywhere(|| async {
        let place = Place::new();
        let listener = UnixListener::bind(&place.0)?;
        for _ in 0..20 {
            assert!(poll_once(listener.accept()).await.is_none());
            let mut client = UnixStream::connect(&place.0).await?;
            let (mut server, _) = listener.accept().await?;
            let mut buffer = [0; 8];
            assert!(poll_once(server.read(&mut buffer)).await.is_none());
            client.write_all(b"xy").await?;
            assert_eq!(server.read(&mut buffer).await?, 2);
        }
        Ok(())
    });
}

#[test]
fn incoming_gives_every_connection() {
    everywhere(|| async {
        let place = Place::new();
        let listener = UnixListener::bind(&place.0)?;
        let mut clients = Vec::new();
        for _ in 0..10 {
            clients.push(UnixStream::connect(&place.0).await?);
        }
        let servers: Vec<_> = listener.incoming().take(10).try_collect().await?;
        assert_eq!(servers.len(), 10);
        Ok(())
    });
}

#[test]
fn errors_name_the_path() {
    everywhere(|| async {
        let place = Place::new();
        let error = UnixStream::connect(&place.0).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(
            error
                .to_string()
                .contains(&format!("cannot connect to {:?}", place.0)),
            "{error}"
        );
        let _listener = UnixListener::bind(&place.0)?;
        let error = UnixListener::bind(&place.0).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        assert!(
            error
                .to_string()
                .contains(&format!("cannot listen on {:?}", place.0)),
            "{error}"
        );
        let long = "x".repeat(200);
        let error = UnixDatagram::bind(&long).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(&long), "{error}");
        Ok(())
    });
}

#[cfg(target_os = "linux")]
#[test]
fn abstract_names_need_no_file() {
    everywhere(|| async {
        let name = format!("\0asyncio-net-{}", std::process::id());
        let listener = UnixListener::bind(&name)?;
        assert!(listener.local_addr()?.as_pathname().is_none());
        future::try_zip(UnixStream::connect(&name), listener.accept()).await?;
        drop(listener);
        let receiver = UnixDatagram::bind(&name)?;
        UnixDatagram::unbound()?.send_to(b"ping", &name).await?;
        assert_eq!(receiver.recv(&mut [0; 8]).await?, 4);
        Ok(())
    });
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[test]
fn the_peer_is_this_process() {
    everywhere(|| async {
        let (one, _other) = UnixStream::pair()?;
        let peer = one.peer_credentials()?;
        assert_eq!(peer.pid, std::process::id() as i32);
        Ok(())
    });
}

#[test]
fn datagrams_keep_their_borders_and_their_sender() {
    everywhere(|| async {
        let (here, there) = (Place::new(), Place::new());
        let one = UnixDatagram::bind(&here.0)?;
        let other = UnixDatagram::bind(&there.0)?;
        one.send_to(b"ping", &there.0).await?;
        one.connect(&there.0)?;
        one.send(b"pong!").await?;
        let mut buffer = [0; 16];
        assert_eq!(other.peek(&mut buffer).await?, 4);
        let (count, from) = other.recv_from(&mut buffer).await?;
        assert_eq!((count, from.as_pathname()), (4, Some(&*here.0)));
        assert_eq!(other.recv(&mut buffer).await?, 5);
        assert!(poll_once(other.recv(&mut buffer)).await.is_none());
        Ok(())
    });
}

#[test]
fn a_connected_sender_waits_for_room() {
    everywhere(|| async {
        let (one, other) = UnixDatagram::pair()?;
        let full = loop {
            if let Err(error) = one.try_send(&[7; 1000]) {
                break error;
            }
        };
        assert_eq!(full.kind(), ErrorKind::WouldBlock);
        let receive = async {
            future::yield_now().await;
            let mut count = 0;
            while other.try_recv(&mut [0; 1000]).is_ok() {
                count += 1;
            }
            Ok::<_, io::Error>(count)
        };
        let (sent, received) = future::try_zip(one.send(b"last"), receive).await?;
        assert_eq!(sent, 4);
        assert!(received > 0);
        Ok(())
    });
}

#[test]
fn an_unconnected_sender_gets_in_when_there_is_room() {
    everywhere(|| async {
        let place = Place::new();
        let receiver = UnixDatagram::bind(&place.0)?;
        let sender = UnixDatagram::unbound()?;
        let mut queued = 0;
        let full = loop {
            match sender.try_send_to(&[7; 1000], &place.0) {
                Ok(_) => queued += 1,
                Err(error) => break error,
            }
        };
        assert_eq!(full.kind(), ErrorKind::WouldBlock);
        let mut send = Box::pin(sender.send_to(b"last", &place.0));
        assert!(poll_once(&mut send).await.is_none());
        let mut buffer = [0; 1000];
        for _ in 0..queued {
            assert_eq!(receiver.try_recv(&mut buffer)?, 1000);
        }
        assert_eq!(send.await?, 4);
        assert_eq!(receiver.try_recv_from(&mut buffer)?.0, 4);
        Ok(())
    });
}
