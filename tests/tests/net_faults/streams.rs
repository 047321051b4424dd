//! A reset in the middle of a read and of a write, and half-closed connections, over TCP, Unix sockets and TLS.

use std::io::ErrorKind;
use std::time::Duration;

use asyncio::net::StreamError;
use asyncio::{join, timeout, yield_now};

use crate::kit::{Over, broken, check, fill, reset};

/// STR-08, STR-13, STR-23. What came before it stays readable.
#[test]
fn a_reset_in_the_middle_of_a_read() {
    check(async |_| {
        for over in Over::ALL {
            let ((mut reader, writer), peer) = over.connected().await;
            // Not read by the peer; see `reset`.
            writer.write(b"question").unwrap();
            peer.1.write(b"half a line").unwrap();
            assert_eq!(reader.readexactly(4).await.unwrap(), "half");
            let reset = async {
                yield_now().await;
                reset(peer);
            };
            let (line, ()) = join!(reader.readline(), reset).await;
            match line {
                Err(StreamError::Io(error)) => broken(&error),
                other => panic!("{over:?}: {other:?}"),
            }
            broken(reader.exception().unwrap());
            assert!(!reader.at_eof(), "{over:?}");
            assert_eq!(reader.buffered(), b" a line");
            assert!(writer.is_closing());
            broken(&writer.write(b"more").unwrap_err());
            broken(&writer.drain().await.unwrap_err());
            broken(&writer.wait_closed().await.unwrap_err());
        }
    });
}

/// STR-18, STR-20, STR-23. All who wait are told, nothing stays queued.
#[test]
fn a_reset_in_the_middle_of_a_write() {
    check(async |_| {
        for over in Over::ALL {
            let ((mut reader, writer), peer) = over.connected().await;
            fill(&writer);
            let reset = async {
                yield_now().await;
                reset(peer);
            };
            let (drained, also, closed, ()) =
                join!(writer.drain(), writer.drain(), writer.wait_closed(), reset).await;
            for told in [drained, also, closed] {
                broken(&told.unwrap_err());
            }
            broken(&writer.write(b"more").unwrap_err());
            assert_eq!(writer.get_write_buffer_size(), 0);
            let read = reader.read(1).await;
            broken(&read.expect_err("a broken connection has not ended well"));
        }
    });
}

/// STR-22, STR-23. Nobody reads, nothing is queued; what came before it stays readable, and is followed by the error.
#[test]
fn a_reset_that_nobody_reads() {
    check(async |_| {
        for over in Over::ALL {
            let ((mut reader, writer), peer) = over.connected().await;
            writer.write(b"question").unwrap();
            peer.1.write(b"half a line").unwrap();
            assert_eq!(reader.read(4).await.unwrap(), "half");
            let reset = async {
                yield_now().await;
                reset(peer);
            };
            let (closed, ()) = join!(writer.wait_closed(), reset).await;
            broken(&closed.unwrap_err());
            assert!(writer.is_closing());
            broken(&writer.write(b"more").unwrap_err());
            assert_eq!(reader.readexactly(7).await.unwrap(), " a line");
            broken(&reader.read(1).await.unwrap_err());

            let ((_reader, writer), peer) = over.connected().await;
            writer.write(b"question").unwrap();
            assert!(!writer.is_closing());
            crate::kit::reset(peer);
            while !writer.is_closing() {
                yield_now().await;
            }
        }
    });
}

/// STR-22, STR-23. A peer that closes in order has not broken the connection: only a read finds the end.
#[test]
fn an_orderly_end_that_nobody_reads_leaves_the_writer_open() {
    check(async |_| {
        for over in [Over::Tcp, Over::Unix] {
            let ((mut reader, writer), peer) = over.connected().await;
            peer.1.write(b"last words").unwrap();
            assert!(!writer.is_closing());
            let watched = writer.wait_closed();
            drop(peer);
            let ended = timeout(Duration::from_millis(20), watched).await;
            assert!(ended.is_err(), "{over:?}");
            assert!(!writer.is_closing());
            assert_eq!(reader.read_to_end().await.unwrap(), "last words");
            writer.close();
            writer.wait_closed().await.unwrap();
        }
    });
}

/// STR-08, STR-12, STR-24. The peer has ended its direction, and hears all that is written after that.
#[test]
fn a_peer_that_has_half_closed_hears_the_answer() {
    check(async |_| {
        for over in [Over::Tcp, Over::Unix] {
            let ((mut reader, writer), (mut their_reader, their_writer)) = over.connected().await;
            their_writer.write(b"question").unwrap();
            their_writer.write_eof().unwrap();
            assert_eq!(
                their_writer.write(b"x").unwrap_err().kind(),
                ErrorKind::BrokenPipe
            );
            assert_eq!(reader.read_to_end().await.unwrap(), "question");
            assert!(reader.at_eof() && !writer.is_closing());
            let answer = vec![5; 3 << 20];
            let write = async {
                writer.write(&answer).unwrap();
                writer.drain().await.unwrap();
                writer.close();
                writer.wait_closed().await.unwrap();
            };
            let (read, ()) = join!(their_reader.read_to_end(), write).await;
            assert!(read.unwrap() == answer, "{over:?}");
        }
    });
}

/// STR-08, STR-24. We have ended our direction, and hear all that the peer writes after that.
#[test]
fn our_own_half_close_leaves_the_other_direction_as_it_was() {
    check(async |_| {
        for over in [Over::Tcp, Over::Unix] {
            let ((mut reader, writer), (mut their_reader, their_writer)) = over.connected().await;
            fill(&writer);
            writer.write_eof().unwrap();
            assert_eq!(writer.write(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
            let answer = async {
                let all = their_reader.read_to_end().await.unwrap();
                their_writer.write(all.len().to_string().as_bytes()).unwrap();
                their_writer.close();
                all.len()
            };
            let (heard, sent) = join!(reader.read_to_end(), answer).await;
            assert_eq!(heard.unwrap(), sent.to_string(), "{over:?}");
            writer.close();
            writer.wait_closed().await.unwrap();
        }
    });
}

/// STR-24, STR-25. TLS cannot: it says so, and goes on. An end without close_notify is no end there.
#[test]
fn tls_refuses_to_half_close_and_takes_no_plain_end_for_one() {
    check(async |_| {
        let ((mut reader, writer), (mut their_reader, their_writer)) = Over::Tls.connected().await;
        assert!(!writer.can_write_eof());
        assert_eq!(writer.write_eof().unwrap_err().kind(), ErrorKind::Unsupported);
        writer.write(b"still here\n").unwrap();
        assert_eq!(their_reader.readline().await.unwrap(), "still here\n");
        let socket = their_writer.transport().tcp().unwrap();
        socket.shutdown(std::net::Shutdown::Write).unwrap();
        let error = reader.read(1).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{error}");
        let told = writer.wait_closed().await.unwrap_err();
        assert_eq!(told.kind(), ErrorKind::UnexpectedEof, "{told}");
    });
}
