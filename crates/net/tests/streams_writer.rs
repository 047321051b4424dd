//! `StreamWriter` and `Transport`: what is written arrives in order, and how a connection ends.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

#[path = "kit/common.rs"]
#[allow(unused_imports, reason = "no test uses all of it")]
mod kit;
#[path = "streams/pairs.rs"]
#[allow(dead_code, reason = "no test uses all of it")]
mod pairs;

use std::io::{self, ErrorKind, IoSlice};

use asyncio_net::{StreamReader, StreamWriter, Transport, stream};
use bytes::Bytes;
use futures_lite::future::{self, yield_now};
use futures_lite::{AsyncReadExt, AsyncWriteExt};

use kit::{everywhere, pair, poll_once};
use pairs::{connected, fill, unix_connected};

fn kind<T>(result: io::Result<T>) -> ErrorKind {
    match result {
        Ok(_) => panic!("it was done"),
        Err(error) => error.kind(),
    }
}

/// STR-18, STR-19.
#[test]
fn what_is_written_arrives_in_order() {
    everywhere(|| async {
        let ((_r, writer), (mut reader, _w)) = connected().await?;
        writer.write(b"one ")?;
        writer.write(b"")?;
        writer.writelines([&b"two "[..], b"", b"three "])?;
        writer.writelines([])?;
        writer.write_owned(Bytes::from_static(b"four "))?;
        writer.write_owned(Bytes::new())?;
        writer.drain().await?;
        writer.close();
        assert_eq!(reader.read_to_end().await?, "one two three four ");
        Ok(())
    });
}

/// STR-18, STR-19. Each way to write, while there is a queue, in small pieces and in large.
#[test]
fn what_is_queued_arrives_in_order() {
    everywhere(|| async {
        let ((_r, writer), (mut reader, _w)) = connected().await?;
        let mut expected = fill(&writer)?;
        let mut next = 0_u8;
        for round in 0..200_usize {
            let size = [1, 10, 1000, 1024, 1025, 5000][round % 6];
            let bytes: Vec<u8> = (0..size)
                .map(|_| {
                    next = next.wrapping_add(1);
                    next
                })
                .collect();
            match round % 3 {
                0 => writer.write(&bytes)?,
                1 => writer.writelines(bytes.chunks(7))?,
                _ => writer.write_owned(bytes.clone().into())?,
            }
            expected.extend(bytes);
        }
        writer.close();
        let all = reader.read_to_end().await?;
        assert!(
            all == expected,
            "{} of {} bytes, or another order",
            all.len(),
            expected.len()
        );
        writer.wait_closed().await
    });
}

/// STR-19. More pieces than one system call takes.
#[test]
fn many_lines_are_written_together() {
    everywhere(|| async {
        let ((_r, writer), (mut reader, _w)) = connected().await?;
        let lines: Vec<Vec<u8>> = (0..5000)
            .map(|line| format!("line {line}\n").into_bytes())
            .collect();
        let read = async {
            for line in &lines {
                assert_eq!(reader.readline().await?, line);
            }
            Ok::<_, io::Error>(())
        };
        let write = async {
            writer.writelines(lines.iter().map(|line| &line[..]))?;
            writer.drain().await
        };
        future::try_zip(read, write).await?;
        Ok(())
    });
}

/// STR-21, STR-22, STR-23.
#[test]
fn close_sends_the_queue_and_both_ends_see_the_end() {
    everywhere(|| async {
        let ((mut own, writer), (mut reader, peer)) = connected().await?;
        let queued = fill(&writer)?;
        assert!(!writer.is_closing());
        writer.close();
        writer.close();
        assert!(writer.is_closing());
        assert_eq!(kind(writer.write(b"late")), ErrorKind::ConnectionReset);
        assert_eq!(
            kind(writer.writelines([&b"late"[..]])),
            ErrorKind::ConnectionReset
        );
        assert_eq!(
            kind(writer.write_owned(Bytes::from_static(b"late"))),
            ErrorKind::ConnectionReset
        );
        assert!(
            poll_once(writer.wait_closed()).await.is_none(),
            "there is a queue"
        );
        let (all, closed) = future::zip(reader.read_to_end(), writer.wait_closed()).await;
        assert!(all? == queued);
        closed?;
        writer.wait_closed().await?;
        assert_eq!(own.read(1).await?, "", "the own reader sees the end");
        assert!(own.at_eof());
        drop(peer);
        Ok(())
    });
}

