//! Streams and files of ours under tokio's traits, and tokio's under those of futures-io.

#![allow(clippy::unwrap_used, reason = "helpers of tests: who calls them is a test")]

use std::io::{ErrorKind, SeekFrom};
use std::time::Duration;

use asyncio::net::{Duplex, TcpListener, TcpStream};
use asyncio::{create_task, open_connection, timeout};
use asyncio_tokio::{Compat, ForFutures, ForTokio, TokioCompat};
use futures_lite::{AsyncBufReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};
use static_assertions::assert_impl_all;
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncSeekExt, AsyncWrite, AsyncWriteExt,
    copy_bidirectional,
};

assert_impl_all!(ForTokio<Duplex>: AsyncRead, AsyncBufRead, AsyncWrite, Send, Unpin);
assert_impl_all!(ForTokio<TcpStream>: AsyncRead, AsyncWrite, Send, Sync, Unpin);
assert_impl_all!(ForFutures<tokio::net::TcpStream>: futures_io::AsyncRead, Send, Sync, Unpin);
assert_impl_all!(Compat<ForTokio<Duplex>>: Send, Unpin);

/// A stream that has moved more than any buffer holds, both ways at once.
const LARGE: usize = 3_000_000;

async fn both_ways(one: impl AsyncRead + AsyncWrite + Unpin, other: impl AsyncRead + AsyncWrite + Unpin) {
    let (mut read_one, mut write_one) = tokio::io::split(one);
    let (mut read_other, mut write_other) = tokio::io::split(other);
    let bytes: Vec<u8> = (0..LARGE).map(|at| at as u8).collect();
    let send_one = async {
        write_one.write_all(&bytes).await?;
        write_one.shutdown().await
    };
    let send_other = async {
        write_other.write_all(&bytes).await?;
        write_other.shutdown().await
    };
    let (mut at_one, mut at_other) = (Vec::new(), Vec::new());
    let done = tokio::try_join!(
        send_one,
        send_other,
        read_one.read_to_end(&mut at_one),
        read_other.read_to_end(&mut at_other)
    );
    done.unwrap();
    assert!(at_one == bytes && at_other == bytes);
}

async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (client, listener.accept().await.unwrap().0)
}

#[test]
fn our_tcp_streams_carry_much_both_ways_under_tokios_traits_on_either_executor() {
    let main = || async {
        let (one, other) = pair().await;
        both_ways(ForTokio::new(one), ForTokio::new(other)).await;
    };
    asyncio::run(main());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async { tokio::spawn(main()).await.unwrap() });
}

#[cfg(unix)]
#[test]
fn unix_streams_do_too_and_those_of_a_reader_and_a_writer() {
    use asyncio::net::UnixStream;
    asyncio::run(async {
        let (one, other) = UnixStream::pair().unwrap();
        both_ways(ForTokio::new(one), ForTokio::new(other)).await;
        let (one, other) = UnixStream::pair().unwrap();
        let ((reader, writer), other) = (asyncio::net::stream(one), ForTokio::new(other));
        both_ways(ForTokio::new(Duplex::new(reader, writer)), other).await;
    });
}

#[test]
fn what_a_reader_holds_is_read_first_and_it_comes_back_whole() {
    asyncio::run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (mut reader, writer) = open_connection(listener.local_addr().unwrap()).await.unwrap();
        let mut server = ForTokio::new(listener.accept().await.unwrap().0);
        server.write_all(b"one\ntwo\nthree").await.unwrap();
        assert_eq!(reader.readline().await.unwrap(), "one\n");
        let mut stream = ForTokio::new(Duplex::new(reader, writer));
        let mut line = String::new();
        AsyncBufReadExt::read_line(&mut stream, &mut line).await.unwrap();
        assert_eq!(line, "two\n");
        let (mut reader, writer) = stream.into_inner().into_parts();
        assert_eq!(reader.readexactly(5).await.unwrap(), "three");
        writer.close();
        writer.wait_closed().await.unwrap();
        assert_eq!(AsyncReadExt::read(&mut server, &mut [0]).await.unwrap(), 0);
    });
}

