//! Flow control: when a transport is paused and resumed, and how long its queue can become.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

#[path = "kit/common.rs"]
#[allow(unused_imports, reason = "no test uses all of it")]
mod kit;
#[path = "streams/pairs.rs"]
#[allow(dead_code, reason = "no test uses all of it")]
mod pairs;

use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::OnceLock;

use asyncio_net::{StreamReader, StreamWriter};
use asyncio_testing::by_hand;
use bytes::Bytes;
use futures_io::AsyncWrite;
use futures_lite::AsyncWriteExt;
use futures_lite::future::{self, block_on, yield_now};

use kit::everywhere;
use pairs::{End, connected, fill};

/// What both kinds of connection must do.
async fn over_both<F>(check: impl Fn(End, End) -> F) -> io::Result<()>
where
    F: Future<Output = io::Result<()>>,
{
    let (one, other) = connected().await?;
    check(one, other).await?;
    #[cfg(unix)]
    {
        let (one, other) = pairs::unix_connected()?;
        check(one, other).await?;
    }
    Ok(())
}

/// Reads so much, slowly: now and then it lets others go first, many times.
async fn read_slowly(reader: &mut StreamReader, total: usize) -> io::Result<()> {
    let mut come = 0;
    while come < total {
        let bytes = reader.read(30_000).await?;
        assert!(
            !bytes.is_empty(),
            "the stream ended after {come} of {total} bytes"
        );
        come += bytes.len();
        for _ in 0..3 {
            yield_now().await;
        }
    }
    Ok(())
}

const TOTAL: usize = 10 << 20;

/// STR-18, STR-20.
#[test]
fn who_drains_after_each_write_never_has_more_queued_than_the_mark_and_one_write() {
    everywhere(|| {
        over_both(async |(_r, writer): End, (mut reader, _w): End| {
            let piece = vec![1; 50_000];
            let (_, high) = writer.get_write_buffer_limits();
            let write = async {
                let mut most = 0;
                for _ in 0..TOTAL / piece.len() {
                    writer.write(&piece)?;
                    most = most.max(writer.get_write_buffer_size());
                    writer.drain().await?;
                    assert!(writer.get_write_buffer_size() <= high);
                }
                assert!(most > high, "the reader was too fast for a test: {most}");
                assert!(most <= high + piece.len(), "{most} bytes were queued");
                writer.write_eof()
            };
            let total = TOTAL / piece.len() * piece.len();
            future::try_zip(write, read_slowly(&mut reader, total)).await?;
            Ok(())
        })
    });
}

/// STR-19, STR-20. CVE-2024-12254: Python's `writelines` once forgot to look at the mark.
#[test]
fn who_drains_after_writelines_never_has_more_queued_than_the_mark_and_one_write() {
    everywhere(|| {
        over_both(async |(_r, writer): End, (mut reader, _w): End| {
            let piece = vec![1; 5_000];
            let pieces = [&piece[..]; 8];
            let (_, high) = writer.get_write_buffer_limits();
            let write = async {
                let mut most = 0;
                for _ in 0..TOTAL / 40_000 {
                    writer.writelines(pieces)?;
                    most = most.max(writer.get_write_buffer_size());
                    writer.drain().await?;
                    assert!(writer.get_write_buffer_size() <= high);
                }
                assert!(most > high, "the reader was too fast for a test: {most}");
                assert!(most <= high + 40_000, "{most} bytes were queued");
                writer.write_eof()
            };
            future::try_zip(write, read_slowly(&mut reader, TOTAL / 40_000 * 40_000)).await?;
            Ok(())
        })
    });
}

/// STR-18, STR-20. One huge slice, without a drain.
#[test]
fn through_the_traits_the_queue_is_bounded_whatever_is_written() {
    everywhere(|| {
        over_both(async |(_r, mut writer): End, (mut reader, _w): End| {
            let transport = writer.transport().clone();
            transport.set_write_buffer_limits(Some(10_000), None).unwrap();
            let huge = vec![1; TOTAL];
            let write = async {
                let mut most = 0;
                let mut io = writer.io();
                let mut rest = &huge[..];
                while !rest.is_empty() {
                    let count = poll_fn(|cx| Pin::new(&mut io).poll_write(cx, rest)).await?;
                    assert!(count > 0);
                    rest = &rest[count..];
                    most = most.max(transport.get_write_buffer_size());
                }
                io.close().await?;
                Ok(most)
            };
            let (most, ()) = future::try_zip(write, read_slowly(&mut reader, TOTAL)).await?;
            assert!(most > 0, "the reader was too fast for a test");
            assert!(most <= 10_001, "{most} bytes were queued");
            Ok(())
        })
    });
}

