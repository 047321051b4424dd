//! A TCP server that sends back what it gets: `cargo run --example echo_server -- 127.0.0.1:7777`.
//!
//! Each connection is a task of its own. Ctrl-C ends the loop, which ends the tasks and closes their sockets.

use std::io;

use asyncio::net::{TcpListener, TcpStream};

async fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..read]).await?;
    }
}

async fn serve(address: &str) -> io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    println!("serving on {}", listener.local_addr()?);
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => drop(asyncio::create_task(async move {
                if let Err(error) = echo(stream).await {
                    eprintln!("{peer}: {error}");
                }
            })),
            Err(error) => {
                // Out of descriptors, most likely: the connections that are there go on, and free some.
                eprintln!("accept: {error}");
                asyncio::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
}

fn main() -> io::Result<()> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:7777".to_owned());
    asyncio::run(serve(&address))
}
