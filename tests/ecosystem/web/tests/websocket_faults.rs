//! What goes wrong with WebSockets: peers that vanish in each way there is, that send too much, that never finish a request, and
//! a program that stops while it waits.

use std::io;
use std::time::Duration;

use async_tungstenite::tungstenite::{Error, Message};
use async_tungstenite::{WebSocketStream, accept_async, client_async};
use asyncio::net::{TcpListener, TcpStream};
use asyncio::{Duplex, timeout};
use ecosystem_web::{Program, run};
use futures_util::StreamExt;

/// Both ends of a connection whose handshake is done.
async fn pair() -> (WebSocketStream<TcpStream>, WebSocketStream<Duplex>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let server = Duplex::from(asyncio::net::stream(listener.accept().await.unwrap().0));
    let (client, server) =
        asyncio::join!(client_async("ws://localhost/", client), accept_async(server)).await;
    (client.unwrap().0, server.unwrap())
}

#[test]
fn a_peer_that_hangs_up_without_a_close_is_an_error() {
    run(async {
        let (client, mut server) = pair().await;
        drop(client);
        let error = server.next().await.unwrap().unwrap_err();
        assert!(matches!(error, Error::Protocol(_)), "{error:?}");
        assert!(server.next().await.is_none());
    });
}

#[test]
fn a_reset_is_an_error() {
    run(async {
        let (client, mut server) = pair().await;
        let socket = client.into_inner();
        asyncio::net::Socket::from(socket.into_std().unwrap())
            .set_linger(Some(Duration::ZERO))
            .unwrap();
        let error = server.next().await.unwrap().unwrap_err();
        let is_reset = matches!(&error, Error::Io(error) if error.kind() == io::ErrorKind::ConnectionReset);
        assert!(is_reset, "{error:?}");
    });
}

#[test]
fn a_peer_that_falls_silent_is_found_by_a_ping_and_a_timeout() {
    run(async {
        let (client, mut server) = pair().await;
        // It lives, and says nothing: it does not even look at its connection.
        let quiet = Duration::from_millis(50);
        assert!(timeout(quiet, server.next()).await.is_err());
        server.send(Message::Ping("there?".into())).await.unwrap();
        assert!(timeout(quiet, server.next()).await.is_err(), "no pong comes");
        // Nothing was lost by giving up: one that looks again is heard.
        let mut client = client;
        client.send(Message::text("I slept")).await.unwrap();
        let awake = asyncio::create_task(async move { while client.next().await.is_some() {} });
        let mut heard = Vec::new();
        while heard.len() < 2 {
            heard.push(server.next().await.unwrap().unwrap());
        }
        heard.sort_by_key(Message::is_pong);
        assert_eq!(heard, [Message::text("I slept"), Message::Pong("there?".into())]);
        server.close(None).await.unwrap();
        while server.next().await.is_some() {}
        // The server closes the connection below first: the client waits for that.
        drop(server);
        awake.await.unwrap();
    });
}

/// Our example, and a socket to it.
async fn example() -> (Program, String) {
    let mut server = Program::example("websocket_echo", &["127.0.0.1:0"]).await;
    let address = server.line_with("serving on ").await;
    (server, address)
}

#[test]
fn a_message_that_is_too_long_is_refused_with_the_reason() {
    run(async {
        let (server, address) = example().await;
        let stream = TcpStream::connect(address.as_str()).await.unwrap();
        let (mut client, _) = client_async(format!("ws://{address}/"), stream).await.unwrap();
        // Four times the limit: the server says what is wrong instead of keeping it all.
        let sent = client.send(Message::binary(vec![7; 64 << 20])).await;
        let mut said = None;
        while let Some(Ok(message)) = client.next().await {
            if let Message::Close(Some(frame)) = message {
                said = Some(u16::from(frame.code));
            }
        }
        // A server that hangs up while it is sent to may be cut off before its reason arrives.
        assert!(said == Some(1009) || sent.is_err(), "{said:?} {sent:?}");
        // Others are served as before.
        let stream = TcpStream::connect(address.as_str()).await.unwrap();
        let (mut client, _) = client_async(format!("ws://{address}/"), stream).await.unwrap();
        client.send(Message::text("hello")).await.unwrap();
        assert_eq!(client.next().await.unwrap().unwrap(), Message::text("hello"));
        client.close(None).await.unwrap();
        while client.next().await.is_some() {}
        server.terminate();
        assert_eq!(server.finish().await, "ended, 0 were told\n");
    });
}

#[test]
fn requests_that_ask_for_no_websocket_get_the_page_and_nonsense_gets_nothing() {
    run(async {
        let (server, address) = example().await;
        let mut plain = TcpStream::connect(address.as_str()).await.unwrap();
        plain
            .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            .await
            .unwrap();
        let mut page = Vec::new();
        futures_util::AsyncReadExt::read_to_end(&mut plain, &mut page)
            .await
            .unwrap();
        assert!(page.starts_with(b"HTTP/1.1 200 OK\r\n") && page.ends_with(b"</html>\n"));

        let mut torn = TcpStream::connect(address.as_str()).await.unwrap();
        torn.write_all(b"GET / HT").await.unwrap();
        drop(torn);
        server.terminate();
        server.finish().await;
    });
}
