//! A WebSocket client: sends each line of the standard input, and prints what comes:
//! `cargo run --example websocket_client -- ws://127.0.0.1:8765/`.
//!
//! For `wss://` the certificate must be one that the system trusts, or be signed by one of the PEM file that the second argument
//! names. The end of the input closes the connection, and so does Ctrl-C.

use std::error::Error;
use std::time::Duration;

use async_tungstenite::tungstenite::client::IntoClientRequest;
use async_tungstenite::tungstenite::http::Uri;
use async_tungstenite::tungstenite::{Error as WebSocketError, Message};
use async_tungstenite::{WebSocketReceiver, WebSocketSender, WebSocketStream, client_async};
use asyncio::{Duplex, finally, io, open_connection, task_group, timeout, tls};
use futures_util::{AsyncBufReadExt, StreamExt};

type Failure = Box<dyn Error + Send + Sync>;

/// Opens the connection below, with TLS where the address asks for it, and the WebSocket on it.
async fn connect(url: &str, roots: Option<&str>) -> Result<WebSocketStream<Duplex>, Failure> {
    let request = url.into_client_request()?;
    let uri: &Uri = request.uri();
    let host = uri.host().ok_or("the address names no host")?.to_owned();
    let is_secure = uri.scheme_str() == Some("wss");
    let port = uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
    let mut connection = open_connection((host.as_str(), port)).nodelay(true);
    if is_secure {
        connection = connection.ssl(match roots {
            Some(file) => tls::client_config_with_roots(std::fs::read(file)?)?,
            None => tls::client_config()?,
        });
    }
    let stream = Duplex::from(connection.await?);
    let (socket, _response) = client_async(request, stream).await?;
    Ok(socket)
}

/// Sends lines until there are no more, and then closes.
async fn send(mut socket: WebSocketSender<Duplex>) -> Result<(), WebSocketError> {
    finally!(
        {
            let mut lines = io::stdin().lines();
            while let Some(line) = lines.next().await {
                socket.send(Message::text(line?)).await?;
            }
            Ok(())
        },
        {
            // Also when we are told to stop. A peer that has closed first needs no goodbye.
            drop(timeout(Duration::from_secs(1), socket.close(None)).await);
        }
    )
}

/// Prints what comes until the connection is closed.
async fn receive(mut socket: WebSocketReceiver<Duplex>) -> Result<(), WebSocketError> {
    while let Some(message) = socket.next().await {
        match message? {
            Message::Text(text) => println!("{text}"),
            Message::Binary(bytes) => println!("{} bytes", bytes.len()),
            Message::Close(Some(frame)) => println!("closed: {} {}", u16::from(frame.code), frame.reason),
            _ => {}
        }
    }
    Ok(())
}

async fn main_task(url: String, roots: Option<String>) -> Result<(), Failure> {
    let opening = connect(&url, roots.as_deref());
    let (sender, receiver) = timeout(Duration::from_secs(10), opening).await??.split();
    let done = task_group(async |group| {
        let sending = group.create_task(send(sender));
        group.create_task(async move {
            let outcome = receive(receiver).await;
            // Nobody is there to be sent to: what the input still says is not waited for.
            sending.cancel();
            outcome
        });
        Ok(())
    });
    // The first failure is the reason of the others.
    done.await.map_err(|failed| failed.into_errors().remove(0).into())
}

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments
        .next()
        .unwrap_or_else(|| "ws://127.0.0.1:8765/".to_owned());
    asyncio::run(main_task(url, arguments.next()))
}
