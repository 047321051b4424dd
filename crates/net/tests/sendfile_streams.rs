//! Files over streams: TCP, Unix sockets, TLS, and a wire that is no socket.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

#[path = "kit/tls.rs"]
mod kit;
#[path = "streams/pairs.rs"]
#[allow(dead_code, reason = "no test uses all of it")]
mod pairs;
#[path = "kit/temporary.rs"]
mod temporary;

use std::fs::File;
use std::future::poll_fn;
use std::io::{self, ErrorKind, Seek, SeekFrom};
use std::pin::Pin;
use std::time::Duration;

use asyncio_net::transport::TransportSendfile;
use asyncio_net::{SendfileError, StreamReader};
use asyncio_testing::{by_hand, memory_stream_pair};
use futures_lite::future;

use kit::run;
use pairs::{End, fill};
use temporary::Temporary;

static_assertions::assert_impl_all!(TransportSendfile<'static>: Send, Unpin, std::fmt::Debug);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Over {
    Tcp,
    Unix,
    Tls,
    Memory,
}

impl Over {
    const ALL: [Over; 4] = [Over::Tcp, Over::Unix, Over::Tls, Over::Memory];

    async fn connected(self) -> io::Result<(End, End)> {
        match self {
            Over::Tcp => pairs::connected().await,
            Over::Unix => pairs::unix_connected(),
            Over::Tls => kit::pair().await,
            Over::Memory => Ok(memory_stream_pair(1 << 16)),
        }
    }
}

fn bytes(count: usize) -> Vec<u8> {
    (0..=250).collect::<Vec<u8>>().repeat(count / 251 + 1)[..count].to_vec()
}

async fn read_slowly(reader: &mut StreamReader, total: usize) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    while all.len() < total {
        let bytes = reader.read(40_000).await?;
        assert!(!bytes.is_empty(), "the end after {} of {total}", all.len());
        all.extend_from_slice(&bytes);
        for _ in 0..5 {
            future::yield_now().await;
        }
    }
    Ok(all)
}

/// LOP-37. After what was written before, before what is written after, and with no more in memory than the marks say.
#[test]
fn a_big_file_goes_to_a_slow_reader_between_what_is_written() {
    const SIZE: usize = 24 << 20;
    let data = bytes(SIZE);
    let mut file = Temporary::new(&data);
    run(async {
        for over in Over::ALL {
            let ((_r, writer), (mut reader, _w)) = over.connected().await?;
            file.0.seek(SeekFrom::Start(17))?;
            // More than the system takes.
            let before = fill(&writer)?;
            let (_, high) = writer.get_write_buffer_limits();
            let mut most = 0;
            let send = async {
                let mut sending = writer.sendfile(&file.0);
                let sent = poll_fn(|cx| {
                    let polled = Pin::new(&mut sending).poll(cx);
                    if sending.sent() > 0 {
                        most = most.max(writer.get_write_buffer_size());
                    }
                    polled
                });
                assert_eq!(sent.await?, SIZE as u64);
                writer.write(b"after it")?;
                writer.drain().await?;
                Ok::<_, io::Error>(())
            };
            let total = before.len() + SIZE + 8;
            let (read, ()) = future::try_zip(read_slowly(&mut reader, total), send).await?;
            assert!(read.starts_with(&before), "{over:?}");
            assert!(read[before.len()..].starts_with(&data), "{over:?}");
            assert!(read.ends_with(b"after it"), "{over:?}");
            assert_eq!(file.position(), SIZE as u64);
            // Records are a little longer than what they hold.
            assert!(most <= high + 1 + 22 * 8, "{over:?}: {most} bytes were queued");
        }
        io::Result::Ok(())
    })
    .unwrap();
}

/// LOP-37.
#[test]
fn a_part_is_sent_by_offset_and_count() {
    let mut file = Temporary::new(b"0123456789");
    run(async {
        for over in Over::ALL {
            let ((_r, writer), (mut reader, _w)) = over.connected().await?;
            let send = |offset, count| writer.sendfile(&file.0).offset(offset).count(count);
            assert_eq!(send(2, 3).await?, 3);
            assert_eq!(send(8, 100).await?, 2);
            assert_eq!(send(0, 0).await?, 0);
            assert_eq!(send(50, 1).await?, 0);
            assert_eq!(reader.readexactly(5).await.unwrap(), "23489", "{over:?}");
            assert_eq!(file.position(), 10, "nothing sent leaves it alone");
        }
        io::Result::Ok(())
    })
    .unwrap();
}

