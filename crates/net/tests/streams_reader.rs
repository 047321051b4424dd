//! `StreamReader`: every read, its limit, and what stays in the buffer when it fails.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

#[path = "kit/common.rs"]
#[allow(unused_imports, reason = "no test uses all of it")]
mod kit;

use std::io;
use std::num::NonZeroUsize;

use asyncio_net::{Feeder, IncompleteReadError, LimitOverrunError, StreamError, StreamReader, stream};
use asyncio_testing::by_hand;
use futures_lite::future::block_on;

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

#[track_caller]
fn incomplete<T>(result: Result<T, StreamError>) -> IncompleteReadError {
    match result {
        Err(StreamError::IncompleteRead(error)) => error,
        Err(error) => panic!("another error: {error}"),
        Ok(_) => panic!("it was read"),
    }
}

/// STR-08.
#[test]
fn read_gives_what_there_is_at_most_what_was_asked_for() {
    block_on(async {
        let (mut feeder, mut reader) = fed(b"abcdef");
        assert_eq!(reader.read(0).await?, "");
        assert_eq!(reader.read(4).await?, "abcd");
        assert_eq!(
            reader.read(4).await?,
            "ef",
            "what is there is given without a wait"
        );
        {
            let mut waits = by_hand(reader.read(4)).waits();
            feeder.feed_data(b"g");
            assert_eq!(waits.wakes(), 1);
            assert_eq!(waits.poll().unwrap()?, "g");
        }
        assert_eq!(reader.read(0).await?, "", "nothing is no wait");
        feeder.feed_eof();
        for _ in 0..3 {
            assert_eq!(reader.read(4).await?, "");
        }
        Ok::<_, io::Error>(())
    })
    .unwrap();
}

/// STR-08.
#[test]
fn read_to_end_does_not_look_at_the_limit() {
    let (mut feeder, mut reader) = fed(b"1234567890");
    reader.set_limit(NonZeroUsize::MIN);
    let mut all = by_hand(reader.read_to_end()).waits();
    feeder.feed_data(b"abc");
    assert!(all.poll().is_none());
    feeder.feed_eof();
    assert_eq!(all.poll().unwrap().unwrap(), "1234567890abc");
    drop(all);
    assert_eq!(block_on(reader.read_to_end()).unwrap(), "");
}

/// STR-09.
#[test]
fn lines_come_with_their_end_and_the_last_one_as_it_is() {
    let mut reader = ended(b"one\n\ntwo\r\nthree");
    let mut line = || block_on(reader.readline()).unwrap();
    assert_eq!(line(), "one\n");
    assert_eq!(line(), "\n");
    assert_eq!(line(), "two\r\n");
    assert_eq!(line(), "three");
    assert_eq!(line(), "");
    assert_eq!(line(), "");
}

/// STR-09. A line that comes in pieces is one line.
#[test]
fn a_line_in_pieces_is_one_line() {
    let (mut feeder, mut reader) = fed(b"ab");
    let mut line = by_hand(reader.readline()).waits();
    feeder.feed_data(b"cd");
    assert!(line.poll().is_none());
    feeder.feed_data(b"ef\ngh");
    assert_eq!(line.poll().unwrap().unwrap(), "abcdef\n");
    drop(line);
    assert_eq!(reader.buffered(), b"gh");
}

