//! Streams whose peer, or whose loop, goes away: the documented error each time, no descriptor leaked, no hang and no
//! busy loop.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::fs;
use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use asyncio::net::{StreamError, StreamReader, StreamWriter, Transport, open_connection};
use asyncio::{create_task, join, sleep, timeout};

/// The tests count the descriptors of the process, so they run one after the other.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Runs a test on a loop of its own; afterwards there are as many descriptors as before.
fn check(test: impl AsyncFn()) {
    let _alone = alone();
    // What is made once stays.
    asyncio::run(async { sleep(Duration::from_millis(1)).await });
    let before = descriptors();
    asyncio::run(async {
        let limited = timeout(Duration::from_secs(20), test());
        limited.await.expect("the test has come to its end");
    });
    assert_eq!(descriptors(), before, "descriptors after the loop and before it");
}

/// Streams, and the other end as a socket that blocks.
async fn connected() -> (StreamReader, StreamWriter, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (reader, writer) = open_connection(listener.local_addr().unwrap()).await.unwrap();
    (reader, writer, listener.accept().unwrap().0)
}

/// Closes with a reset instead of the end of the stream.
fn reset(peer: TcpStream) {
    peer.set_nonblocking(true).unwrap();
    let peer = asyncio::net::TcpStream::try_from(peer).unwrap();
    peer.set_linger(Some(Duration::ZERO)).unwrap();
}

/// Writes more than the system takes; gives how much it was.
fn fill(transport: &Transport) -> usize {
    let piece = [7; 10_000];
    let mut written = 0;
    while transport.get_write_buffer_size() <= transport.get_write_buffer_limits().1 {
        transport.write(&piece).unwrap();
        written += piece.len();
    }
    written
}

#[track_caller]
fn broken(error: io::Error) {
    let kind = error.kind();
    assert!(
        matches!(kind, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe),
        "{error}"
    );
}

#[track_caller]
fn broken_read<T: std::fmt::Debug>(read: Result<T, StreamError>) {
    match read {
        Err(StreamError::Io(error)) => broken(error),
        other => panic!("no error of the system: {other:?}"),
    }
}

/// Waits until there are so many descriptors again.
async fn descriptors_become(wanted: usize) {
    let limit = Instant::now() + Duration::from_secs(10);
    while descriptors() != wanted {
        assert!(
            Instant::now() < limit,
            "{} descriptors, not {wanted}",
            descriptors()
        );
        sleep(Duration::from_millis(1)).await;
    }
}

/// STR-08, STR-13, STR-23.
#[test]
fn a_reset_in_the_middle_of_a_read_is_an_error_and_what_came_is_there() {
    check(async || {
        let (mut reader, writer, mut peer) = connected().await;
        peer.write_all(b"half a line").unwrap();
        assert_eq!(reader.read(4).await.unwrap(), "half");
        let (line, ()) = join!(reader.readline(), async { reset(peer) }).await;
        broken_read(line);
        broken(reader.read_to_end().await.unwrap_err());
        assert!(reader.exception().is_some());
        assert_eq!(reader.buffered(), b" a line");
        assert!(writer.is_closing());
        broken(writer.write(b"more").unwrap_err());
        broken(writer.drain().await.unwrap_err());
        broken(writer.wait_closed().await.unwrap_err());
    });
}

/// STR-18, STR-20, STR-23. The reader is not told that the stream has ended well.
#[test]
fn a_reset_in_the_middle_of_a_write_is_told_to_all() {
    check(async || {
        let (mut reader, writer, mut peer) = connected().await;
        peer.write_all(b"half a line").unwrap();
        fill(&writer);
        let (drained, also, closed, ()) =
            join!(writer.drain(), writer.drain(), writer.wait_closed(), async {
                reset(peer)
            })
            .await;
        broken(drained.unwrap_err());
        broken(also.unwrap_err());
        broken(closed.unwrap_err());
        broken(writer.write(b"more").unwrap_err());
        assert_eq!(writer.get_write_buffer_size(), 0);
        broken_read(reader.readline().await);
        assert!(!reader.at_eof());
    });
}

