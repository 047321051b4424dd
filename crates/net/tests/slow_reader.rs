//! A peer that reads slowly, over each kind of connection and with each way to write: how much lies in our queue.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

#[path = "kit/tls.rs"]
mod kit;
#[path = "streams/pairs.rs"]
#[allow(dead_code, reason = "no test uses all of it")]
mod pairs;

use std::cell::Cell;
use std::future::poll_fn;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::OnceLock;

use asyncio_net::{StreamReader, StreamWriter};
use bytes::Bytes;
use futures_io::AsyncWrite;
use futures_lite::future;

use kit::run;
use pairs::End;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Over {
    Tcp,
    Unix,
    Tls,
}

impl Over {
    const ALL: [Over; 3] = [Over::Tcp, Over::Unix, Over::Tls];

    async fn connected(self) -> io::Result<(End, End)> {
        match self {
            Over::Tcp => pairs::connected().await,
            Over::Unix => pairs::unix_connected(),
            Over::Tls => kit::pair().await,
        }
    }

    /// How long the queue becomes by one write of so many bytes: a record of TLS, of up to 16 KiB, takes up to 22 more.
    fn framed(self, bytes: usize) -> usize {
        match self {
            Over::Tcp | Over::Unix => bytes,
            Over::Tls => bytes + 22 * (1 + bytes / (16 << 10) + bytes.div_ceil(64 << 10)),
        }
    }
}

/// The ways to write that do not wait.
#[derive(Debug, Clone, Copy)]
enum Way {
    Plain,
    Lines,
    Owned,
}

impl Way {
    const ALL: [Way; 3] = [Way::Plain, Way::Lines, Way::Owned];

    fn write(self, writer: &StreamWriter, bytes: &[u8]) -> io::Result<()> {
        match self {
            Way::Plain => writer.write(bytes),
            Way::Lines => writer.writelines(bytes.chunks(bytes.len() / 3 + 1)),
            Way::Owned => writer.write_owned(Bytes::copy_from_slice(bytes)),
        }
    }
}

/// The bytes of a long stream from `offset` on: each is known by its place, in a period that no buffer has.
fn known(offset: usize, len: usize) -> &'static [u8] {
    static KNOWN: OnceLock<Vec<u8>> = OnceLock::new();
    let known = KNOWN.get_or_init(|| (0..=250).collect::<Vec<u8>>().repeat(TOTAL / 251 + 2));
    &known[offset % 251..][..len]
}

/// Reads so much, a little at a time, from when the writer was held up.
async fn read_slowly(reader: &mut StreamReader, total: usize, held_up: &Cell<bool>) -> io::Result<()> {
    while !held_up.get() {
        future::yield_now().await;
    }
    let mut come = 0;
    while come < total {
        let bytes = reader.read(30_000).await?;
        assert!(!bytes.is_empty(), "the end after {come} of {total} bytes");
        assert!(bytes == known(come, bytes.len()), "other bytes after {come}");
        come += bytes.len();
        for _ in 0..3 {
            future::yield_now().await;
        }
    }
    Ok(())
}

/// More than sockets keep.
const TOTAL: usize = 8 << 20;

/// STR-18 to STR-20. CVE-2024-12254: Python's `writelines` once forgot to look at the mark.
#[test]
fn who_drains_after_each_write_never_has_more_queued_than_the_mark_and_one_write() {
    run(async {
        for over in Over::ALL {
            for (way, size) in Way::ALL.into_iter().zip([3_000, 50_000, 200_000]) {
                for size in [size, 100_000] {
                    let ((_r, writer), (mut reader, _w)) = over.connected().await?;
                    let (_, high) = writer.get_write_buffer_limits();
                    let held_up = Cell::new(false);
                    let rounds = TOTAL / size;
                    let write = async {
                        let mut most = 0;
                        for round in 0..rounds {
                            way.write(&writer, known(round * size, size))?;
                            let queued = writer.get_write_buffer_size();
                            most = most.max(queued);
                            held_up.set(held_up.get() || queued > high);
                            writer.drain().await?;
                            assert!(writer.get_write_buffer_size() <= high);
                        }
                        Ok(most)
                    };
                    let read = read_slowly(&mut reader, rounds * size, &held_up);
                    let (most, ()) = future::try_zip(write, read).await?;
                    let bound = high + over.framed(size);
                    assert!(
                        most > high && most <= bound,
                        "{over:?}, {way:?}: {most} of {bound}"
                    );
                }
            }
        }
        io::Result::Ok(())
    })
    .unwrap();
}