/// LOP-37. Cancelled in the middle, it has sent what the file's position says, and the connection goes on.
#[test]
fn a_file_that_is_cancelled_in_the_middle_says_how_much_was_sent() {
    let data = bytes(8 << 20);
    let mut file = Temporary::new(&data);
    run(async {
        for over in Over::ALL {
            let ((_r, writer), (mut reader, _w)) = over.connected().await?;
            file.0.seek(SeekFrom::Start(0))?;
            writer.write(b"before")?;
            let mut sending = writer.sendfile(&file.0).offset(10);
            // The peer reads a little of it.
            let begun = read_slowly(&mut reader, 300_000);
            let polled = poll_fn(|cx| {
                let polled = Pin::new(&mut sending).poll(cx);
                assert!(polled.is_pending(), "{over:?}: it is too long for that");
                polled
            });
            let never = async { polled.await.map_err(io::Error::from).map(|_| Vec::new()) };
            let mut read = future::or(begun, never).await?;
            let sent = sending.sent();
            assert!(sent > 0 && sent < data.len() as u64 - 10);
            drop(sending);
            assert_eq!(file.position(), 10 + sent, "{over:?}");
            writer.write(b"after it")?;
            writer.close();
            let rest = reader.read_to_end().await?;
            read.extend_from_slice(&rest);
            let part = &data[10..][..sent as usize];
            assert!(read == [b"before", part, b"after it"].concat(), "{over:?}");
        }
        io::Result::Ok(())
    })
    .unwrap();
}

/// LOP-37, TRP-09. Also one who holds another handle.
#[test]
fn nobody_else_writes_while_a_file_is_sent() {
    let file = Temporary::new(&bytes(8 << 20));
    run(async {
        for over in Over::ALL {
            let ((_r, writer), (mut reader, _w)) = over.connected().await?;
            let other = writer.transport().clone();
            let mut sending = by_hand(writer.sendfile(&file.0)).waits();
            let refused = |done: io::Result<()>| {
                let error = done.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::ResourceBusy, "{over:?}: {error}");
            };
            refused(other.write(b"x"));
            refused(other.writelines([&b"x"[..], b"y"]));
            refused(other.write_owned(vec![0; 5000].into()));
            if other.can_write_eof() {
                refused(other.write_eof());
            }
            refused(other.sendfile(&file.0).await.map(drop).map_err(io::Error::from));
            assert!(sending.poll().is_none());
            drop(sending);
            other.write(b"now")?;
            other.close();
            let all = reader.read_to_end().await?;
            assert!(all.ends_with(b"now"), "{over:?}");
        }
        io::Result::Ok(())
    })
    .unwrap();
}

/// LOP-37, EXC-04.
#[test]
fn what_is_no_socket_alone_needs_the_fallback() {
    let file = Temporary::new(b"content");
    run(async {
        for over in Over::ALL {
            let ((_r, writer), (mut reader, _w)) = over.connected().await?;
            let sent = writer.sendfile(&file.0).fallback(false).await;
            if cfg!(target_os = "linux") && matches!(over, Over::Tcp | Over::Unix) {
                assert_eq!(sent?, 7);
            } else {
                let error = sent.unwrap_err();
                assert!(matches!(error, SendfileError::NotAvailable(_)), "{error}");
                assert_eq!(writer.sendfile(&file.0).await?, 7);
            }
            assert_eq!(reader.readexactly(7).await.unwrap(), "content");
        }
        io::Result::Ok(())
    })
    .unwrap();
}

/// LOP-37. The error is the connection's, for all.
#[test]
fn a_peer_that_goes_in_the_middle_is_told_to_all_with_what_was_sent() {
    let mut file = Temporary::new(b"");
    file.0.set_len(64 << 20).unwrap();
    run(async {
        for over in Over::ALL {
            let ((_r, writer), (mut reader, peer)) = over.connected().await?;
            let mut sending = writer.sendfile(&file.0);
            let gone = async {
                reader.readexactly(100_000).await.map_err(io::Error::from)?;
                if let Some(socket) = peer.transport().tcp() {
                    socket.set_linger(Some(Duration::ZERO))?;
                }
                peer.abort();
                drop((reader, peer));
                future::pending::<io::Result<SendfileError>>().await
            };
            let failed = async { Ok((&mut sending).await.unwrap_err()) };
            let error = future::or(failed, gone).await?;
            assert!(error.sent() >= 65_000, "{over:?}: {error}");
            assert_eq!(error.sent(), sending.sent());
            let sent = sending.sent();
            drop(sending);
            assert_eq!(file.position(), sent);
            let kind = io::Error::from(error).kind();
            let told = writer.wait_closed().await.unwrap_err();
            assert_eq!(told.kind(), kind, "{over:?}: {told}");
            assert!(
                matches!(kind, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe),
                "{told}"
            );
            assert!(writer.write(b"x").is_err());
        }
        io::Result::Ok(())
    })
    .unwrap();
}

/// LOP-37. A file that cannot be read is not the connection's fault.
#[test]
fn a_file_that_fails_leaves_the_connection_as_it_was() {
    let directory = File::open("/").unwrap();
    run(async {
        for over in Over::ALL {
            let ((_r, writer), (mut reader, _w)) = over.connected().await?;
            let error = writer.sendfile(&directory).await.unwrap_err();
            assert_eq!(io::Error::from(error).kind(), ErrorKind::IsADirectory, "{over:?}");
            writer.write(b"still here")?;
            assert_eq!(reader.readexactly(10).await.unwrap(), "still here");
            writer.close();
            let error = writer.sendfile(&directory).await.unwrap_err();
            let kind = io::Error::from(error).kind();
            assert_eq!(kind, ErrorKind::ConnectionReset, "{over:?}: it is closed");
        }
        io::Result::Ok(())
    })
    .unwrap();
}