/// STR-18. A peer that has closed resets the connection when it is written to.
#[test]
fn writing_to_a_peer_that_has_closed_ends_with_an_error() {
    check(async || {
        let (mut reader, writer, mut peer) = connected().await;
        peer.write_all(b"last words").unwrap();
        drop(peer);
        assert_eq!(reader.read_to_end().await.unwrap(), "last words");
        let error = loop {
            if let Err(error) = writer.write(b"x") {
                break error;
            }
            sleep(Duration::from_millis(1)).await;
        };
        broken(error);
        broken(writer.wait_closed().await.unwrap_err());
        assert!(reader.at_eof(), "what was read to its end stays so");
    });
}

/// STR-08. The peer has ended its direction and still reads: both directions come to their end.
#[test]
fn a_half_closed_peer_gets_the_queue() {
    check(async || {
        let (mut reader, writer, mut peer) = connected().await;
        let total = fill(&writer);
        peer.write_all(b"question").unwrap();
        peer.shutdown(Shutdown::Write).unwrap();
        assert_eq!(reader.read_to_end().await.unwrap(), "question");
        assert!(writer.get_write_buffer_size() > 0);
        let thread = std::thread::spawn(move || {
            let mut all = Vec::new();
            peer.read_to_end(&mut all).unwrap();
            all.len()
        });
        writer.drain().await.unwrap();
        writer.write(b"answer").unwrap();
        writer.close();
        writer.wait_closed().await.unwrap();
        assert_eq!(thread.join().unwrap(), total + 6);
    });
}

/// STR-08, STR-13. The peer closed without reading what we sent: its last words are there, and then an error.
#[test]
fn what_a_peer_sent_before_it_gave_up_can_be_read() {
    check(async || {
        let (mut reader, writer, mut peer) = connected().await;
        fill(&writer);
        peer.write_all(b"HTTP/1.1 413 too large\r\n").unwrap();
        drop(peer);
        broken(writer.wait_closed().await.unwrap_err());
        match reader.readline().await {
            Ok(line) => assert_eq!(line, "HTTP/1.1 413 too large\r\n"),
            // The system may have thrown it away with the reset.
            Err(StreamError::Io(error)) => broken(error),
            Err(error) => panic!("{error}"),
        }
        broken_read(reader.readline().await);
    });
}

/// STR-20. Over a Unix socket.
#[test]
fn a_peer_that_closes_a_unix_socket_ends_a_drain() {
    check(async || {
        let (own, peer) = std::os::unix::net::UnixStream::pair().unwrap();
        own.set_nonblocking(true).unwrap();
        let (_reader, writer) = asyncio::net::stream(asyncio::net::UnixStream::try_from(own).unwrap());
        fill(&writer);
        let (drained, ()) = join!(writer.drain(), async { drop(peer) }).await;
        broken(drained.unwrap_err());
        broken(writer.wait_closed().await.unwrap_err());
    });
}

/// STR-21, STR-29. All handles are dropped, the queue is sent all the same, and then the descriptor is freed.
#[test]
fn a_dropped_connection_sends_its_queue_and_frees_its_descriptor() {
    check(async || {
        let before = descriptors();
        for _ in 0..20 {
            let (reader, writer, mut peer) = connected().await;
            let total = fill(&writer);
            drop((reader, writer));
            assert_eq!(descriptors(), before + 2, "the queue keeps it");
            let thread = std::thread::spawn(move || {
                let mut all = Vec::new();
                peer.read_to_end(&mut all).unwrap();
                all.len()
            });
            descriptors_become(before).await;
            assert_eq!(thread.join().unwrap(), total);
        }
    });
}

/// STR-29.
#[test]
fn a_dropped_connection_whose_peer_resets_frees_its_descriptor() {
    check(async || {
        let before = descriptors();
        let (reader, writer, peer) = connected().await;
        fill(&writer);
        drop((reader, writer));
        reset(peer);
        descriptors_become(before).await;
    });
}

/// STR-21. Without a queue it is freed at once.
#[test]
fn closed_connections_leave_nothing() {
    check(async || {
        let before = descriptors();
        for round in 0..200 {
            let (mut reader, writer, mut peer) = connected().await;
            writer.write(b"hello\n").unwrap();
            peer.write_all(b"hello\n").unwrap();
            assert_eq!(reader.readline().await.unwrap(), "hello\n");
            match round % 4 {
                0 => writer.close(),
                1 => writer.abort(),
                2 => reset(peer),
                _ => drop(peer),
            }
            drop((reader, writer));
        }
        assert_eq!(descriptors(), before);
    });
}