/// STR-09. Where Python throws a line away that is too long, it stays.
#[test]
fn a_line_beyond_the_limit_stays_in_the_buffer() {
    let (mut feeder, mut reader) = fed(b"1234\n5\n");
    reader.set_limit(NonZeroUsize::new(3).unwrap());
    let error = overrun(block_on(reader.readline()));
    assert_eq!(
        error,
        LimitOverrunError {
            consumed: 4,
            limit: 3,
            found: true
        }
    );
    assert_eq!(reader.buffered(), b"1234\n5\n");
    assert_eq!(overrun(block_on(reader.readline())), error, "and again");
    let line = block_on(reader.readexactly(error.consumed + 1)).unwrap();
    assert_eq!(line, "1234\n");
    assert_eq!(block_on(reader.readline()).unwrap(), "5\n");

    feeder.feed_data(b"123");
    let mut line = by_hand(reader.readline()).waits();
    feeder.feed_data(b"4");
    let error = overrun(line.poll().unwrap());
    drop(line);
    assert_eq!((error.consumed, error.found), (4, false));
    assert_eq!(reader.buffered(), b"1234");
    feeder.feed_data(b"\n");
    assert_eq!(block_on(reader.readline().limit(4)).unwrap(), "1234\n");
}

/// STR-09. The limit is compared with the line without its end.
#[test]
fn a_line_as_long_as_the_limit_is_read() {
    let (mut feeder, mut reader) = fed(b"12");
    reader.set_limit(NonZeroUsize::new(3).unwrap());
    let mut line = by_hand(reader.readline()).waits();
    feeder.feed_data(b"3");
    assert!(line.poll().is_none(), "the next byte may be the end of the line");
    feeder.feed_data(b"\n");
    assert_eq!(line.poll().unwrap().unwrap(), "123\n");
}

/// STR-09, STR-11. T#8400: a limit for one call.
#[test]
fn a_call_has_a_limit_of_its_own() {
    let (_feeder, mut reader) = fed(b"123456\nab\n123456;");
    assert_eq!(reader.limit(), 64 * 1024);
    assert_eq!(overrun(block_on(reader.readline().limit(5))).limit, 5);
    assert_eq!(block_on(reader.readline().limit(6)).unwrap(), "123456\n");
    assert_eq!(overrun(block_on(reader.readline().limit(0))).consumed, 2);
    assert_eq!(block_on(reader.readline()).unwrap(), "ab\n");
    reader.set_limit(NonZeroUsize::new(2).unwrap());
    assert_eq!(reader.limit(), 2);
    assert_eq!(overrun(block_on(reader.readuntil(b";"))).limit, 2);
    assert_eq!(
        overrun(block_on(reader.readuntil_any(&[b";", b"!"]).limit(4))).limit,
        4
    );
    assert_eq!(
        block_on(reader.readuntil(b";").limit(usize::MAX)).unwrap(),
        "123456;"
    );
}

/// STR-10.
#[test]
fn exactly_so_many_bytes_or_an_error_that_has_what_came() {
    let (mut feeder, mut reader) = fed(b"abcdef");
    assert_eq!(block_on(reader.readexactly(0)).unwrap(), "");
    assert_eq!(block_on(reader.readexactly(4)).unwrap(), "abcd");
    let mut rest = by_hand(reader.readexactly(4)).waits();
    feeder.feed_data(b"g");
    assert!(rest.poll().is_none());
    feeder.feed_data(b"hij");
    assert_eq!(rest.poll().unwrap().unwrap(), "efgh");
    drop(rest);
    feeder.feed_eof();
    let error = incomplete(block_on(reader.readexactly(3)));
    assert_eq!((&error.partial[..], error.expected), (&b"ij"[..], Some(3)));
    assert_eq!(error.to_string(), "the stream ended after 2 of 3 bytes");
    assert_eq!(reader.buffered(), b"");
    assert!(reader.at_eof());
    assert_eq!(block_on(reader.readexactly(0)).unwrap(), "");
    assert_eq!(incomplete(block_on(reader.readexactly(1))).partial, "");
}

/// STR-10.
#[test]
fn exactly_so_many_bytes_may_be_more_than_the_limit() {
    let (mut feeder, mut reader) = fed(b"");
    reader.set_limit(NonZeroUsize::MIN);
    let mut exactly = by_hand(reader.readexactly(300_000)).waits();
    for _ in 0..299 {
        feeder.feed_data(&[7; 1000]);
        assert!(exactly.poll().is_none());
    }
    feeder.feed_data(&[7; 1001]);
    assert_eq!(exactly.poll().unwrap().unwrap().len(), 300_000);
    drop(exactly);
    assert_eq!(reader.buffered(), [7]);
}

