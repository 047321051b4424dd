//! Sends a line to an echo server and prints the answer:
//! `cargo run --example stream_echo_client -- 127.0.0.1:8888 "Hello World!"`.

use std::io;

use asyncio::open_connection;

async fn tcp_echo_client(address: String, message: String) -> io::Result<()> {
    let (mut reader, writer) = open_connection(address.as_str()).await?;

    println!("Send: {message:?}");
    writer.write(message.as_bytes())?;
    writer.write_eof()?;

    let answer = reader.read_to_end().await?;
    println!("Received: {:?}", String::from_utf8_lossy(&answer));

    println!("Close the connection");
    writer.close();
    writer.wait_closed().await
}

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:8888".to_owned());
    let message = arguments.next().unwrap_or_else(|| "Hello World!".to_owned());
    asyncio::run(tcp_echo_client(address, message))
}
