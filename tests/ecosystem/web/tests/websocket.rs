//! WebSockets of async-tungstenite over the streams of this project, on loopback: over a `TcpStream`, over what a server was
//! given, and over TLS. What goes wrong is in `websocket_faults.rs`.

use std::time::Duration;

use async_tungstenite::tungstenite::Message;
use async_tungstenite::tungstenite::protocol::CloseFrame;
use async_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use async_tungstenite::{WebSocketStream, accept_async, client_async};
use asyncio::net::{TcpListener, TcpStream};
use asyncio::{Duplex, gather, open_connection, shield, timeout, tls};
use ecosystem_web::{Certificates, run};
use futures_util::{AsyncRead, AsyncWrite, StreamExt};

/// A client's and a server's end over anything.
async fn pair<C, S>(client: C, server: S) -> (WebSocketStream<C>, WebSocketStream<S>)
where
    C: AsyncRead + AsyncWrite + Unpin,
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (client, server) =
        asyncio::join!(client_async("ws://localhost/", client), accept_async(server)).await;
    (client.unwrap().0, server.unwrap())
}

async fn sockets() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (client, listener.accept().await.unwrap().0)
}

async fn duplexes() -> (Duplex, Duplex) {
    let (client, server) = sockets().await;
    let joined = |stream| Duplex::from(asyncio::net::stream(stream));
    (joined(client), joined(server))
}

async fn secure() -> (Duplex, Duplex) {
    let certificates = Certificates::new();
    let read = |file: String| std::fs::read(file).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let trusting = tls::client_config_with_roots(read(certificates.root())).unwrap();
    let own = tls::server_config(read(certificates.signed()), read(certificates.key())).unwrap();
    let (client, server) = asyncio::join!(
        open_connection(("localhost", port)).ssl(trusting).into_future(),
        async { tls::accept(listener.accept().await?.0, own).await }
    )
    .await;
    (client.unwrap().into(), server.unwrap().into())
}

/// Echoes on one side and checks on the other: texts, bytes, long ones, and the close of the client.
async fn echo_works<C, S>(client: C, server: S)
where
    C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut client, mut server) = pair(client, server).await;
    let serving = asyncio::create_task(async move {
        let mut close = None;
        while let Some(message) = server.next().await {
            match message.unwrap() {
                Message::Close(frame) => close = frame,
                Message::Pong(_) | Message::Ping(_) => {}
                message => server.send(message).await.unwrap(),
            }
        }
        close
    });
    let long: String = (0..1_000_000)
        .map(|n| char::from(b'a' + (n % 26) as u8))
        .collect();
    for message in [
        Message::text("hello"),
        Message::text(""),
        Message::text("grüße, 世界 🦀"),
        Message::binary(vec![0, 255, 128]),
        Message::text(long.clone()),
        Message::binary(long.into_bytes().repeat(8)),
    ] {
        // What is long fills the buffers on both ways: who sends must not wait for the end of it before it receives.
        let (mut sender, mut receiver) = client.split();
        let (sent, received) = gather!(
            async move { (sender.send(message.clone()).await, message, sender) },
            async move { (receiver.next().await, receiver) }
        )
        .await;
        let ((done, message, sender), (answer, receiver)) = (sent.unwrap(), received.unwrap());
        done.unwrap();
        assert!(
            answer.unwrap().unwrap() == message,
            "what comes back is what was sent"
        );
        client = WebSocketStream::reunite(sender, receiver).ok().unwrap();
    }
    let frame = CloseFrame {
        code: CloseCode::Normal,
        reason: "thanks".into(),
    };
    client.close(Some(frame.clone())).await.unwrap();
    // The server's answer, and then the end.
    assert_eq!(
        client.next().await.unwrap().unwrap(),
        Message::Close(Some(frame.clone()))
    );
    assert!(client.next().await.is_none());
    assert_eq!(serving.await.unwrap(), Some(frame));
}

