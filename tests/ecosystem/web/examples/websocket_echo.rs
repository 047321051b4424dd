//! A WebSocket server that sends back what it gets, and a page to try it in a browser:
//! `cargo run --example websocket_echo -- 127.0.0.1:8765`, then open `http://127.0.0.1:8765`.
//!
//! With two more arguments, the PEM files of a certificate and of its key, it speaks TLS. Ctrl-C or SIGTERM ends it: everybody
//! who is connected is told that the server is going away, and has two seconds to say goodbye.

use std::error::Error;
use std::future::poll_fn;
use std::io;
use std::time::Duration;

use async_tungstenite::tungstenite::Error as WebSocketError;
use async_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use async_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use async_tungstenite::{WebSocketStream, accept_async_with_config};
use asyncio::reactor::signals::{Signal, Signals};
use asyncio::{Duplex, StreamReader, StreamWriter, on_cancel, start_server, timeout, tls};
use futures_util::StreamExt;

const PAGE: &str = include_str!("websocket_echo.html");

/// How long the peer of a closing connection has for its own goodbye.
const FAREWELL: Duration = Duration::from_secs(2);

type Failure = Box<dyn Error + Send + Sync>;

/// One connection: a WebSocket, or a browser that wants the page.
async fn serve(mut reader: StreamReader, writer: StreamWriter) -> Result<(), Failure> {
    // Who does not finish a request within this time does not want one.
    let is_websocket = timeout(Duration::from_secs(10), look_at_request(&mut reader)).await??;
    if !is_websocket {
        return Ok(send_page(&writer).await?);
    }
    // The limits of the protocol's library stand between a peer and our memory.
    let limits = WebSocketConfig::default()
        .max_message_size(Some(16 << 20))
        .max_frame_size(Some(4 << 20))
        .max_write_buffer_size(32 << 20);
    let mut socket = accept_async_with_config(Duplex::new(reader, writer), Some(limits)).await?;
    let outcome = on_cancel!({ echo(&mut socket).await }, {
        let reason = close_frame(CloseCode::Away, "the server ends");
        drop(timeout(FAREWELL, say_goodbye(&mut socket, reason)).await);
    });
    match outcome {
        // Browsers that are closed and phones in tunnels do not say goodbye: no reason for a report.
        Err(WebSocketError::Io(error)) if is_gone(&error) => Ok(()),
        Err(WebSocketError::Protocol(_)) => Ok(()),
        Err(WebSocketError::Capacity(too_much)) => {
            let reason = close_frame(CloseCode::Size, &too_much.to_string());
            drop(timeout(FAREWELL, say_goodbye(&mut socket, reason)).await);
            Ok(())
        }
        other => Ok(other?),
    }
}

/// Sends back texts and bytes until the connection is closed. Pings are answered by the library, and so is a close.
async fn echo(socket: &mut WebSocketStream<Duplex>) -> Result<(), WebSocketError> {
    while let Some(message) = socket.next().await {
        let message = message?;
        if message.is_text() || message.is_binary() {
            // Waits while the peer does not take what it is sent: then nothing more is read from it either.
            socket.send(message).await?;
        }
    }
    Ok(())
}

/// Closes first, and waits for the peer's answer.
async fn say_goodbye(socket: &mut WebSocketStream<Duplex>, reason: CloseFrame) -> Result<(), WebSocketError> {
    socket.close(Some(reason)).await?;
    while socket.next().await.transpose()?.is_some() {}
    Ok(())
}

fn close_frame(code: CloseCode, reason: &str) -> CloseFrame {
    CloseFrame {
        code,
        reason: reason.into(),
    }
}

fn is_gone(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionReset | UnexpectedEof)
}

/// Waits until the head of a request is there, takes nothing of it, and tells whether it asks for a WebSocket.
async fn look_at_request(reader: &mut StreamReader) -> io::Result<bool> {
    loop {
        let head = reader.buffered();
        if head.windows(4).any(|end| end == b"\r\n\r\n") || head.len() > 16 * 1024 {
            let head = String::from_utf8_lossy(head).to_ascii_lowercase();
            return Ok(head.contains("\r\nupgrade: websocket\r\n"));
        }
        if poll_fn(|cx| reader.poll_more(cx)).await? == 0 {
            return Ok(false);
        }
    }
}

async fn send_page(writer: &StreamWriter) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        PAGE.len()
    );
    writer.writelines([head.as_bytes(), PAGE.as_bytes()])?;
    writer.close();
    writer.wait_closed().await
}

async fn main_task(arguments: Vec<String>) -> Result<(), Failure> {
    let address = arguments.first().map_or("127.0.0.1:8765", String::as_str);
    let mut server = start_server(serve, address);
    if let [_, certificate, key] = &arguments[..] {
        server = server.ssl(tls::server_config(
            std::fs::read(certificate)?,
            std::fs::read(key)?,
        )?);
    }
    let mut signals = Signals::new([Signal::Int, Signal::Term])?;
    let server = server.await?;
    println!("serving on {}", server.sockets()[0]);
    signals.recv().await?;
    // WebSockets stay as long as their peers like: no reason to wait before they are told.
    let told = server.shutdown(Duration::ZERO).await;
    println!("ended, {told} were told");
    Ok(())
}

fn main() -> Result<(), Failure> {
    asyncio::run(main_task(std::env::args().skip(1).collect()))
}
