//! `StreamReader`: feeding, errors, iteration, and the traits.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

#[path = "kit/common.rs"]
#[allow(unused_imports, reason = "no test uses all of it")]
mod kit;

use std::io::{self, ErrorKind};
use std::num::NonZeroUsize;
use std::pin::pin;

use asyncio_net::{Feeder, LimitOverrunError, StreamError, StreamReader, stream};
use asyncio_testing::by_hand;
use futures_lite::future::block_on;
use futures_lite::{AsyncBufReadExt, AsyncReadExt, StreamExt};

use kit::{everywhere, pair};

/// A reader to which all of this was fed; the stream has not ended.
fn fed(bytes: &[u8]) -> (Feeder, StreamReader) {
    let (mut feeder, reader) = StreamReader::pipe();
    feeder.feed_data(bytes);
    (feeder, reader)
}

/// A reader to which all of this was fed, and then the end.
fn ended(bytes: &[u8]) -> StreamReader {
    fed(bytes).1
}

#[track_caller]
fn overrun<T>(result: Result<T, StreamError>) -> LimitOverrunError {
    match result {
        Err(StreamError::LimitOverrun(error)) => error,
        Err(error) => panic!("another error: {error}"),
        Ok(_) => panic!("it was read"),
    }
}

/// STR-07. The end wakes each kind of read.
#[test]
fn the_end_and_a_dropped_feeder_wake_the_reader() {
    let (feeder, mut reader) = fed(b"abc");
    let mut line = by_hand(reader.readline()).waits();
    feeder.feed_eof();
    assert_eq!(line.wakes(), 1);
    assert_eq!(line.poll().unwrap().unwrap(), "abc");
    let (feeder, mut reader) = fed(b"");
    let mut read = by_hand(reader.read(1)).waits();
    drop(feeder);
    assert_eq!(read.wakes(), 1);
    assert_eq!(read.poll().unwrap().unwrap(), "");
}

/// STR-06.
#[test]
fn feeding_nothing_wakes_nobody() {
    let (mut feeder, mut reader) = fed(b"");
    let mut read = by_hand(reader.read(1)).waits();
    feeder.feed_data(b"");
    assert_eq!(read.wakes(), 0);
    feeder.feed_data(b"a");
    feeder.feed_data(b"b");
    assert_eq!(read.wakes(), 1);
    assert_eq!(feeder.buffered(), 2);
    assert_eq!(read.poll().unwrap().unwrap(), "a");
    drop(read);
    assert_eq!(feeder.buffered(), 0);
    assert_eq!(reader.buffered(), b"b");
}

/// STR-13, STR-14.
#[test]
fn an_error_is_told_after_what_came_before_it_and_stays() {
    let (mut feeder, mut reader) = fed(b"abc");
    assert!(reader.exception().is_none());
    feeder.feed_data(b"d");
    feeder.set_exception(io::Error::new(ErrorKind::TimedOut, "line went dead"));
    assert_eq!(block_on(reader.read(2)).unwrap(), "ab");
    for _ in 0..2 {
        let StreamError::Io(error) = block_on(reader.readline()).unwrap_err() else {
            panic!("another error")
        };
        assert_eq!(
            (error.kind(), &*error.to_string()),
            (ErrorKind::TimedOut, "line went dead")
        );
        assert_eq!(reader.buffered(), b"cd", "what came is still there");
    }
    assert_eq!(reader.exception().unwrap().kind(), ErrorKind::TimedOut);
    assert!(!reader.at_eof());
    assert_eq!(
        block_on(reader.read_to_end()).unwrap_err().kind(),
        ErrorKind::TimedOut
    );
    assert_eq!(block_on(reader.readexactly(2)).unwrap(), "cd");
    assert!(block_on(reader.readexactly(1)).is_err());
    assert_eq!(block_on(reader.read(1)).unwrap_err().kind(), ErrorKind::TimedOut);
    assert!(block_on(reader.next_line()).is_err());
}

/// STR-14.
#[test]
fn an_error_wakes_the_reader_and_one_who_has_gone_is_no_harm() {
    let (feeder, mut reader) = fed(b"");
    let mut read = by_hand(reader.read(1)).waits();
    feeder.set_exception(ErrorKind::TimedOut.into());
    assert_eq!(read.wakes(), 1);
    assert_eq!(read.poll().unwrap().unwrap_err().kind(), ErrorKind::TimedOut);
    let (feeder, mut reader) = fed(b"");
    drop(by_hand(reader.read(1)).waits());
    feeder.set_exception(ErrorKind::TimedOut.into());
    assert_eq!(block_on(reader.read(1)).unwrap_err().kind(), ErrorKind::TimedOut);
}