/// STR-21.
#[test]
fn a_read_that_waits_ends_when_the_connection_is_closed() {
    everywhere(|| async {
        let ((mut reader, writer), _peer) = connected().await?;
        let read = async { reader.readline().await.map_err(io::Error::from) };
        let close = async {
            yield_now().await;
            writer.close();
            Ok(())
        };
        let (line, ()) = future::try_zip(read, close).await?;
        assert_eq!(line, "");
        Ok(())
    });
}

/// STR-20.
#[test]
fn drain_after_the_end_is_an_error() {
    everywhere(|| async {
        let ((_r, writer), _peer) = connected().await?;
        writer.drain().await?;
        writer.close();
        assert_eq!(kind(writer.drain().await), ErrorKind::ConnectionReset);
        Ok(())
    });
}

/// STR-20. Those who wait are told when the connection is given up.
#[test]
fn abort_ends_every_wait() {
    everywhere(|| async {
        let ((_r, writer), _peer) = connected().await?;
        fill(&writer)?;
        let abort = async {
            yield_now().await;
            writer.abort();
        };
        let ((first, second), (closed, ())) = future::zip(
            future::zip(writer.drain(), writer.drain()),
            future::zip(writer.wait_closed(), abort),
        )
        .await;
        assert_eq!(kind(first), ErrorKind::ConnectionReset);
        assert_eq!(kind(second), ErrorKind::ConnectionReset);
        closed?;
        assert!(writer.is_closing());
        assert_eq!(writer.get_write_buffer_size(), 0);
        writer.abort();
        writer.close();
        assert_eq!(kind(writer.write(b"late")), ErrorKind::ConnectionReset);
        Ok(())
    });
}

/// STR-24, STR-25.
#[test]
fn write_eof_ends_one_direction_after_the_queue() {
    everywhere(|| async {
        let ((mut own, writer), (mut reader, peer)) = connected().await?;
        assert!(writer.can_write_eof());
        let queued = fill(&writer)?;
        writer.write_eof()?;
        writer.write_eof()?;
        assert!(!writer.is_closing());
        assert_eq!(kind(writer.write(b"late")), ErrorKind::BrokenPipe);
        assert_eq!(kind(writer.writelines([])), ErrorKind::BrokenPipe);
        assert!(reader.read_to_end().await? == queued);
        writer.drain().await?;
        peer.write(b"answer")?;
        peer.close();
        assert_eq!(own.read_to_end().await?, "answer");
        writer.close();
        writer.wait_closed().await?;
        writer.write_eof()
    });
}

/// STR-24. Half-closed first by one side and then by the other.
#[test]
fn both_directions_end_one_after_the_other() {
    everywhere(|| async {
        let ((mut r1, w1), (mut r2, w2)) = connected().await?;
        w1.write(b"question")?;
        w1.write_eof()?;
        assert_eq!(r2.read_to_end().await?, "question");
        assert!(poll_once(r1.read(1)).await.is_none());
        w2.write(b"answer")?;
        w2.write_eof()?;
        assert_eq!(r1.read_to_end().await?, "answer");
        assert!(!w1.is_closing() && !w2.is_closing());
        Ok(())
    });
}

/// STR-26, STR-27.
#[test]
fn a_writer_knows_its_transport_and_its_addresses() {
    everywhere(|| async {
        let ((_r, writer), (_reader, peer)) = connected().await?;
        assert_eq!(writer.peer_addr()?, peer.local_addr()?);
        assert_eq!(writer.local_addr()?, peer.peer_addr()?);
        let transport: Transport = writer.transport().clone();
        assert_eq!(transport.tcp().unwrap().local_addr()?, writer.local_addr()?);
        let text = format!("{writer:?}");
        assert!(
            text.contains("queued: 0") && text.contains("phase: Open"),
            "{text}"
        );
        Ok(())
    });
}