/// STR-20. The hard limit is for a program that cannot wait.
#[test]
fn a_write_beyond_the_hard_limit_is_refused_and_nothing_of_it_is_sent() {
    everywhere(|| {
        over_both(async |(_r, writer): End, (mut reader, _w): End| {
            let mut sent = fill(&writer)?;
            let queued = writer.get_write_buffer_size();
            writer.set_hard_limit(Some(queued + 10));
            for refused in [writer.write(&[9; 11]), writer.writelines([&[9; 6][..], &[9; 5]])] {
                let error = refused.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::StorageFull);
                assert!(error.to_string().contains(&(queued + 10).to_string()), "{error}");
            }
            let error = writer.write_owned(vec![9; 2000].into()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::StorageFull);
            assert_eq!(writer.get_write_buffer_size(), queued);
            assert!(!writer.is_closing(), "the connection goes on");
            writer.write(&[8; 10])?;
            assert_eq!(writer.write(&[9]).unwrap_err().kind(), ErrorKind::StorageFull);
            writer.write(&[])?;
            writer.set_hard_limit(None);
            writer.write(&[7; 100])?;
            sent.extend([8; 10]);
            sent.extend([7; 100]);
            writer.write_eof()?;
            assert!(reader.read_to_end().await? == sent);
            Ok(())
        })
    });
}

/// STR-20. Through the traits it is the reason to wait a little sooner, not an error.
#[test]
fn through_the_traits_the_hard_limit_bounds_what_is_taken() {
    everywhere(|| {
        over_both(async |(_r, mut writer): End, (mut reader, _w): End| {
            let transport = writer.transport().clone();
            transport.set_write_buffer_limits(Some(999), Some(0)).unwrap();
            transport.set_hard_limit(Some(1000));
            let write = async {
                writer.io().write_all(&vec![1; TOTAL]).await?;
                writer.io().close().await
            };
            let (_, ()) = future::try_zip(write, read_slowly(&mut reader, TOTAL)).await?;
            Ok(())
        })
    });
}

/// The bytes of a long stream from `offset` on: each is known by its place. In a period that no buffer has.
fn known(offset: usize, len: usize) -> &'static [u8] {
    static KNOWN: OnceLock<Vec<u8>> = OnceLock::new();
    let known = KNOWN.get_or_init(|| (0..=250).collect::<Vec<u8>>().repeat(2000));
    &known[offset % 251..][..len]
}

/// Whether these are the bytes from `offset` on.
fn is_known(offset: usize, bytes: &[u8]) -> bool {
    let mut offset = offset;
    bytes.chunks(100_000).all(|bytes| {
        let right = bytes == known(offset, bytes.len());
        offset += bytes.len();
        right
    })
}

async fn send_all(writer: &StreamWriter, total: usize) -> io::Result<()> {
    let (mut sent, mut round) = (0, 0);
    while sent < total {
        round += 1;
        let size = [1, 100, 4096, 65_536, 200_000][round % 5].min(total - sent);
        let bytes = known(sent, size);
        sent += size;
        match round % 3 {
            0 => writer.write(bytes)?,
            1 => writer.writelines(bytes.chunks(1000))?,
            _ => writer.write_owned(Bytes::from_static(bytes))?,
        }
        writer.drain().await?;
    }
    writer.write_eof()
}

async fn read_all(reader: &mut StreamReader, total: usize) -> io::Result<()> {
    let mut come = 0;
    loop {
        let bytes = reader.read(100_000).await?;
        if bytes.is_empty() {
            assert_eq!(come, total);
            return Ok(());
        }
        assert!(is_known(come, &bytes), "another byte after {come}");
        come += bytes.len();
    }
}

/// STR-08, STR-18 to STR-20, STR-24, STR-31.
#[test]
fn much_goes_both_ways_at_once_and_arrives_as_it_was() {
    const MUCH: usize = 64 << 20;
    block_on(over_both(async |(mut r1, w1): End, (mut r2, w2): End| {
        let write = future::try_zip(send_all(&w1, MUCH), send_all(&w2, MUCH));
        let read = future::try_zip(read_all(&mut r1, MUCH), read_all(&mut r2, MUCH));
        future::try_zip(write, read).await?;
        Ok(())
    }))
    .unwrap();
}

