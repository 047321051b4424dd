//! TCP on executors that are not ours: the behaviour of streams, halves and listeners.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

#[path = "kit/common.rs"]
mod kit;

use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::task::Poll;
use std::time::Duration;

use asyncio_net::{Keepalive, TcpListener, TcpStream};
use futures_lite::{AsyncReadExt, AsyncWriteExt, future};

use kit::{everywhere, pair, poll_once};

#[test]
fn a_connection_echoes() {
    everywhere(|| async {
        let (mut client, mut server) = pair().await?;
        for size in [1, 1000, 300_000] {
            let sent = vec![7; size];
            let mut received = vec![0; size];
            let mut back = vec![0; size];
            future::try_zip(
                async {
                    client.write_all(&sent).await?;
                    client.read_exact(&mut back).await
                },
                async {
                    server.read_exact(&mut received).await?;
                    server.write_all(&received).await
                },
            )
            .await?;
            assert_eq!(back, sent);
        }
        Ok(())
    });
}

#[test]
fn bytes_that_come_with_the_end_are_read_and_then_the_end() {
    everywhere(|| async {
        let (client, mut server) = pair().await?;
        let mut buffer = [0; 64];
        // The reader waits before anything comes, so that both arrive as one event.
        let read = async {
            let first = server.read(&mut buffer).await?;
            let mut rest = [0; 64];
            let second = server.read(&mut rest).await?;
            Ok::<_, io::Error>((first, second))
        };
        let write = async {
            client.try_write(b"last words")?;
            drop(client);
            Ok(())
        };
        let ((first, second), ()) = future::try_zip(read, write).await?;
        assert_eq!((first, second), (10, 0));
        assert_eq!(&buffer[..10], b"last words");
        Ok(())
    });
}

