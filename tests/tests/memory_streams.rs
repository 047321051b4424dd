//! Connections in memory under a loop: a mock clock jumps over what a test would wait for, and TLS works over them.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

#[path = "tls_peers/certificates.rs"]
mod certificates;

use std::io::{self, ErrorKind};
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use asyncio::net::stream;
use asyncio::testing::{MemoryWire, memory_stream_pair};
use asyncio::{Runner, create_task, join, sleep, timeout, tls};

use certificates::Certificates;

const HOUR: Duration = Duration::from_secs(3600);

/// A peer that answers after an hour, and one that does not in time: neither takes any.
#[test]
fn with_a_mock_clock_slow_peers_take_no_time() {
    let begun = Instant::now();
    let mut runner = Runner::new().mock_clock(true);
    let ended = runner.run(async {
        let start = asyncio::time::now();
        let ((mut reader, writer), (mut their_reader, their_writer)) = memory_stream_pair(1024);
        let peer = create_task(async move {
            while let Some(line) = their_reader.next_line().await.unwrap() {
                sleep(HOUR).await;
                if their_writer.write_owned(line).is_err() {
                    // Nobody waits for the second answer.
                    return;
                }
            }
        });
        writer.write(b"question\n").unwrap();
        let answer = timeout(HOUR * 2, reader.readline()).await.expect("in time");
        assert_eq!(answer.unwrap(), "question\n");
        assert_eq!(asyncio::time::now() - start, HOUR);

        writer.write(b"another\n").unwrap();
        assert!(timeout(HOUR / 2, reader.readline()).await.is_err());
        assert_eq!(asyncio::time::now() - start, HOUR * 3 / 2);
        writer.close();
        peer.await.unwrap();
    });
    ended.unwrap();
    assert!(begun.elapsed() < HOUR);
}

/// A writer that is held up for a day by a peer that does not read.
#[test]
fn with_a_mock_clock_a_slow_reader_holds_up_the_writer_for_no_time() {
    let mut runner = Runner::new().mock_clock(true);
    let ended = runner.run(async {
        let start = asyncio::time::now();
        let ((_r, writer), (mut their_reader, _w)) = memory_stream_pair(100);
        writer.set_write_buffer_limits(Some(0), None).unwrap();
        let read = async {
            sleep(HOUR * 24).await;
            their_reader.read_to_end().await.unwrap().len()
        };
        let write = async {
            writer.write(&[0; 1000]).unwrap();
            assert!(timeout(HOUR, writer.drain()).await.is_err());
            writer.drain().await.unwrap();
            assert_eq!(asyncio::time::now() - start, HOUR * 24);
            writer.write_eof().unwrap();
        };
        assert_eq!(join!(read, write).await, (1000, ()));
    });
    ended.unwrap();
}

/// In pieces of one byte each way, with farewells at both ends, whoever is the first to close.
#[test]
fn tls_works_over_memory_and_byte_by_byte() {
    let certificates = Certificates::new("memory");
    let mut runner = Runner::new().mock_clock(true);
    let ended = runner.run(async {
        for client_is_first in [true, false] {
            let (ours, theirs) = MemoryWire::pair(100);
            for control in [ours.control(), theirs.control()] {
                control.set_read_chunk(NonZeroUsize::new(1));
                control.set_write_chunk(NonZeroUsize::new(1));
            }
            let opened = tls::connect(ours, certificates.client(), "localhost").into_future();
            let accepted = tls::accept(theirs, certificates.server()).into_future();
            let (opened, accepted) = join!(opened, accepted).await;
            let ((mut reader, writer), (mut their_reader, their_writer)) =
                (opened.unwrap(), accepted.unwrap());
            writer.write(b"question\n").unwrap();
            assert_eq!(their_reader.readline().await.unwrap(), "question\n");
            their_writer.write(b"answer\n").unwrap();
            assert_eq!(reader.readline().await.unwrap(), "answer\n");
            let (first, other, mut hears) = match client_is_first {
                true => (writer, their_writer, their_reader),
                false => (their_writer, writer, reader),
            };
            first.close();
            assert!(hears.read(1).await.unwrap().is_empty());
            other.close();
            let (one, two) = join!(first.wait_closed(), other.wait_closed()).await;
            one.unwrap();
            two.unwrap();
        }
        io::Result::Ok(())
    });
    ended.unwrap().unwrap();
}

/// A handshake that is cut off by a reset, at each of its steps.
#[test]
fn a_handshake_over_memory_can_be_reset_at_every_step() {
    let certificates = Certificates::new("memory-reset");
    let (client, server) = (certificates.client(), certificates.server());
    let mut runner = Runner::new().mock_clock(true);
    let ended = runner.run(async {
        let mut steps = 0;
        loop {
            let (ours, theirs) = MemoryWire::pair(64);
            let control = ours.control();
            // So little at a time that others have their turn in between.
            control.set_read_chunk(NonZeroUsize::new(10));
            theirs.control().set_read_chunk(NonZeroUsize::new(10));
            let opened = tls::connect(ours, client.clone(), "localhost").into_future();
            let accepted = tls::accept(theirs, server.clone()).into_future();
            let resets = create_task(async move {
                for _ in 0..steps {
                    asyncio::yield_now().await;
                }
                control.reset();
            });
            let (opened, accepted) = join!(opened, accepted).await;
            let done = opened.is_ok() && accepted.is_ok();
            for error in [opened.err(), accepted.err()].into_iter().flatten() {
                assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}");
            }
            resets.cancel();
            drop(resets.await);
            if done {
                return steps;
            }
            steps += 1;
        }
    });
    let steps = ended.unwrap();
    assert!(steps > 1, "{steps} steps");
}

/// The stream itself: it can be given to a function that takes any.
#[test]
fn a_function_over_streams_is_tested_without_a_socket() {
    async fn greet(mut reader: asyncio::StreamReader, writer: asyncio::StreamWriter) -> io::Result<()> {
        let name = reader.readline().await?;
        writer.writelines([&b"hello "[..], &name])?;
        writer.drain().await
    }
    let mut runner = Runner::new().mock_clock(true);
    let ended = runner.run(async {
        let (ours, theirs) = MemoryWire::pair(16);
        let (reader, writer) = stream(theirs);
        let server = create_task(greet(reader, writer));
        let (mut reader, writer) = stream(ours);
        writer.write(b"you\n").unwrap();
        assert_eq!(reader.read_to_end().await.unwrap(), "hello you\n");
        server.await.unwrap()
    });
    ended.unwrap().unwrap();
}
