//! Streams over a wire of one's own: which calls reach it, and what its errors become.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

#[path = "streams/script.rs"]
#[allow(dead_code, reason = "no test uses all of it")]
mod script;

use std::any::Any;
use std::io::{self, ErrorKind, IoSlice};
use std::sync::Arc;
use std::task::{Context, Poll};

use asyncio_net::{StreamError, Wire, stream};
use asyncio_testing::by_hand;
use futures_lite::AsyncWriteExt;
use futures_lite::future::block_on;

use script::Script;

/// STR-18, STR-19. A system may take a write of no pieces for an error.
#[test]
fn writing_nothing_does_not_reach_the_wire() {
    let wire = Script::default();
    let (_reader, writer) = stream(wire.clone());
    wire.takes(10);
    writer.write(b"").unwrap();
    writer.writelines([]).unwrap();
    writer.writelines([&b""[..], b""]).unwrap();
    writer.write_owned(bytes::Bytes::new()).unwrap();
    assert_eq!(wire.with(|state| state.writes), 0);
}

/// STR-18, STR-19.
#[test]
fn what_fits_goes_out_with_one_call() {
    let wire = Script::default();
    let (_reader, writer) = stream(wire.clone());
    wire.takes(1000);
    writer.write(b"one").unwrap();
    assert_eq!(wire.with(|state| state.writes), 1);
    writer.writelines([&b"two"[..], b"three"]).unwrap();
    assert_eq!(wire.with(|state| (state.writes, state.slices)), (2, 2));
    assert_eq!(wire.with(|state| state.sent.clone()), b"onetwothree");
    assert_eq!(writer.get_write_buffer_size(), 0);
}

/// STR-18. The rest of a write that was cut anywhere follows, before what is written after it.
#[test]
fn a_write_that_is_cut_anywhere_goes_on_where_it_was_cut() {
    for cut in 0..=12 {
        let wire = Script::default();
        let (_reader, writer) = stream(wire.clone());
        wire.takes(cut);
        writer.writelines([&b"abc"[..], b"", b"defg", b"hij"]).unwrap();
        writer.write(b"kl").unwrap();
        assert_eq!(wire.with(|state| state.sent.len()), cut);
        assert_eq!(writer.get_write_buffer_size(), 12 - cut);
        for _ in cut..12 {
            wire.takes(1);
        }
        assert_eq!(wire.with(|state| state.sent.clone()), b"abcdefghijkl");
        assert_eq!(writer.get_write_buffer_size(), 0);
    }
}

/// STR-20, STR-23. Whoever finds it first, all are told, and the reader does not take it for the end.
#[test]
fn a_write_that_fails_is_told_to_all_and_is_no_end_of_the_stream() {
    let wire = Script::default();
    let (mut reader, mut writer) = stream(wire.clone());
    wire.with(|state| state.incoming.push_back(b"half a li".to_vec()));
    writer.set_write_buffer_limits(Some(0), None).unwrap();
    writer.write(b"queued").unwrap();
    let mut drain = by_hand(writer.drain()).waits();
    let mut closed = by_hand(writer.wait_closed()).waits();
    let mut line = by_hand(reader.readline()).waits();
    wire.breaks(ErrorKind::ConnectionAborted);
    assert_eq!((drain.wakes(), closed.wakes(), line.wakes()), (1, 1, 1));
    let told = |error: io::Result<()>| assert_eq!(error.unwrap_err().kind(), ErrorKind::ConnectionAborted);
    told(drain.poll().unwrap());
    told(closed.poll().unwrap());
    let Some(Err(StreamError::Io(error))) = line.poll() else {
        panic!("the stream has ended before the line has")
    };
    drop((drain, closed, line));
    told(Err(error));
    told(writer.write(b"more"));
    told(writer.write_owned(bytes::Bytes::from_static(b"more")));
    told(block_on(writer.drain()));
    told(block_on(std::future::poll_fn(|cx| {
        futures_io::AsyncWrite::poll_flush(std::pin::pin!(writer.io()), cx)
    })));
    assert_eq!(reader.exception().unwrap().kind(), ErrorKind::ConnectionAborted);
    assert!(!reader.at_eof());
    assert_eq!(block_on(reader.read(100)).unwrap(), "half a li");
    assert!(writer.is_closing());
    assert_eq!(writer.get_write_buffer_size(), 0);
}