#[test]
fn one_direction_can_end_before_the_other() {
    everywhere(|| async {
        let (mut client, mut server) = pair().await?;
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
fn closing_ends_the_sending_direction_and_may_come_late() {
    everywhere(|| async {
        let (mut client, mut server) = pair().await?;
        client.close().await?;
        assert_eq!(server.read(&mut [0; 1]).await?, 0);
        drop(server);
        client.readable().await?;
        client.close().await
    });
}

#[test]
fn borrowed_halves_work_at_once() {
    everywhere(|| async {
        let (mut client, mut server) = pair().await?;
        let (mut read, mut write) = client.split();
        let sent = vec![3; 2_000_000];
        // Both directions are full at some time: neither end could go on if a half blocked the other.
        let (mut theirs_read, mut theirs_write) = server.split();
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
        Ok(())
    });
}

#[test]
fn owned_halves_reunite_with_their_own() {
    everywhere(|| async {
        let (client, server) = pair().await?;
        let address = client.local_addr()?;
        let (client_read, client_write) = client.into_split();
        let (server_read, server_write) = server.into_split();
        let error = client_read.reunite(server_write).unwrap_err();
        assert_eq!(error.to_string(), "the two halves belong to different streams");
        let (client_read, server_write) = (error.0, error.1);
        let mut client = client_read.reunite(client_write).unwrap();
        let mut server = server_read.reunite(server_write).unwrap();
        assert_eq!(client.local_addr()?, address);
        client.write_all(b"x").await?;
        assert_eq!(server.read(&mut [0; 8]).await?, 1);
        Ok(())
    });
}

#[test]
fn a_dropped_write_half_ends_its_direction_and_a_forgotten_one_does_not() {
    everywhere(|| async {
        let (client, mut server) = pair().await?;
        let (mut read, write) = client.into_split();
        drop(write);
        assert_eq!(server.read(&mut [0; 1]).await?, 0);
        server.write_all(b"x").await?;
        assert_eq!(read.read(&mut [0; 8]).await?, 1);

        let (client, mut server) = pair().await?;
        let (_read, write) = client.into_split();
        write.forget();
        assert!(poll_once(server.read(&mut [0; 1])).await.is_none());
        Ok(())
    });
}

#[test]
fn the_write_half_can_tell_the_end_and_stay() {
    everywhere(|| async {
        let (mut client, mut server) = pair().await?;
        client.split().1.shutdown()?;
        assert_eq!(server.read(&mut [0; 1]).await?, 0);
        let (_read, write) = server.into_split();
        write.shutdown()?;
        assert_eq!(client.read(&mut [0; 1]).await?, 0);
        Ok(())
    });
}

#[test]
fn several_buffers_go_with_one_call() {
    everywhere(|| async {
        let (mut client, mut server) = pair().await?;
        let sent = client
            .write_vectored(&[IoSlice::new(b"ab"), IoSlice::new(b""), IoSlice::new(b"cde")])
            .await?;
        assert_eq!(sent, 5);
        let (mut one, mut other) = ([0; 3], [0; 8]);
        let buffers = &mut [IoSliceMut::new(&mut one), IoSliceMut::new(&mut other)];
        let count = server.read_vectored(buffers).await?;
        assert_eq!((count, &one, &other[..2]), (5, b"abc", &b"de"[..]));
        Ok(())
    });
}

#[test]
fn the_tried_forms_do_not_wait() {
    everywhere(|| async {
        let (mut client, server) = pair().await?;
        let mut buffer = [0; 8];
        let empty = server.try_read(&mut buffer).unwrap_err();
        assert_eq!(empty.kind(), ErrorKind::WouldBlock);
        client.write_all(b"xy").await?;
        server.readable().await?;
        assert_eq!(server.try_read(&mut buffer)?, 2);
        client.writable().await?;
        let block = vec![0; 1 << 20];
        let full = loop {
            if let Err(error) = client.try_write(&block) {
                break error;
            }
        };
        assert_eq!(full.kind(), ErrorKind::WouldBlock);
        Ok(())
    });
}

#[test]
fn what_was_peeked_at_is_read_afterwards() {
    everywhere(|| async {
        let (mut client, mut server) = pair().await?;
        client.write_all(b"xyz").await?;
        let mut buffer = [0; 8];
        assert_eq!(server.peek(&mut buffer[..2]).await?, 2);
        assert_eq!(server.peek(&mut buffer).await?, 3);
        assert_eq!(server.read(&mut buffer).await?, 3);
        assert_eq!(&buffer[..3], b"xyz");
        Ok(())
    });
}

#[test]
fn the_end_inside_read_exact_says_how_far_it_came() {
    everywhere(|| async {
        let (mut client, mut server) = pair().await?;
        client.write_all(b"xyz").await?;
        drop(client);
        let error = server.read_exact(&mut [0; 8]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
        assert_eq!(error.to_string(), "the stream ended after 3 of 8 bytes");
        Ok(())
    });
}

#[test]
fn a_dropped_read_loses_no_byte() {
    everywhere(|| async {
        let (mut client, mut server) = pair().await?;
        let mut buffer = [0; 8];
        for round in 0..50_u8 {
            assert!(poll_once(server.read(&mut buffer)).await.is_none());
            client.write_all(&[round, round]).await?;
            // Polled anew: what the dropped future waited for is still there.
            server.read_exact(&mut buffer[..2]).await?;
            assert_eq!(buffer[..2], [round, round]);
        }
        Ok(())
    });
}

#[test]
fn options_are_set_and_read_back() {
    everywhere(|| async {
        let (stream, _peer) = pair().await?;
        stream.set_nodelay(true)?;
        assert!(stream.nodelay()?);
        stream.set_ttl(17)?;
        assert_eq!(stream.ttl()?, 17);
        stream.set_linger(Some(Duration::ZERO))?;
        assert_eq!(stream.linger()?, Some(Duration::ZERO));
        let probes = Keepalive::new()
            .time(Duration::from_secs(9))
            .interval(Duration::from_secs(2))
            .retries(4);
        stream.set_keepalive(Some(&probes))?;
        assert!(stream.keepalive()?);
        let socket = socket2::SockRef::from(&stream);
        assert_eq!(socket.tcp_keepalive_time()?, Duration::from_secs(9));
        assert_eq!(socket.tcp_keepalive_interval()?, Duration::from_secs(2));
        assert_eq!(socket.tcp_keepalive_retries()?, 4);
        stream.set_keepalive(None)?;
        assert!(!stream.keepalive()?);
        stream.set_recv_buffer_size(16 * 1024)?;
        assert!(stream.recv_buffer_size()? >= 16 * 1024);
        stream.set_send_buffer_size(16 * 1024)?;
        assert!(stream.send_buffer_size()? >= 16 * 1024);
        assert!(stream.take_error()?.is_none());
        Ok(())
    });
}

#[test]
fn a_reset_is_an_error_and_not_an_end() {
    everywhere(|| async {
        let (client, mut server) = pair().await?;
        client.set_linger(Some(Duration::ZERO))?;
        drop(client);
        let error = server.read(&mut [0; 1]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        Ok(())
    });
}

#[test]
fn sockets_go_to_std_and_come_back() {
    everywhere(|| async {
        let (client, mut server) = pair().await?;
        let mut client = TcpStream::from_std(client.into_std()?)?;
        client.write_all(b"x").await?;
        assert_eq!(server.read(&mut [0; 8]).await?, 1);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let listener = TcpListener::try_from(listener.into_std()?)?;
        let client = TcpStream::connect(listener.local_addr()?);
        future::try_zip(client, listener.accept()).await?;
        Ok(())
    });
}

#[test]
fn a_shared_stream_reads_in_one_task_while_another_writes() {
    everywhere(|| async {
        let (client, mut server) = pair().await?;
        let (mut reader, mut writer) = (&client, &client);
        let mut buffer = [0; 4];
        let ours = future::try_zip(reader.read_exact(&mut buffer), writer.write_all(b"ping"));
        let theirs = async {
            let mut buffer = [0; 4];
            server.read_exact(&mut buffer).await?;
            server.write_all(&buffer).await
        };
        future::try_zip(ours, theirs).await?;
        assert_eq!(&buffer, b"ping");
        Ok(())
    });
}

#[test]
fn a_moved_future_is_woken_where_it_waits_now() {
    // A read that waited in one task is polled on in another: the newer waker counts.
    everywhere(|| async {
        let (mut client, mut server) = pair().await?;
        let mut buffer = [0; 8];
        let mut read = Box::pin(server.read(&mut buffer));
        let pending = std::thread::scope(|scope| {
            let poll = || {
                let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
                matches!(read.as_mut().poll(&mut cx), Poll::Pending)
            };
            scope.spawn(poll).join().unwrap()
        });
        assert!(pending);
        client.write_all(b"x").await?;
        assert_eq!(read.await?, 1);
        Ok(())
    });
}
