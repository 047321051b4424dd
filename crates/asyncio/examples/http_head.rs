//! Prints the headers that a web server answers with: `cargo run --example http_head -- http://127.0.0.1:8000/`.
//!
//! Python's documentation has the same in its chapter on streams.

use std::error::Error;
use std::time::Duration;

use asyncio::{open_connection, timeout};

async fn print_http_headers(url: String) -> Result<(), Box<dyn Error>> {
    let rest = url
        .strip_prefix("http://")
        .ok_or("the URL must begin with http://")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let address = if host.contains(':') {
        host.to_owned()
    } else {
        format!("{host}:80")
    };
    let (mut reader, writer) = open_connection(address.as_str()).await?;
    let query = format!("HEAD /{path} HTTP/1.0\r\nHost: {host}\r\n\r\n");
    writer.write(query.as_bytes())?;
    while let Some(line) = reader.next_line().await? {
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        println!("HTTP header> {line}");
    }
    // Ignore the body, close the socket.
    writer.close();
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1).ok_or("usage: http_head URL")?;
    asyncio::run(async { timeout(Duration::from_secs(30), print_http_headers(url)).await? })
}