/// STR-23. The loop ends: who waits elsewhere is told, and nothing is kept.
#[test]
fn a_queue_at_the_end_of_its_loop_is_an_error_for_those_who_hold_it() {
    let _alone = alone();
    asyncio::run(async { sleep(Duration::from_millis(1)).await });
    let before = descriptors();
    let (mut reader, writer, peer) = asyncio::run(async {
        let (reader, writer, peer) = connected().await;
        fill(&writer);
        let (other_reader, other_writer, other_peer) = connected().await;
        fill(&other_writer);
        drop((other_reader, other_writer, other_peer));
        (reader, writer, peer)
    });
    let wait = async {
        (
            writer.drain().await,
            writer.wait_closed().await,
            reader.read(1).await,
        )
    };
    let told = asyncio::testing::by_hand(wait).poll();
    let (drained, closed, read) = told.expect("those who wait are told");
    assert!(drained.is_err(), "{drained:?}");
    assert!(closed.is_err(), "{closed:?}");
    assert!(read.is_err(), "{read:?}");
    assert!(writer.is_closing());
    drop((reader, writer, peer));
    assert_eq!(descriptors(), before);
}

/// The processor time of this thread.
fn worked() -> Duration {
    let numbers = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(numbers.split(' ').next().unwrap().parse().unwrap())
}

/// Nothing happens: nothing is polled, and the loop sleeps.
async fn nothing_turns(what: &str, wait: impl Future) {
    let mut wait = pin!(wait);
    let mut polls = 0;
    let before = worked();
    let counted = poll_fn(|cx| {
        polls += 1;
        wait.as_mut().poll(cx)
    });
    let ended = timeout(Duration::from_millis(200), counted).await;
    assert!(ended.is_err(), "{what}: the wait has ended");
    let took = worked() - before;
    assert!(took < Duration::from_millis(60), "{what}: {took:?} of 200 ms");
    assert!(polls <= 3, "{what}: polled {polls} times");
}

/// T#7494, P#95289: no state of a connection makes a loop turn for nothing.
#[test]
fn no_state_of_a_connection_turns_the_loop() {
    check(async || {
        let (mut reader, writer, mut peer) = connected().await;
        fill(&writer);
        nothing_turns("a queue, and nobody reads", writer.drain()).await;
        nothing_turns("a queue, and nothing comes", reader.read(1)).await;
        peer.write_all(b"unread").unwrap();
        nothing_turns("a queue, and something to read", writer.drain()).await;
        peer.shutdown(Shutdown::Write).unwrap();
        nothing_turns("a queue, and the peer has half-closed", writer.drain()).await;
        assert_eq!(reader.read_to_end().await.unwrap(), "unread");
        nothing_turns("a queue, and the end was read", writer.wait_closed()).await;
        writer.close();
        nothing_turns("a queue that is closing", writer.wait_closed()).await;
        reset(peer);
        broken(writer.wait_closed().await.unwrap_err());
        nothing_turns("lost", std::future::pending::<()>()).await;

        let (_reader, writer, peer) = connected().await;
        reset(peer);
        nothing_turns("a reset that nobody reads", std::future::pending::<()>()).await;
        drop(writer);
        let (_reader, writer, peer) = connected().await;
        writer.write_eof().unwrap();
        nothing_turns("our direction has ended", std::future::pending::<()>()).await;
        drop(peer);
        nothing_turns("both have ended", std::future::pending::<()>()).await;
    });
}

/// STR-18. A peer that takes a little now and then: one wake for each time that the queue has come down.
#[test]
fn a_drain_is_polled_only_when_the_queue_is_short() {
    check(async || {
        let (_reader, writer, mut peer) = connected().await;
        let total = fill(&writer);
        let reads = create_task(async move {
            let (mut buffer, mut come) = (vec![0; 100_000], 0);
            while come < total {
                come += peer.read(&mut buffer).unwrap();
                sleep(Duration::from_micros(200)).await;
            }
        });
        let mut polls = 0;
        let mut drain = pin!(writer.drain());
        poll_fn(|cx| {
            polls += 1;
            drain.as_mut().poll(cx)
        })
        .await
        .unwrap();
        assert_eq!(polls, 2, "once to wait and once to go on");
        writer.close();
        reads.await.unwrap();
        writer.wait_closed().await.unwrap();
    });
}