/// STR-10. A length that a peer has sent is no reason to take so much memory before the bytes are there.
#[test]
fn a_length_that_cannot_come_takes_no_memory() {
    everywhere(|| async {
        let (client, server) = pair().await?;
        let (mut reader, _writer) = stream(server);
        let (_, to) = stream(client);
        to.write(b"short")?;
        to.close();
        let error = incomplete(reader.readexactly(usize::MAX).await);
        assert_eq!(
            (&error.partial[..], error.expected),
            (&b"short"[..], Some(usize::MAX))
        );
        Ok(())
    });
}

/// STR-11.
#[test]
fn until_a_separator_and_with_it() {
    let (mut feeder, mut reader) = fed(b"headers\r\n\r");
    let mut until = by_hand(reader.readuntil(b"\r\n\r\n")).waits();
    feeder.feed_data(b"\nbody\r\n\r\n");
    assert_eq!(until.poll().unwrap().unwrap(), "headers\r\n\r\n");
    drop(until);
    assert_eq!(block_on(reader.readuntil(b"\r\n\r\n")).unwrap(), "body\r\n\r\n");
    feeder.feed_data(b"no end\r\n\r");
    feeder.feed_eof();
    let error = incomplete(block_on(reader.readuntil(b"\r\n\r\n")));
    assert_eq!((&error.partial[..], error.expected), (&b"no end\r\n\r"[..], None));
    assert!(reader.at_eof());
}

/// STR-11. A part of the separator may be the end of what came: it does not count against the limit.
#[test]
fn a_separator_that_came_in_part_is_within_the_limit() {
    let (mut feeder, mut reader) = fed(b"123EN");
    let mut until = by_hand(reader.readuntil(b"END").limit(3)).waits();
    feeder.feed_data(b"D");
    assert_eq!(until.poll().unwrap().unwrap(), "123END");
    drop(until);
    feeder.feed_data(b"1234EN");
    let error = overrun(block_on(reader.readuntil(b"END").limit(3)));
    assert_eq!(
        (error.consumed, error.found),
        (4, false),
        "where the search would go on"
    );
    feeder.feed_data(b"D");
    assert_eq!(block_on(reader.readuntil(b"END").limit(4)).unwrap(), "1234END");
}

/// STR-11.
#[test]
fn of_several_separators_the_one_that_ends_first() {
    let (mut feeder, mut reader) = fed(b"one\ntwo\r\nthree\rfour");
    let separators: &[&[u8]] = &[b"\r\n", b"\n", b"\r"];
    assert_eq!(block_on(reader.readuntil_any(separators)).unwrap(), "one\n");
    // The single one ends before the pair.
    assert_eq!(block_on(reader.readuntil_any(separators)).unwrap(), "two\r");
    assert_eq!(block_on(reader.readuntil_any(separators)).unwrap(), "\n");
    assert_eq!(block_on(reader.readuntil_any(separators)).unwrap(), "three\r");
    let mut until = by_hand(reader.readuntil_any(&[b"long separator", b"!"])).waits();
    feeder.feed_data(b"long sep!");
    assert_eq!(until.poll().unwrap().unwrap(), "fourlong sep!");
    drop(until);
    feeder.feed_data(b"xABCDE");
    // Both end at the same place: it is the longer one that was found, so `x` is what it ends.
    let until = reader.readuntil_any(&[b"DE", b"BCDE"]).limit(2);
    assert_eq!(block_on(until).unwrap(), "xABCDE");
}