#[test]
fn messages_come_back_over_sockets() {
    run(async {
        let (client, server) = sockets().await;
        echo_works(client, server).await;
    });
}

#[test]
fn messages_come_back_over_streams() {
    run(async {
        let (client, server) = duplexes().await;
        echo_works(client, server).await;
    });
}

#[test]
fn messages_come_back_over_tls() {
    run(async {
        let (client, server) = secure().await;
        echo_works(client, server).await;
    });
}

/// A frame as a client sends it; the mask is zero, so that the bytes stay readable.
fn frame(is_last: bool, opcode: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    assert!(length < 126);
    let mut bytes = vec![u8::from(is_last) << 7 | opcode, 0x80 | length, 0, 0, 0, 0];
    bytes.extend_from_slice(payload);
    bytes
}

/// A server's end behind a handshake, and a client that is a bare socket.
async fn bare_client() -> (TcpStream, WebSocketStream<TcpStream>) {
    const REQUEST: &str = "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                           Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let (mut client, server) = sockets().await;
    client.write_all(REQUEST.as_bytes()).await.unwrap();
    let server = accept_async(server).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte).await.unwrap();
        answer.extend(byte);
    }
    let answer = String::from_utf8(answer).unwrap().to_lowercase();
    // The example of RFC 6455, section 1.3.
    assert!(
        answer.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="),
        "{answer}"
    );
    (client, server)
}

#[test]
fn a_message_in_fragments_comes_whole_and_a_ping_between_them_is_answered() {
    run(async {
        let (mut bare, mut server) = bare_client().await;
        let pieces = [
            frame(false, 1, b"one "),
            frame(false, 0, b"two "),
            frame(true, 9, b"there?"),
            frame(true, 0, b"three"),
        ];
        for byte in pieces.concat() {
            // Byte by byte: no frame comes in one piece either.
            bare.write_all(&[byte]).await.unwrap();
        }
        assert_eq!(
            server.next().await.unwrap().unwrap(),
            Message::Ping("there?".into())
        );
        assert_eq!(
            server.next().await.unwrap().unwrap(),
            Message::text("one two three")
        );
        // The pong goes out with the next look at the connection, though the program sends nothing.
        let waiting = asyncio::create_task(async move {
            let close = server.next().await.unwrap().unwrap();
            // The answer to it goes out with the next look, too, which finds the end.
            (close, server.next().await.is_none())
        });
        let mut pong = [0; 8];
        bare.read_exact(&mut pong).await.unwrap();
        assert_eq!(&pong, b"\x8a\x06there?");
        bare.write_all(&frame(true, 8, b"")).await.unwrap();
        let mut close = [0; 2];
        bare.read_exact(&mut close).await.unwrap();
        assert_eq!(close, [0x88, 0]);
        assert_eq!(waiting.await.unwrap(), (Message::Close(None), true));
    });
}

#[test]
fn a_peer_that_does_not_read_is_not_read_from() {
    run(async {
        let (client, server) = duplexes().await;
        let (client, mut server) = pair(client, server).await;
        let echoing = asyncio::create_task(async move {
            while let Some(Ok(message)) = server.next().await {
                if message.is_binary() {
                    server.send(message).await.unwrap();
                }
            }
        });
        let (mut sender, mut receiver) = client.split();
        const SIZE: usize = 256 * 1024;
        const COUNT: usize = 256;
        let sending = asyncio::create_task(async move {
            for n in 0..COUNT {
                sender.send(Message::binary(vec![n as u8; SIZE])).await.unwrap();
            }
        });
        // 64 MiB do not fit into what lies between the two: without somebody who reads, sending does not end.
        assert!(
            timeout(Duration::from_millis(500), shield(sending))
                .await
                .is_err()
        );
        for n in 0..COUNT {
            let message = receiver.next().await.unwrap().unwrap();
            assert!(message.into_data().iter().all(|&byte| byte == n as u8));
        }
        echoing.cancel();
    });
}
