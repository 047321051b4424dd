//! An echo server with streams: `cargo run --example stream_echo_server -- 127.0.0.1:8888`.
//!
//! Python's documentation has the same in its chapter on streams. On Ctrl-C the server stops accepting, gives its
//! clients five seconds to finish, and ends.

use std::io;
use std::time::Duration;

use asyncio::{StreamReader, StreamWriter, finally, start_server};

async fn handle_echo(mut reader: StreamReader, writer: StreamWriter) -> io::Result<()> {
    loop {
        let data = reader.read(64 * 1024).await?;
        if data.is_empty() {
            return Ok(());
        }
        writer.write_owned(data)?;
        writer.drain().await?;
    }
}

async fn serve(address: String) -> io::Result<()> {
    let server = start_server(handle_echo, address.as_str()).await?;
    for address in server.sockets() {
        println!("serving on {address}");
    }
    finally!({ server.wait_closed().await }, {
        let cancelled = server.shutdown(Duration::from_secs(5)).await;
        println!("ended, {cancelled} clients cut off");
    },);
    Ok(())
}

fn main() -> io::Result<()> {
    let address = std::env::args().nth(1);
    asyncio::run(serve(address.unwrap_or_else(|| "127.0.0.1:8888".to_owned())))
}
