//! The cancel explorer over streams: at no suspension point of a read, a drain or an end is a byte lost or doubled.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use asyncio::net::{StreamError, StreamReader, StreamWriter, TcpListener, open_connection, stream};
use asyncio::testing::{Case, Ended, explore_cancel};
use asyncio::{create_task, join, sleep, yield_now};
use futures_lite::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, StreamExt};

/// Waits until no task but this one is left.
async fn alone() {
    while asyncio::all_tasks().len() > 1 {
        sleep(Duration::from_millis(1)).await;
    }
}

type End = (StreamReader, StreamWriter);

async fn connected() -> (End, End) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = async { open_connection(listener.local_addr().unwrap()).await };
    let (client, server) = join!(client, listener.accept()).await;
    (client.unwrap(), stream(server.unwrap().0))
}

/// What a task writes while the read under test waits, piece by piece.
const PIECES: [&[u8]; 5] = [b"one", b" li", b"ne\nand", b" anot", b"her\n"];

/// Explores one read. What it took before the cancel, and what is read afterwards, is what was written.
async fn read_loses_nothing<T: AsRef<[u8]>>(read: impl AsyncFn(&mut StreamReader) -> T) {
    let ((_r, writer), (reader, _w)) = connected().await;
    let (writer, reader) = (Rc::new(writer), Rc::new(RefCell::new(reader)));
    let read = &read;
    #[expect(clippy::await_holding_refcell_ref, reason = "one borrows it at a time")]
    let explored = explore_cancel(|| {
        let (to, from) = (writer.clone(), reader.clone());
        let future = async move {
            drop(create_task(async move {
                for piece in PIECES {
                    yield_now().await;
                    to.write(piece).unwrap();
                    to.drain().await.unwrap();
                    // The reader sees the pieces one by one.
                    sleep(Duration::from_micros(500)).await;
                }
            }));
            read(&mut from.borrow_mut()).await
        };
        let from = reader.clone();
        Case::new(future, async move |outcome| {
            alone().await;
            let expected = PIECES.concat();
            let taken = match outcome {
                Ended::Value(taken) => taken.as_ref().to_vec(),
                // Nothing was written yet.
                Ended::Cancelled { at: 0, .. } => return,
                Ended::Cancelled { .. } => Vec::new(),
            };
            let rest = expected.len() - taken.len();
            let rest = from.borrow_mut().readexactly(rest).await.unwrap();
            assert_eq!([&taken[..], &rest].concat(), expected);
            assert!(from.borrow().buffered().is_empty(), "nothing is doubled");
        })
    })
    .await;
    assert!(explored.suspension_points > 0);
}

/// STR-08 to STR-11, STR-16.
#[test]
fn no_byte_is_lost_or_doubled_by_a_read() {
    asyncio::run(async {
        read_loses_nothing(async |reader| reader.read(3).await.unwrap()).await;
        read_loses_nothing(async |reader| reader.readline().await.unwrap()).await;
        read_loses_nothing(async |reader| reader.next_line().await.unwrap().unwrap()).await;
        read_loses_nothing(async |reader| reader.lines().next().await.unwrap().unwrap()).await;
        read_loses_nothing(async |reader| reader.readexactly(14).await.unwrap()).await;
        read_loses_nothing(async |reader| reader.readuntil(b"another").await.unwrap()).await;
        read_loses_nothing(async |reader| reader.readuntil_any(&[b"er\n", b"never"]).await.unwrap()).await;
    });
}

/// STR-09, STR-11. An overrun takes nothing.
#[test]
fn no_byte_is_lost_by_a_limit() {
    asyncio::run(read_loses_nothing(async |reader| {
        match reader.readuntil(b"another").limit(7).await {
            Err(StreamError::LimitOverrun(_)) => [0; 0],
            other => panic!("{other:?}"),
        }
    }));
}

/// STR-08. One suspension of the view's reads takes nothing; several reads are several.
#[test]
fn no_byte_is_lost_by_the_view() {
    asyncio::run(async {
        read_loses_nothing(async |reader| reader.io().fill_buf().await.map(|_| [0; 0]).unwrap()).await;
        read_loses_nothing(async |reader| {
            let mut buffer = vec![0; 3];
            let count = reader.io().read(&mut buffer).await.unwrap();
            buffer.truncate(count);
            buffer
        })
        .await;
    });
}

