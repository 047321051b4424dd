//! Connections in memory: bounds, ends, resets and pieces, as streams see them.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::io::{self, ErrorKind};
use std::num::NonZeroUsize;

use asyncio_net::{StreamError, stream};
use asyncio_testing::{MemoryControl, MemoryEnd, MemoryWire, by_hand, memory_stream_pair};
use futures_lite::future::{self, block_on};
use static_assertions::assert_impl_all as has;

has!(MemoryWire: Send, Sync, Unpin, asyncio_net::Wire);
has!(MemoryControl: Send, Sync, Unpin, Clone);

fn kind<T: std::fmt::Debug>(done: io::Result<T>) -> ErrorKind {
    done.unwrap_err().kind()
}

#[test]
fn what_one_end_writes_the_other_reads_and_both_directions_are_apart() {
    block_on(async {
        let ((mut reader, writer), (mut their_reader, their_writer)) = memory_stream_pair(100);
        writer.writelines([&b"one "[..], b"two\n"]).unwrap();
        their_writer.write(b"three\n").unwrap();
        assert_eq!(their_reader.readline().await.unwrap(), "one two\n");
        assert_eq!(reader.readline().await.unwrap(), "three\n");
    });
}

#[test]
fn a_reader_that_waits_is_woken_once() {
    let ((mut reader, _w), (_r, their_writer)) = memory_stream_pair(100);
    let mut read = by_hand(reader.read(10)).waits();
    their_writer.write(b"now").unwrap();
    assert_eq!(read.wakes(), 1);
    assert_eq!(read.poll().unwrap().unwrap(), "now");
}

/// The bound is that of the system's buffers; above it the writer's own queue begins.
#[test]
fn no_more_than_the_capacity_is_between_the_ends() {
    let (ours, theirs) = MemoryWire::pair(10);
    let control = ours.control();
    let ((_r, writer), (mut their_reader, _w)) = (stream(ours), stream(theirs));
    writer.set_write_buffer_limits(Some(0), None).unwrap();
    writer.write(&[1; 25]).unwrap();
    assert_eq!((control.unread(), writer.get_write_buffer_size()), (10, 15));
    let mut drain = by_hand(writer.drain()).waits();
    assert_eq!(block_on(their_reader.read(4)).unwrap().len(), 4);
    assert_eq!(
        writer.get_write_buffer_size(),
        5,
        "a reader takes all that there is, and the queue follows"
    );
    assert_eq!(block_on(their_reader.readexactly(21)).unwrap().len(), 21);
    assert_eq!(drain.wakes(), 1);
    drain.poll().unwrap().unwrap();
}

#[test]
fn each_direction_ends_alone_after_what_was_written() {
    block_on(async {
        let ((mut reader, writer), (mut their_reader, their_writer)) = memory_stream_pair(4);
        writer.write(b"longer than four").unwrap();
        writer.write_eof().unwrap();
        assert_eq!(kind(writer.write(b"x")), ErrorKind::BrokenPipe);
        assert_eq!(their_reader.read_to_end().await.unwrap(), "longer than four");
        their_writer.write(b"all").unwrap();
        assert_eq!(reader.readexactly(3).await.unwrap(), "all");
        assert!(!their_writer.is_closing());
    });
}

#[test]
fn an_end_that_closes_is_the_end_for_the_other_and_breaks_its_writes() {
    block_on(async {
        let ((reader, writer), (mut their_reader, their_writer)) = memory_stream_pair(4);
        writer.write(b"longer than four").unwrap();
        drop((reader, writer));
        assert_eq!(their_reader.read_to_end().await.unwrap(), "longer than four");
        assert_eq!(kind(their_writer.write(b"x")), ErrorKind::BrokenPipe);
        assert_eq!(kind(their_writer.wait_closed().await), ErrorKind::BrokenPipe);
    });
}

#[test]
fn a_wire_that_is_dropped_unused_closes_the_connection() {
    let (ours, theirs) = MemoryWire::pair(4);
    let (mut reader, writer) = stream(ours);
    let mut read = by_hand(reader.read(1)).waits();
    drop(theirs);
    assert_eq!(read.wakes(), 1);
    assert!(read.poll().unwrap().unwrap().is_empty());
    assert_eq!(kind(writer.write(b"x")), ErrorKind::BrokenPipe);
}

#[test]
fn a_reset_breaks_every_wait_at_both_ends_and_what_was_between_them_is_lost() {
    let (ours, theirs) = MemoryWire::pair(4);
    let control = theirs.control();
    let ((mut reader, writer), (mut their_reader, their_writer)) = (stream(ours), stream(theirs));
    writer.set_write_buffer_limits(Some(0), None).unwrap();
    writer.write(b"longer than four").unwrap();
    let mut drain = by_hand(writer.drain()).waits();
    let mut closed = by_hand(writer.wait_closed()).waits();
    let mut read = by_hand(reader.readline()).waits();
    control.reset();
    assert_eq!((drain.wakes(), closed.wakes(), read.wakes()), (1, 1, 1));
    assert_eq!(kind(drain.poll().unwrap()), ErrorKind::ConnectionReset);
    assert_eq!(kind(closed.poll().unwrap()), ErrorKind::ConnectionReset);
    let Some(Err(StreamError::Io(error))) = read.poll() else {
        panic!("no error of the connection");
    };
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(kind(block_on(their_reader.read(1))), ErrorKind::ConnectionReset);
    assert_eq!(kind(their_writer.write(b"x")), ErrorKind::ConnectionReset);
    assert_eq!(control.unread(), 0);
}