/// STR-27.
#[cfg(unix)]
#[test]
fn a_writer_over_a_unix_socket_has_no_internet_address() {
    everywhere(|| async {
        let ((_r, writer), (mut reader, _w)) = unix_connected()?;
        assert_eq!(kind(writer.peer_addr()), ErrorKind::Unsupported);
        assert_eq!(kind(writer.local_addr()), ErrorKind::Unsupported);
        assert!(writer.transport().tcp().is_none());
        assert!(writer.transport().unix().is_some());
        writer.write(b"hello\n")?;
        assert_eq!(reader.readline().await?, "hello\n");
        Ok(())
    });
}

/// STR-29.
#[test]
fn a_dropped_writer_sends_what_was_written_and_closes() {
    everywhere(|| async {
        let ((mut own, writer), (mut reader, _w)) = connected().await?;
        let queued = fill(&writer)?;
        drop(writer);
        assert!(reader.read_to_end().await? == queued);
        assert_eq!(own.read(1).await?, "");
        Ok(())
    });
}

/// STR-29. The transport outlives the writer, and is closed all the same.
#[test]
fn a_clone_of_the_transport_sees_the_writer_go() {
    everywhere(|| async {
        let ((_r, writer), (mut reader, _w)) = connected().await?;
        let transport = writer.transport().clone();
        transport.write(b"from the clone ")?;
        writer.write(b"from the writer")?;
        drop(writer);
        assert!(transport.is_closing());
        transport.wait_closed().await?;
        assert_eq!(reader.read_to_end().await?, "from the clone from the writer");
        Ok(())
    });
}

/// STR-31.
#[test]
fn both_halves_and_the_transport_go_to_other_threads() {
    fn send<T: Send + Sync + 'static>() {}
    send::<StreamReader>();
    send::<StreamWriter>();
    send::<Transport>();
    everywhere(|| async {
        let ((_r, writer), (mut reader, _w)) = connected().await?;
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let transport = writer.transport().clone();
                std::thread::spawn(move || {
                    for _ in 0..100 {
                        transport.write(b"a whole line\n").unwrap();
                    }
                })
            })
            .collect();
        for _ in 0..400 {
            assert_eq!(reader.readline().await?, "a whole line\n");
        }
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        Ok(())
    });
}

/// STR-18, STR-20, STR-24.
#[test]
fn the_view_writes_flushes_and_closes() {
    everywhere(|| async {
        let ((mut own, mut writer), (mut reader, mut peer)) = connected().await?;
        let write = async {
            let mut io = writer.io();
            io.write_all(b"head ").await?;
            let pieces = [IoSlice::new(b"two "), IoSlice::new(b"pieces ")];
            assert_eq!(io.write_vectored(&pieces).await?, 11);
            io.write_all(&[b'x'; 3_000_000]).await?;
            io.flush().await?;
            assert_eq!(writer.get_write_buffer_size(), 0);
            writer.io().close().await?;
            assert_eq!(kind(writer.io().write_all(b"late").await), ErrorKind::BrokenPipe);
            Ok::<_, io::Error>(())
        };
        let read = async {
            let mut all = Vec::new();
            reader.io().read_to_end(&mut all).await?;
            Ok(all)
        };
        let (_, all) = future::try_zip(write, read).await?;
        assert_eq!(&all[..16], b"head two pieces ");
        assert_eq!(all.len(), 3_000_016);
        // Only one direction has ended.
        peer.io().write_all(b"answer").await?;
        peer.io().close().await?;
        assert_eq!(own.read_to_end().await?, "answer");
        Ok(())
    });
}

/// STR-21. A flush that can never be done is no success.
#[test]
fn a_flush_after_an_abort_is_an_error_if_something_was_not_sent() {
    everywhere(|| async {
        let ((_r, mut writer), _peer) = connected().await?;
        fill(&writer)?;
        writer.abort();
        assert_eq!(kind(writer.io().flush().await), ErrorKind::ConnectionReset);
        Ok(())
    });
}

/// STR-01. `stream` makes the two of any socket.
#[test]
fn a_stream_of_a_socket_that_was_used_before() {
    everywhere(|| async {
        let (mut client, server) = pair().await?;
        client.write_all(b"before ").await?;
        let (_r, writer) = stream(client);
        writer.write(b"and after")?;
        writer.close();
        let (mut reader, _w) = stream(server);
        assert_eq!(reader.read_to_end().await?, "before and after");
        Ok(())
    });
}