/// STR-16.
#[test]
fn a_loop_over_the_lines() {
    let mut reader = ended(b"a\nbb\nccc");
    let mut lines = Vec::new();
    while let Some(line) = block_on(reader.next_line()).unwrap() {
        lines.push(line);
    }
    assert_eq!(lines, ["a\n", "bb\n", "ccc"]);
    assert_eq!(block_on(reader.next_line()).unwrap(), None);

    let mut reader = ended(b"a\nbb\nccc");
    let lines: Vec<_> = block_on(reader.lines().map(Result::unwrap).collect());
    assert_eq!(lines, ["a\n", "bb\n", "ccc"]);
}

/// STR-16. A stream of lines looks at each byte again when a line was too long, and loses none.
#[test]
fn a_stream_of_lines_is_cancel_safe_and_keeps_a_line_that_is_too_long() {
    let (mut feeder, mut reader) = fed(b"par");
    {
        let mut lines = reader.lines();
        drop(by_hand(lines.next()).waits());
        feeder.feed_data(b"t\nnext\n");
        assert_eq!(block_on(lines.next()).unwrap().unwrap(), "part\n");
    }
    reader.set_limit(NonZeroUsize::new(3).unwrap());
    let mut lines = reader.lines();
    assert!(overrun(block_on(lines.next()).unwrap()).found);
    assert!(overrun(block_on(lines.next()).unwrap()).found);
    drop(lines);
    assert_eq!(reader.buffered(), b"next\n");
}

/// STR-08. Each read can be dropped, and the next one has all.
#[test]
fn a_read_that_is_dropped_leaves_what_came() {
    let (mut feeder, mut reader) = fed(b"ab");
    drop(by_hand(reader.readline()).waits());
    feeder.feed_data(b"cd");
    drop(by_hand(reader.readexactly(10)).waits());
    feeder.feed_data(b"ef");
    drop(by_hand(reader.readuntil(b";;")).waits());
    feeder.feed_data(b"gh");
    drop(by_hand(reader.read_to_end()).waits());
    assert_eq!(reader.buffered(), b"abcdefgh");
    feeder.feed_eof();
    assert_eq!(block_on(reader.read_to_end()).unwrap(), "abcdefgh");
}

/// STR-08.
#[test]
fn the_view_speaks_the_traits_of_futures_io() {
    let (mut feeder, mut reader) = fed(b"one\ntwo;rest");
    block_on(async {
        let mut io = reader.io();
        let mut buffer = [0; 2];
        assert_eq!(io.read(&mut buffer).await?, 2);
        assert_eq!(&buffer, b"on");
        let mut line = String::new();
        assert_eq!(io.read_line(&mut line).await?, 2);
        assert_eq!(line, "e\n");
        let mut until = Vec::new();
        io.read_until(b';', &mut until).await?;
        assert_eq!(until, b"two;");
        assert_eq!(io.fill_buf().await?, b"rest");
        io.consume(2);
        assert_eq!(reader.buffered(), b"st");
        feeder.feed_data(b"!");
        assert_eq!(reader.read(9).await?, "st");
        feeder.feed_eof();
        let mut rest = Vec::new();
        reader.io().read_to_end(&mut rest).await?;
        assert_eq!(rest, b"!");
        assert_eq!(reader.io().fill_buf().await?, b"");
        assert!(reader.at_eof());
        Ok::<_, io::Error>(())
    })
    .unwrap();
}

/// STR-08.
#[test]
fn a_read_into_no_room_does_not_wait() {
    let (_feeder, mut reader) = fed(b"");
    let mut io = reader.io();
    assert_eq!(by_hand(io.read(&mut [])).poll().unwrap().unwrap(), 0);
}

/// STR-05, STR-08 to STR-12 and STR-16, over a connection.
#[test]
fn a_reader_reads_from_a_connection() {
    everywhere(|| async {
        let (client, server) = pair().await?;
        let (mut reader, _writer) = stream(server);
        let (_, to) = stream(client);
        to.write(b"line\nhead\r\n\r\n12345rest of it\nall\nthe\nlines")?;
        to.close();
        assert_eq!(reader.readline().await?, "line\n");
        assert_eq!(reader.readuntil(b"\r\n\r\n").await?, "head\r\n\r\n");
        assert_eq!(reader.readexactly(5).await?, "12345");
        assert_eq!(reader.readuntil_any(&[b"\n", b"of"]).await?, "rest of");
        assert_eq!(reader.next_line().await?.unwrap(), " it\n");
        {
            let mut lines = pin!(reader.lines());
            assert_eq!(lines.next().await.unwrap()?, "all\n");
        }
        assert_eq!(reader.read(3).await?, "the");
        assert_eq!(reader.read_to_end().await?, "\nlines");
        assert_eq!(reader.next_line().await?, None);
        assert!(reader.at_eof());
        assert!(reader.exception().is_none());
        Ok(())
    });
}
