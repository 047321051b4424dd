//! Forwards TCP connections: `cargo run --example port_forwarder -- 127.0.0.1:8080 example.org:80`.
//!
//! Each client gets a connection of its own to the target. An end of one direction is passed on, and the other goes
//! on. Ctrl-C ends the loop, which closes both sides of all connections.

use std::io;

use asyncio::io::copy_bidirectional;
use asyncio::net::{TcpListener, TcpStream};

async fn forward(mut client: TcpStream, target: &str) -> io::Result<(u64, u64)> {
    let mut server = TcpStream::connect(target).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    copy_bidirectional(&mut client, &mut server).await
}

async fn serve(address: &str, target: &'static str) -> io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    println!("forwarding to {target} from {}", listener.local_addr()?);
    loop {
        let report = |error: &_| eprintln!("cannot accept just now: {error}");
        let (client, peer) = listener.accept_retrying(report).await?;
        drop(asyncio::create_task(async move {
            match forward(client, target).await {
                Ok((sent, received)) => println!("{peer}: {sent} bytes sent, {received} received"),
                Err(error) => println!("{peer}: {error}"),
            }
        }));
    }
}

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(address), Some(target)) = (arguments.next(), arguments.next()) else {
        return Err(io::Error::other("usage: port_forwarder LISTEN TARGET"));
    };
    asyncio::run(serve(&address, target.leak()))
}
