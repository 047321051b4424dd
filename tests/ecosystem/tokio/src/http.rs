//! `serve_http`: a small HTTP/1.1 server of ours for clients that are tested.

use std::io;

use asyncio::{Server, StreamError, StreamReader, StreamWriter, start_server};

/// Serves, at a port of the system's choice: `/hello`; `/echo`, which gives back what it was sent; `/chunks`, a body in
/// pieces; `/never`, which does not answer. Connections are kept alive.
///
/// # Errors
///
/// The operating system's.
pub async fn serve_http() -> io::Result<Server> {
    start_server(connection, "127.0.0.1:0").await
}

async fn connection(mut reader: StreamReader, writer: StreamWriter) -> Result<(), StreamError> {
    while let Ok(head) = reader.readuntil(b"\r\n\r\n").await {
        let head = String::from_utf8_lossy(&head).to_lowercase();
        let path = head.split(' ').nth(1).unwrap_or_default();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"))
            .and_then(|length| length.trim().parse().ok())
            .unwrap_or(0);
        let body = reader.readexactly(length).await?;
        match path {
            "/hello" => answer(&writer, "200 OK", b"hello")?,
            "/echo" => answer(&writer, "200 OK", &body)?,
            "/chunks" => {
                writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
                for number in 0..10 {
                    writer.write(format!("1\r\n{number}\r\n").as_bytes())?;
                    writer.drain().await?;
                    asyncio::yield_now().await;
                }
                writer.write(b"0\r\n\r\n")?;
            }
            "/never" => std::future::pending().await,
            _ => answer(&writer, "404 Not Found", b"")?,
        }
        writer.drain().await?;
    }
    Ok(())
}

fn answer(writer: &StreamWriter, status: &str, body: &[u8]) -> io::Result<()> {
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len());
    writer.writelines([head.as_bytes(), body])
}