/// STR-11.
#[test]
fn a_separator_must_not_be_empty() {
    let empty = |call: fn(&mut StreamReader)| {
        let (_feeder, mut reader) = fed(b"abc");
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| call(&mut reader)));
        assert!(caught.is_err());
        assert_eq!(block_on(reader.read(3)).unwrap(), "abc");
    };
    empty(|reader| drop(reader.readuntil(b"")));
    empty(|reader| drop(reader.readuntil_any(&[])));
    empty(|reader| drop(reader.readuntil_any(&[b"a", b""])));
}

/// STR-07, STR-12.
#[test]
fn at_the_end_is_when_the_end_was_fed_and_all_was_read() {
    let (feeder, mut reader) = fed(b"ab");
    assert!(!reader.at_eof());
    feeder.feed_eof();
    assert!(!reader.at_eof(), "there is something to read");
    assert_eq!(block_on(reader.read(1)).unwrap(), "a");
    assert!(!reader.at_eof());
    assert_eq!(block_on(reader.read(1)).unwrap(), "b");
    assert!(reader.at_eof(), "no read has to find it");
}

/// STR-12. A loop that asks before each read.
#[test]
fn at_eof_ends_a_loop_over_lines() {
    let mut reader = ended(b"a\nb\n");
    let mut lines = Vec::new();
    while !reader.at_eof() {
        lines.push(block_on(reader.readline()).unwrap());
    }
    assert_eq!(lines, ["a\n", "b\n"]);
}

/// STR-17. Two who read at once do not compile: a read borrows the reader, and there is only one.
#[test]
fn a_reader_cannot_be_shared_by_two_who_read() {
    static_assertions::assert_not_impl_any!(StreamReader: Clone);
    static_assertions::assert_impl_all!(StreamReader: Send, Sync, Unpin);
}

/// STR-09. The same lines, into memory of the caller's.
#[test]
fn a_line_is_appended_when_it_is_whole_and_not_before() {
    let (mut feeder, mut reader) = fed(b"one\ntw");
    let mut line = b"> ".to_vec();
    assert_eq!(block_on(reader.readline_into(&mut line)).unwrap(), 4);
    assert_eq!(line, b"> one\n");
    let mut waits = by_hand(reader.readline_into(&mut line)).waits();
    feeder.feed_data(b"o\n1234567\nrest");
    assert_eq!(waits.poll().unwrap().unwrap(), 4);
    drop(waits);
    assert_eq!(line, b"> one\ntwo\n");
    let error = overrun(block_on(reader.readline_into(&mut line).limit(6)));
    assert_eq!((error.consumed, error.found), (7, true));
    assert_eq!(line.len(), 10, "nothing was appended");
    assert_eq!(block_on(reader.readline_into(&mut line)).unwrap(), 8);
    drop(by_hand(reader.readline_into(&mut line)).waits());
    feeder.feed_eof();
    assert_eq!(block_on(reader.readline_into(&mut line)).unwrap(), 4);
    assert_eq!(block_on(reader.readline_into(&mut line)).unwrap(), 0);
    assert_eq!(line, b"> one\ntwo\n1234567\nrest");
}

/// STR-08. The same bytes, into memory of the caller's.
#[test]
fn a_slice_is_filled_when_all_is_there_and_not_before() {
    let (mut feeder, mut reader) = fed(b"abcde");
    let mut bytes = [0; 3];
    block_on(reader.readexactly_into(&mut bytes)).unwrap();
    assert_eq!(&bytes, b"abc");
    drop(by_hand(reader.readexactly_into(&mut bytes)).waits());
    assert_eq!(&bytes, b"abc", "nothing was written");
    feeder.feed_data(b"fg");
    block_on(reader.readexactly_into(&mut bytes)).unwrap();
    assert_eq!(&bytes, b"def");
    feeder.feed_eof();
    let error = incomplete(block_on(reader.readexactly_into(&mut bytes)));
    assert_eq!((&error.partial[..], error.expected), (&b"g"[..], Some(3)));
    assert_eq!(&bytes, b"def", "nothing was written");
}