/// Explores one wait of a writer with a full queue. All that was written arrives, once.
async fn wait_loses_nothing<F: Future>(wait: impl Fn(Rc<RefCell<StreamWriter>>) -> F) {
    explore_cancel(|| {
        let ends = Rc::new(RefCell::new(None));
        let mine = ends.clone();
        let wait = &wait;
        let future = async move {
            let ((r1, writer), (mut reader, w2)) = connected().await;
            let mut written = Vec::new();
            while writer.get_write_buffer_size() <= writer.get_write_buffer_limits().1 {
                let piece: Vec<u8> = (0..100_000).map(|at| (at % 251) as u8).collect();
                writer.write(&piece).unwrap();
                written.extend(piece);
            }
            let transport = writer.transport().clone();
            let reads = create_task(async move {
                let _both = (r1, w2);
                reader.read_to_end().await.unwrap()
            });
            let writer = Rc::new(RefCell::new(writer));
            *mine.borrow_mut() = Some((reads, transport, writer.clone(), written));
            wait(writer).await;
        };
        Case::new(future, async move |_outcome| {
            let Some((reads, transport, writer, written)) = ends.borrow_mut().take() else {
                return;
            };
            // A later write comes after what was queued, unless the wait has ended the direction.
            let more = transport.write(b"more").is_ok();
            drop(writer);
            let all = reads.await.unwrap();
            assert_eq!(all.len(), written.len() + if more { 4 } else { 0 });
            assert!(all.starts_with(&written));
            transport.wait_closed().await.unwrap();
            alone().await;
        })
    })
    .await;
}

/// STR-20, STR-23, STR-24.
#[expect(clippy::await_holding_refcell_ref, reason = "one borrows it at a time")]
#[test]
fn no_byte_is_lost_or_doubled_by_a_wait_of_the_writer() {
    asyncio::run(async {
        wait_loses_nothing(|writer| async move { writer.borrow().drain().await.unwrap() }).await;
        wait_loses_nothing(|writer| async move {
            writer.borrow().close();
            writer.borrow().wait_closed().await.unwrap();
        })
        .await;
        wait_loses_nothing(|writer| async move {
            writer.borrow().write_eof().unwrap();
            writer.borrow().drain().await.unwrap();
        })
        .await;
        wait_loses_nothing(|writer| async move { writer.borrow_mut().io().flush().await.unwrap() }).await;
        wait_loses_nothing(|writer| async move { writer.borrow_mut().io().close().await.unwrap() }).await;
    });
}

/// STR-20. A write through the view that was cancelled took nothing.
#[test]
fn a_wait_for_room_takes_nothing() {
    asyncio::run(async {
        let explored = explore_cancel(|| {
            let ends = Rc::new(RefCell::new(None));
            let mine = ends.clone();
            let future = async move {
                let ((r1, mut writer), (mut reader, w2)) = connected().await;
                let mut queued = 0;
                while writer.get_write_buffer_size() <= writer.get_write_buffer_limits().1 {
                    writer.write(&[7; 100_000]).unwrap();
                    queued += 100_000;
                }
                let reads = create_task(async move {
                    let _both = (r1, w2);
                    reader.read_to_end().await.unwrap().len()
                });
                *mine.borrow_mut() = Some((reads, queued));
                let count = writer.io().write(b"marker").await.unwrap();
                assert_eq!(count, 6);
            };
            Case::new(future, async move |outcome| {
                let Some((reads, queued)) = ends.borrow_mut().take() else {
                    return;
                };
                let taken = if let Ended::Value(()) = outcome { 6 } else { 0 };
                assert_eq!(reads.await.unwrap(), queued + taken);
                alone().await;
            })
        })
        .await;
        assert!(explored.suspension_points > 0);
    });
}

/// STR-01. A connection that was being made, and the streams that were made, are let go.
#[test]
fn opening_a_connection_can_be_given_up() {
    asyncio::run(async {
        let listener = Rc::new(TcpListener::bind("127.0.0.1:0").await.unwrap());
        let address = listener.local_addr().unwrap();
        explore_cancel(|| {
            let listener = listener.clone();
            let future = async move { open_connection(address).await.unwrap() };
            Case::new(future, async move |outcome| {
                let (mut reader, writer) = match outcome {
                    Ended::Value(ends) => ends,
                    Ended::Cancelled { .. } => open_connection(address).await.unwrap(),
                };
                let own = writer.local_addr().unwrap();
                let (_r, peer) = loop {
                    let (socket, from) = listener.accept().await.unwrap();
                    if from == own {
                        break stream(socket);
                    }
                };
                peer.write(b"hello\n").unwrap();
                assert_eq!(reader.readline().await.unwrap(), "hello\n");
                alone().await;
            })
        })
        .await;
    });
}
