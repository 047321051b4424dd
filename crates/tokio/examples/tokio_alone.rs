//! This crate alone, on smol: sockets and timers of tokio's in tasks of smol's.

use std::io;
use std::time::Duration;

use asyncio_tokio::{ForFutures, TokioCompat, with_tokio};
use smol::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

async fn greet(listener: TcpListener) -> io::Result<()> {
    let (stream, _) = listener.accept().await?;
    // Somebody who knows tokio alone gives out a stream; here it is one for futures-io.
    let mut stream = ForFutures::new(stream);
    tokio::time::sleep(Duration::from_millis(1)).await;
    stream.write_all(b"hello from tokio").await?;
    stream.close().await
}

fn main() -> io::Result<()> {
    smol::block_on(async {
        let listener = async { TcpListener::bind("127.0.0.1:0").await }.compat().await?;
        let address = listener.local_addr()?;
        let server = smol::spawn(greet(listener).compat());
        let mut stream = ForFutures::new(async { TcpStream::connect(address).await }.compat().await?);
        let mut text = String::new();
        stream.read_to_string(&mut text).await?;
        println!("{text}");
        server.await?;
        let sum = with_tokio(async { tokio::spawn(async { 40 + 2 }).await });
        println!("{}", sum.await?);
        Ok(())
    })
}