#[test]
fn a_peer_that_does_not_read_holds_the_writer_up() {
    asyncio::run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (reader, writer) = open_connection(listener.local_addr().unwrap()).await.unwrap();
        let transport = writer.transport().clone();
        let mut stream = ForTokio::new(Duplex::new(reader, writer));
        let _server = listener.accept().await.unwrap();
        let flood = async {
            loop {
                stream.write_all(&[0; 65536]).await.unwrap();
            }
        };
        assert!(timeout(Duration::from_millis(50), flood).await.is_err());
        let high = transport.get_write_buffer_limits().1;
        assert!(transport.get_write_buffer_size() <= high + 65536);
    });
}

#[test]
fn a_connection_of_tokios_and_one_of_ours_are_joined() {
    asyncio::run(
        async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let (mut near, far) = pair().await;
            let proxy = create_task(
                async move {
                    let (mut theirs, mut ours) = (listener.accept().await.unwrap().0, ForTokio::new(far));
                    copy_bidirectional(&mut theirs, &mut ours).await.unwrap()
                }
                .compat(),
            );
            let mut client = ForFutures::new(tokio::net::TcpStream::connect(address).await.unwrap());
            futures_lite::AsyncWriteExt::write_all(&mut client, b"question\n")
                .await
                .unwrap();
            let mut question = [0; 9];
            near.read_exact(&mut question).await.unwrap();
            near.write_all(b"answer\n").await.unwrap();
            near.shutdown(std::net::Shutdown::Write).unwrap();
            let mut answer = String::new();
            futures_lite::AsyncReadExt::read_to_string(&mut client, &mut answer)
                .await
                .unwrap();
            assert_eq!((&question[..], answer.as_str()), (&b"question\n"[..], "answer\n"));
            client.close().await.unwrap();
            assert_eq!(proxy.await.unwrap(), (9, 7));
        }
        .compat(),
    );
}

#[test]
fn files_seek_in_both_directions() {
    let path = std::env::temp_dir().join(format!("asyncio-tokio-{}", std::process::id()));
    asyncio::run(
        async {
            let mut ours = ForTokio::new(asyncio::fs::File::create(&path).await.unwrap());
            ours.write_all(b"0123456789").await.unwrap();
            assert_eq!(
                AsyncSeekExt::seek(&mut ours, SeekFrom::Start(4)).await.unwrap(),
                4
            );
            ours.write_all(b"x").await.unwrap();
            assert_eq!(AsyncSeekExt::stream_position(&mut ours).await.unwrap(), 5);
            AsyncWriteExt::flush(&mut ours).await.unwrap();
            drop(ours);
            let mut theirs = ForFutures::new(tokio::fs::File::open(&path).await.unwrap());
            assert_eq!(theirs.seek(SeekFrom::End(-7)).await.unwrap(), 3);
            let mut text = String::new();
            futures_lite::AsyncReadExt::read_to_string(&mut theirs, &mut text)
                .await
                .unwrap();
            assert_eq!(text, "3x56789");
            assert_eq!(theirs.seek(SeekFrom::Start(0)).await.unwrap(), 0);
            let early = theirs.seek(SeekFrom::Current(-1)).await.unwrap_err();
            assert_eq!(early.kind(), ErrorKind::InvalidInput);
            let mut lines = futures_lite::io::BufReader::new(theirs).lines();
            let line = futures_lite::StreamExt::next(&mut lines).await.unwrap().unwrap();
            assert_eq!(line, "0123x56789");
        }
        .compat(),
    );
    std::fs::remove_file(path).unwrap();
}

#[cfg(unix)]
#[test]
fn the_pipes_of_a_child_are_a_stream_of_tokios() {
    asyncio::run(async {
        let mut child = asyncio::subprocess::Command::new("cat")
            .stdin(asyncio::subprocess::PIPE)
            .stdout(asyncio::subprocess::PIPE)
            .spawn()
            .unwrap();
        let mut stream = ForTokio::new(Duplex::new(
            child.stdout.take().unwrap(),
            child.stdin.take().unwrap(),
        ));
        stream.write_all(b"through a child").await.unwrap();
        stream.shutdown().await.unwrap();
        let mut text = String::new();
        AsyncReadExt::read_to_string(&mut stream, &mut text)
            .await
            .unwrap();
        assert_eq!(text, "through a child");
        assert_eq!(child.wait().await.unwrap(), 0);
    });
}