/// STR-18 to STR-20.
#[test]
fn a_write_beyond_the_hard_limit_is_refused_and_nothing_of_it_is_sent() {
    const LIMIT: usize = 200_000;
    run(async {
        for over in Over::ALL {
            for way in Way::ALL {
                let ((_r, writer), (mut reader, _w)) = over.connected().await?;
                writer.set_hard_limit(Some(LIMIT));
                let mut total = 0;
                let error = loop {
                    if let Err(error) = way.write(&writer, known(total, 70_000)) {
                        break error;
                    }
                    total += 70_000;
                    let queued = writer.get_write_buffer_size();
                    assert!(queued <= over.framed(LIMIT), "{over:?}, {way:?}: {queued}");
                };
                assert_eq!(error.kind(), ErrorKind::StorageFull, "{over:?}, {way:?}: {error}");
                assert!(error.to_string().contains("200000"), "{error}");
                assert!(writer.get_write_buffer_size() > LIMIT - 70_000);
                assert!(!writer.is_closing(), "the connection goes on");
                read_slowly(&mut reader, total, &Cell::new(true)).await?;
                assert!(future::poll_once(reader.read(1)).await.is_none());
                way.write(&writer, known(0, 10))?;
                assert_eq!(reader.readexactly(10).await?, known(0, 10));
            }
        }
        io::Result::Ok(())
    })
    .unwrap();
}

/// One call of `AsyncWrite`, with all there is.
async fn write_through(writer: &mut StreamWriter, bytes: &[u8], vectored: bool) -> io::Result<usize> {
    let (head, tail) = bytes.split_at(bytes.len() / 3);
    let pieces = [IoSlice::new(head), IoSlice::new(tail)];
    let mut io = writer.io();
    poll_fn(|cx| match vectored {
        false => Pin::new(&mut io).poll_write(cx, bytes),
        true => Pin::new(&mut io).poll_write_vectored(cx, &pieces),
    })
    .await
}

/// STR-18, STR-20. One huge slice, without a drain; the hard limit is a reason to wait a little sooner, not an error.
#[test]
fn through_the_traits_the_queue_is_bounded_whatever_is_written() {
    run(async {
        for over in Over::ALL {
            for (vectored, hard) in [
                (false, None),
                (true, None),
                (false, Some(7_000)),
                (true, Some(7_000)),
            ] {
                let ((_r, mut writer), (mut reader, _w)) = over.connected().await?;
                let transport = writer.transport().clone();
                let high = 10_000;
                transport.set_write_buffer_limits(Some(high), None).unwrap();
                transport.set_hard_limit(hard);
                let bound = over.framed(hard.unwrap_or(high + 1));
                let held_up = Cell::new(false);
                let bytes = known(0, TOTAL);
                let write = async {
                    let (mut rest, mut most) = (bytes, 0);
                    while !rest.is_empty() {
                        let count = write_through(&mut writer, rest, vectored).await?;
                        assert!(count > 0);
                        rest = &rest[count..];
                        most = most.max(transport.get_write_buffer_size());
                        held_up.set(held_up.get() || most > 0);
                    }
                    Ok(most)
                };
                let read = read_slowly(&mut reader, TOTAL, &held_up);
                let (most, ()) = future::try_zip(write, read).await?;
                assert!(
                    most > 0 && most <= bound,
                    "{over:?}, {vectored}, {hard:?}: {most} of {bound}"
                );
            }
        }
        io::Result::Ok(())
    })
    .unwrap();
}

/// STR-20. Who waits for room below the limit goes on when the limit is lifted, also if nobody reads.
#[test]
fn a_limit_that_is_lifted_lets_the_writer_go_on() {
    run(async {
        let ((_r, mut writer), _peer) = Over::Tcp.connected().await?;
        let transport = writer.transport().clone();
        pairs::fill(&transport)?;
        let queued = transport.get_write_buffer_size();
        transport
            .set_write_buffer_limits(Some(queued + 1000), Some(queued))
            .unwrap();
        transport.set_hard_limit(Some(queued));
        let lift = async {
            future::yield_now().await;
            transport.set_hard_limit(None);
            Ok(0)
        };
        let written = write_through(&mut writer, &[1; 100], false);
        assert_eq!(future::try_zip(written, lift).await?.0, 100);
        io::Result::Ok(())
    })
    .unwrap();
}
