//! Copying: what arrives, what is lost, and when it ends.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

#[path = "kit/common.rs"]
mod kit;

use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::pin::Pin;
use std::task::{Context, Poll};

use asyncio_net::io::{Copy, CopyBidirectional, Stderr, Stdin, Stdout, copy, copy_bidirectional};
use asyncio_net::{TcpStream, UnixStream};
use futures_io::{AsyncBufRead, AsyncRead, AsyncWrite};
use futures_lite::io::{BufWriter, repeat, sink};
use futures_lite::{AsyncReadExt, AsyncWriteExt, future};
use static_assertions::assert_impl_all as has;

use kit::{everywhere, pair, poll_once};

has!(Copy<TcpStream, TcpStream>: Send, Sync, Unpin);
has!(CopyBidirectional<TcpStream, UnixStream>: Send, Sync, Unpin);
has!(Stdin: Send, Sync, Unpin, AsyncRead, AsyncBufRead);
has!(Stdout: Send, Sync, Unpin, AsyncWrite);
has!(Stderr: Send, Sync, Unpin, AsyncWrite);

fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|n| (n * 31 + n / 251) as u8).collect()
}

#[test]
fn every_byte_arrives_whatever_the_size_of_the_buffer() {
    for size in [1, 1000, 8 * 1024, 1 << 20] {
        let data = bytes(20_000);
        let mut written = Vec::new();
        let copied = future::block_on(copy(data.as_slice(), &mut written).buffer_size(size)).unwrap();
        assert_eq!(copied, 20_000);
        assert!(written == data, "{size}");
    }
}

#[test]
fn a_long_stream_comes_through_two_sockets() {
    everywhere(|| async {
        let data = bytes(1 << 20);
        let (mut source, from) = pair().await?;
        let (to, mut target) = pair().await?;
        let send = async {
            source.write_all(&data).await?;
            source.shutdown(Shutdown::Write)
        };
        let forward = async {
            let mut to = to;
            let copied = copy(from, &mut to).await?;
            assert_eq!(copied, 1 << 20);
            to.close().await
        };
        let mut received = Vec::new();
        let receive = async { AsyncReadExt::read_to_end(&mut target, &mut received).await };
        future::try_zip(future::try_zip(send, forward), receive).await?;
        assert!(received == data);
        Ok(())
    });
}

#[test]
fn nothing_stays_in_a_buffered_writer_while_the_reader_is_silent() {
    everywhere(|| async {
        let (mut source, from) = pair().await?;
        let (to, mut target) = pair().await?;
        source.write_all(b"hello").await?;
        let forward = async {
            copy(from, BufWriter::new(to)).await?;
            Ok(false)
        };
        let receive = async {
            let mut buffer = [0; 5];
            target.read_exact(&mut buffer).await?;
            assert_eq!(&buffer, b"hello");
            io::Result::Ok(true)
        };
        assert!(future::or(forward, receive).await?);
        Ok(())
    });
}

/// The echo goes on after the client has ended its direction.
#[test]
fn a_half_close_is_passed_on_and_the_other_direction_goes_on() {
    everywhere(|| async {
        let (mut client, inner) = pair().await?;
        let (outer, mut server) = pair().await?;
        let proxy = copy_bidirectional(inner, outer);
        let client = async {
            client.write_all(b"question").await?;
            client.shutdown(Shutdown::Write)?;
            let mut answer = Vec::new();
            AsyncReadExt::read_to_end(&mut client, &mut answer).await?;
            assert_eq!(answer, b"long answer");
            Ok(())
        };
        let server = async {
            let mut question = Vec::new();
            AsyncReadExt::read_to_end(&mut server, &mut question).await?;
            assert_eq!(question, b"question");
            server.write_all(b"long answer").await?;
            server.shutdown(Shutdown::Write)
        };
        let (copied, _) = future::try_zip(proxy, future::try_zip(client, server)).await?;
        assert_eq!(copied, (8, 11));
        Ok(())
    });
}

#[test]
fn both_directions_work_at_once_between_a_tcp_and_a_unix_socket() {
    everywhere(|| async {
        let data = bytes(600_000);
        let (client, inner) = pair().await?;
        let (outer, server) = UnixStream::pair()?;
        let ends = async {
            let (mut reader, mut writer) = client.into_split();
            let (mut peer_reader, mut peer_writer) = server.into_split();
            let mut there = vec![0; data.len()];
            let mut back = vec![0; data.len()];
            let sends = future::try_zip(writer.write_all(&data), peer_writer.write_all(&data));
            let receives = future::try_zip(reader.read_exact(&mut back), peer_reader.read_exact(&mut there));
            future::try_zip(sends, receives).await?;
            assert!(there == data && back == data);
            Ok(())
        };
        let proxy = copy_bidirectional(inner, outer).buffer_size(64 * 1024);
        let (copied, ()) = future::try_zip(proxy, ends).await?;
        assert_eq!(copied, (600_000, 600_000));
        Ok(())
    });
}

#[test]
fn a_reset_in_the_middle_ends_both_directions_with_the_error() {
    everywhere(|| async {
        let (mut client, inner) = pair().await?;
        let (outer, mut server) = pair().await?;
        let mut proxy = copy_bidirectional(inner, outer);
        client.write_all(b"half a mess").await?;
        let mut buffer = [0; 11];
        let read = async {
            server.read_exact(&mut buffer).await?;
            io::Result::Ok(None)
        };
        let ended = future::or(read, async { (&mut proxy).await.map(Some) }).await?;
        assert_eq!(ended, None);
        client.set_linger(Some(std::time::Duration::ZERO))?;
        drop(client);
        assert_eq!((&mut proxy).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
        assert_eq!(proxy.copied(), (11, 0));
        drop(proxy);
        assert_eq!(server.read(&mut buffer).await?, 0);
        Ok(())
    });
}

#[test]
fn a_writer_whose_peer_is_gone_ends_the_copy() {
    everywhere(|| async {
        let (here, there) = UnixStream::pair()?;
        drop(there);
        let error = copy(repeat(7), here).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        Ok(())
    });
}

#[test]
fn a_copy_that_was_polled_by_reference_goes_on_without_a_loss() {
    everywhere(|| async {
        let data = bytes(3_000_000);
        let (here, mut there) = UnixStream::pair()?;
        let mut copying = copy(data.as_slice(), here);
        // Until the socket is full.
        let mut last = u64::MAX;
        while copying.copied() != last {
            last = copying.copied();
            assert!(poll_once(&mut copying).await.is_none());
        }
        let mut received = vec![0; data.len()];
        let (copied, ()) = future::try_zip(&mut copying, there.read_exact(&mut received)).await?;
        assert_eq!(copied, 3_000_000);
        assert!(received == data);
        Ok(())
    });
}

#[test]
fn a_source_that_never_waits_lets_others_run() {
    everywhere(|| async {
        let others = async {
            for _ in 0..10 {
                future::yield_now().await;
            }
            io::Result::Ok(0)
        };
        assert_eq!(future::or(copy(repeat(1), sink()), others).await?, 0);
        Ok(())
    });
}

/// Takes nothing.
struct Full;

impl AsyncWrite for Full {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(0))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[test]
fn a_writer_that_takes_nothing_is_an_error() {
    let error = future::block_on(copy(&b"x"[..], Full)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WriteZero);
}

#[test]
#[should_panic = "the buffer of a copy needs at least one byte"]
fn a_buffer_of_no_bytes_is_refused() {
    drop(copy(repeat(0), sink()).buffer_size(0));
}
