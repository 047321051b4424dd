//! This crate alone, on smol: a server that shouts back, and three clients by name.

use std::io;

use asyncio_net::{TcpListener, TcpStream, open_connection, stream};
use smol::Task;

async fn shout(connection: TcpStream) -> io::Result<()> {
    let (mut reader, writer) = stream(connection);
    while let Some(line) = reader.next_line().await? {
        writer.write(&line.to_ascii_uppercase())?;
        writer.drain().await?;
    }
    Ok(())
}

async fn ask(address: std::net::SocketAddr, name: &str) -> io::Result<String> {
    // A host name and a port; it is looked up on another thread.
    let (mut reader, writer) = open_connection(("localhost", address.port())).await?;
    writer.write(format!("{name}\n").as_bytes())?;
    writer.drain().await?;
    let line = reader.readline().await?;
    Ok(String::from_utf8_lossy(&line).into_owned())
}

fn main() -> io::Result<()> {
    smol::block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let server: Task<io::Result<()>> = smol::spawn(async move {
            loop {
                smol::spawn(shout(listener.accept().await?.0)).detach();
            }
        });
        for name in ["anna", "bert", "cleo"] {
            print!("{}", ask(address, name).await?);
        }
        server.cancel().await;
        Ok(())
    })
}