#[test]
fn a_reset_is_found_by_one_who_waits_for_the_end_alone() {
    let (ours, theirs) = MemoryWire::pair(4);
    let control = theirs.control();
    let ((_r, writer), _theirs) = (stream(ours), stream(theirs));
    assert!(!writer.is_closing());
    let mut closed = by_hand(writer.wait_closed()).waits();
    control.reset();
    assert_eq!(closed.wakes(), 1);
    assert_eq!(kind(closed.poll().unwrap()), ErrorKind::ConnectionReset);
    assert!(writer.is_closing());
}

#[test]
fn a_reset_of_what_has_ended_changes_nothing() {
    block_on(async {
        let (ours, theirs) = MemoryWire::pair(10);
        let control = ours.control();
        let (end, (mut their_reader, _their_writer)) = (stream(ours), stream(theirs));
        end.1.write(b"last").unwrap();
        drop(end);
        control.reset();
        assert_eq!(their_reader.read_to_end().await.unwrap(), "last");
    });
}

#[test]
fn reads_and_writes_go_in_pieces_of_the_chosen_size() {
    let (ours, theirs) = MemoryWire::pair(100);
    let (control, their_control) = (ours.control(), theirs.control());
    let ((_r, writer), (mut their_reader, _w)) = (stream(ours), stream(theirs));
    their_control.set_read_chunk(NonZeroUsize::new(3));
    writer.write(b"0123456789").unwrap();
    let pieces: Vec<_> = (0..4)
        .map(|_| block_on(their_reader.read(100)).unwrap())
        .collect();
    assert_eq!(pieces, ["012", "345", "678", "9"]);

    control.set_write_chunk(NonZeroUsize::new(2));
    their_control.set_read_chunk(None);
    writer.write(b"abcdef").unwrap();
    assert!(control.unread() >= 2);
    assert_eq!(block_on(their_reader.readexactly(6)).unwrap(), "abcdef");
}

#[test]
fn a_capacity_that_grows_lets_the_writer_go_on() {
    let (ours, theirs) = MemoryWire::pair(1);
    let control = ours.control();
    let ((_r, writer), (mut their_reader, _w)) = (stream(ours), stream(theirs));
    control.set_capacity(0);
    writer.write(b"held").unwrap();
    assert_eq!((control.unread(), writer.get_write_buffer_size()), (0, 4));
    assert!(by_hand(their_reader.read(1)).poll().is_none());
    control.set_capacity(100);
    assert_eq!((control.unread(), writer.get_write_buffer_size()), (4, 0));
    assert_eq!(block_on(their_reader.readexactly(4)).unwrap(), "held");
}

#[test]
#[should_panic(expected = "at least one byte")]
fn a_connection_without_room_is_refused() {
    MemoryWire::pair(0);
}

/// Much, both ways at once, through little room.
#[test]
fn a_megabyte_each_way_arrives_as_it_was() {
    async fn send((mut reader, writer): MemoryEnd, from: u8) -> io::Result<MemoryEnd> {
        let bytes: Vec<u8> = (0..1 << 20).map(|at| (at % 251) as u8 ^ from).collect();
        let write = async {
            for piece in bytes.chunks(10_007) {
                writer.write(piece)?;
                writer.drain().await?;
            }
            writer.write_eof()
        };
        let (all, ()) = future::try_zip(reader.read_to_end(), write).await?;
        assert_eq!(all.len(), bytes.len());
        let other = all[0] ^ bytes[0];
        assert!(all.iter().zip(&bytes).all(|(one, two)| one ^ two == other));
        Ok((reader, writer))
    }
    let (one, other) = memory_stream_pair(4096);
    block_on(future::try_zip(send(one, 1), send(other, 2))).unwrap();
}

/// The ends may be on two threads.
#[test]
fn two_threads_talk() {
    let ((mut reader, writer), (mut their_reader, their_writer)) = memory_stream_pair(64);
    let echo = std::thread::spawn(move || {
        block_on(async {
            while let Some(line) = their_reader.next_line().await.unwrap() {
                their_writer.write_owned(line).unwrap();
                their_writer.drain().await.unwrap();
            }
        });
    });
    block_on(async {
        for round in 0..2000 {
            let line = format!("line {round}\n");
            writer.write(line.as_bytes()).unwrap();
            assert_eq!(reader.readline().await.unwrap(), line);
        }
        writer.write_eof().unwrap();
    });
    echo.join().unwrap();
}