/// STR-18. A wire that takes nothing although it could is broken.
#[test]
fn a_wire_that_takes_nothing_is_broken() {
    #[derive(Debug)]
    struct Zero(Script);
    impl Wire for Zero {
        fn poll_read(
            &self,
            cx: &mut Context<'_>,
            buffer: &mut Vec<u8>,
            most: usize,
        ) -> Poll<io::Result<usize>> {
            self.0.poll_read(cx, buffer, most)
        }
        fn try_write(&self, _: &[IoSlice<'_>]) -> io::Result<usize> {
            Ok(0)
        }
        fn poll_write(&self, _: &mut Context<'_>, _: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(0))
        }
        fn close_write(&self) -> io::Result<()> {
            self.0.close_write()
        }
        fn close(&self) -> io::Result<()> {
            self.0.close()
        }
        fn as_any(&self) -> &dyn Any {
            self
        }
    }
    let (_reader, writer) = stream(Zero(Script::default()));
    writer.write(b"a").unwrap();
    assert_eq!(
        block_on(writer.wait_closed()).unwrap_err().kind(),
        ErrorKind::WriteZero
    );
}

/// STR-24, STR-25.
#[test]
fn a_wire_whose_direction_cannot_end_alone_says_so() {
    let wire = Script::default();
    wire.with(|state| state.no_eof = true);
    let (_reader, writer) = stream(wire.clone());
    assert!(!writer.can_write_eof());
    assert_eq!(writer.write_eof().unwrap_err().kind(), ErrorKind::Unsupported);
    wire.takes(1);
    writer.write(b"a").unwrap();
    assert!(!wire.with(|state| state.eof_sent));
}

/// STR-24.
#[test]
fn the_end_of_a_direction_waits_for_the_queue() {
    let wire = Script::default();
    let (_reader, writer) = stream(wire.clone());
    writer.write(b"abc").unwrap();
    writer.write_eof().unwrap();
    wire.takes(2);
    assert!(!wire.with(|state| state.eof_sent));
    wire.takes(1);
    assert!(wire.with(|state| state.eof_sent));
    assert_eq!(wire.with(|state| state.closed), 0);
}

/// STR-21, STR-29.
#[test]
fn a_wire_is_let_go_when_all_is_sent_and_nobody_holds_it() {
    let wire = Script::default();
    let (reader, writer) = stream(wire.clone());
    writer.write(b"abc").unwrap();
    drop((reader, writer));
    assert_eq!(wire.with(|state| state.closed), 0);
    wire.takes(3);
    assert_eq!(wire.with(|state| state.sent.clone()), b"abc");
    assert!(wire.with(|state| state.closed) >= 1);
    assert_eq!(Arc::strong_count(&wire.0), 1);
}

/// STR-20. Strictly above the high mark it is paused, at the low one or below it goes on.
#[test]
fn a_transport_is_paused_above_the_high_mark_until_it_is_at_the_low_one() {
    let wire = Script::default();
    let (_reader, writer) = stream(wire.clone());
    writer.set_write_buffer_limits(Some(10), Some(4)).unwrap();
    writer.write(&[1; 10]).unwrap();
    assert_eq!(
        by_hand(writer.drain()).poll().unwrap().ok(),
        Some(()),
        "at the mark"
    );
    writer.write(&[1; 1]).unwrap();
    let mut drain = by_hand(writer.drain()).waits();
    wire.takes(6);
    assert_eq!((writer.get_write_buffer_size(), drain.wakes()), (5, 0));
    drop(by_hand(writer.drain()).waits());
    wire.takes(1);
    assert_eq!((writer.get_write_buffer_size(), drain.wakes()), (4, 1));
    drain.poll().unwrap().unwrap();
    // Between the marks it depends on where it came from.
    writer.write(&[1; 6]).unwrap();
    by_hand(writer.drain()).poll().unwrap().unwrap();
    writer.writelines([&[1; 1][..]]).unwrap();
    drop(by_hand(writer.drain()).waits());
    // The wire has the transport's waker, and what is left would keep the wire.
    writer.transport().abort();
}

/// STR-20. With a high mark of 0 a drain waits until all has been sent.
#[test]
fn with_a_mark_of_nothing_a_drain_waits_for_all() {
    let wire = Script::default();
    let (_reader, writer) = stream(wire.clone());
    writer.set_write_buffer_limits(Some(0), None).unwrap();
    wire.takes(2);
    writer.write(b"ab").unwrap();
    by_hand(writer.drain()).poll().unwrap().unwrap();
    writer.write(b"cd").unwrap();
    let mut drain = by_hand(writer.drain()).waits();
    wire.takes(1);
    assert_eq!(drain.wakes(), 0);
    wire.takes(1);
    assert_eq!(drain.wakes(), 1);
    drain.poll().unwrap().unwrap();
}

/// STR-20. New marks count for what is queued already.
#[test]
fn new_marks_pause_and_resume_at_once() {
    let wire = Script::default();
    let (_reader, writer) = stream(wire.clone());
    writer.write(&[1; 100]).unwrap();
    by_hand(writer.drain()).poll().unwrap().unwrap();
    writer.set_write_buffer_limits(Some(50), Some(20)).unwrap();
    let mut drain = by_hand(writer.drain()).waits();
    writer.set_write_buffer_limits(Some(200), Some(99)).unwrap();
    assert_eq!(drain.wakes(), 0);
    writer.set_write_buffer_limits(Some(200), Some(100)).unwrap();
    assert_eq!(drain.wakes(), 1);
    drain.poll().unwrap().unwrap();
    writer.transport().abort();
}

/// STR-21, STR-24. Closing ends the direction as well, and so whoever waits for its end.
#[test]
fn a_flush_after_the_end_of_a_direction_ends_with_the_connection() {
    let wire = Script::default();
    let (_reader, mut writer) = stream(wire.clone());
    writer.write(b"abc").unwrap();
    let transport = writer.transport().clone();
    let mut close = by_hand(async { writer.io().close().await }).waits();
    transport.close();
    wire.takes(3);
    assert_eq!(close.wakes(), 1);
    close.poll().expect("all is over").unwrap();
    assert!(
        !wire.with(|state| state.eof_sent),
        "what is closed is not half-closed"
    );
}

/// STR-08, STR-09. A peer that sends as fast as it is read does not keep the others of the executor from their turn.
#[test]
fn who_reads_from_a_wire_that_is_always_ready_lets_the_others_go_first() {
    let wire = Script::default();
    let endless = || wire.with(|state| state.incoming.extend((0..1000).map(|_| vec![b'\n'; 100_000])));
    let (mut reader, _writer) = stream(wire.clone());
    endless();
    let mut read = by_hand(async { while !reader.read(usize::MAX).await.unwrap().is_empty() {} }).waits();
    assert_eq!(read.wakes(), 1, "it goes on by itself");
    assert!(wire.with(|state| state.incoming.len()) > 900);
    assert!(read.poll().is_none());
    assert_eq!(read.wakes(), 2);
    drop(read);
    endless();
    let lines = by_hand(async { while !reader.readline().await.unwrap().is_empty() {} }).waits();
    assert_eq!(lines.wakes(), 1);
    drop(lines);
    let all = by_hand(reader.read_to_end()).waits();
    assert_eq!(all.wakes(), 1);
    drop(all);
    // What a turn interrupts is not lost.
    let mut exactly = by_hand(reader.readexactly(10_000_000));
    let mut turns = 0;
    let bytes = loop {
        match exactly.poll() {
            Some(bytes) => break bytes.unwrap(),
            None => turns += 1,
        }
    };
    assert_eq!(exactly.wakes(), turns);
    assert!(bytes.iter().all(|byte| *byte == b'\n'));
}

/// STR-20. The system may take all that a writer has, for ever: it is one of many tasks all the same.
#[test]
fn a_writer_that_is_never_held_up_lets_others_run_now_and_then() {
    let wire = Script::default();
    wire.takes(usize::MAX);
    let (_reader, mut writer) = stream(wire);
    let piece = vec![0; 16 * 1024];
    let mut waits = 0;
    for _ in 0..256 {
        writer.write(&piece).unwrap();
        let mut drain = by_hand(writer.drain());
        while drain.poll().is_none() {
            waits += 1;
            assert_ne!(drain.wakes(), 0, "nobody else wakes it");
        }
    }
    assert!((1..=64).contains(&waits), "4 MiB were sent with {waits} breaks");
    let before = waits;
    for _ in 0..256 {
        let mut io = writer.io();
        let mut write = by_hand(io.write(&piece));
        while write.poll().is_none() {
            waits += 1;
            assert_ne!(write.wakes(), 0, "nobody else wakes it");
        }
    }
    assert!(waits > before);
}