/// STR-08, STR-10. The whole of it in one piece, in a time that grows as its length does.
#[test]
fn much_is_read_in_one_piece() {
    const MUCH: usize = 64 << 20;
    block_on(over_both(async |(_r, writer): End, (mut reader, _w): End| {
        let read = async {
            let exactly = reader.readexactly(MUCH / 2).await?;
            let rest = reader.read_to_end().await?;
            assert_eq!((exactly.len(), rest.len()), (MUCH / 2, MUCH - MUCH / 2));
            assert!(is_known(0, &exactly) && is_known(MUCH / 2, &rest));
            Ok::<_, io::Error>(())
        };
        future::try_zip(send_all(&writer, MUCH), read).await?;
        Ok(())
    }))
    .unwrap();
}

/// STR-20.
#[test]
fn many_can_wait_for_the_queue_and_each_goes_on() {
    everywhere(|| async {
        let ((_r, writer), (mut reader, _w)) = connected().await?;
        let sent = fill(&writer)?;
        let writer = &writer;
        let mut waits: Vec<_> = (0..100).map(|_| by_hand(writer.drain()).waits()).collect();
        // Some leave.
        waits.truncate(60);
        future::try_zip(writer.drain(), read_slowly(&mut reader, sent.len())).await?;
        for wait in &mut waits {
            assert_eq!(wait.wakes(), 1);
            wait.poll().unwrap()?;
        }
        Ok(())
    });
}

/// STR-20.
#[test]
fn a_low_mark_above_the_high_one_is_refused() {
    block_on(async {
        let ((_r, writer), _peer) = connected().await.unwrap();
        let limits = || writer.get_write_buffer_limits();
        assert_eq!(limits(), (16 * 1024, 64 * 1024));
        writer.set_write_buffer_limits(Some(1000), None).unwrap();
        assert_eq!(limits(), (250, 1000));
        writer.set_write_buffer_limits(None, Some(1000)).unwrap();
        assert_eq!(limits(), (1000, 4000));
        writer.set_write_buffer_limits(Some(7), Some(7)).unwrap();
        assert_eq!(limits(), (7, 7));
        assert!(writer.set_write_buffer_limits(Some(7), Some(8)).is_err());
        assert_eq!(limits(), (7, 7), "it is as it was");
        writer.set_write_buffer_limits(None, None).unwrap();
        assert_eq!(limits(), (16 * 1024, 64 * 1024));
        writer.set_write_buffer_limits(Some(0), None).unwrap();
        assert_eq!(limits(), (0, 0));
    });
}

/// STR-20. A loop over a view that is dropped in the middle of a wait for room.
#[test]
fn a_wait_for_room_can_be_dropped() {
    everywhere(|| async {
        let ((_r, mut writer), (mut reader, _w)) = connected().await?;
        let sent = fill(&writer)?;
        {
            let mut io = writer.io();
            let wait = poll_fn(|cx| Pin::new(&mut io).poll_write(cx, b"not taken"));
            assert!(future::poll_once(wait).await.is_none());
        }
        let read = read_slowly(&mut reader, sent.len());
        let flush = async { writer.io().flush().await };
        future::try_zip(flush, read).await?;
        writer.io().write_all(b"end").await?;
        assert_eq!(reader.readexactly(3).await?, "end");
        Ok(())
    });
}

/// STR-05. Nobody has to pause anything: what nobody asks for is not read.
#[test]
fn a_peer_that_sends_too_much_is_held_up_by_the_system() {
    everywhere(|| {
        over_both(async |(mut reader, writer): End, (_r, peer): End| {
            reader.set_limit(NonZeroUsize::new(1000).unwrap());
            peer.write(b"one line\n")?;
            fill(&peer)?;
            assert_eq!(reader.readline().await?, "one line\n");
            for _ in 0..10 {
                yield_now().await;
            }
            assert!(
                reader.buffered().len() <= 64 * 1024,
                "{} bytes",
                reader.buffered().len()
            );
            assert!(peer.get_write_buffer_size() > 0, "the peer must wait");
            // A search that has gone beyond the limit reads no more either.
            for _ in 0..3 {
                assert!(reader.readuntil(b"never").await.is_err());
            }
            assert!(
                reader.buffered().len() <= 64 * 1024,
                "{} bytes",
                reader.buffered().len()
            );
            writer.abort();
            Ok(())
        })
    });
}
