//! Libraries of smol, unchanged: a server by async-net gives out the lines of a file that async-fs reads, and the client is
//! ours. They bring their own reactor and threads, and need nothing from whoever runs them.

use std::error::Error;

use async_net::TcpListener;
use asyncio::{create_task, open_connection};
use futures::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use futures::stream::TryStreamExt;

async fn serve(listener: TcpListener, path: std::path::PathBuf) -> std::io::Result<()> {
    let (mut stream, _peer) = listener.accept().await?;
    let mut lines = BufReader::new(async_fs::File::open(path).await?).lines();
    while let Some(line) = lines.try_next().await? {
        stream
            .write_all(format!("{}\n", line.to_uppercase()).as_bytes())
            .await?;
    }
    stream.close().await
}

async fn shout() -> Result<(), Box<dyn Error>> {
    let path = std::env::temp_dir().join(format!("asyncio-shout-{}", std::process::id()));
    async_fs::write(&path, "to be\nor not\nto be\n").await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = create_task(serve(listener, path.clone()));
    let (mut reader, _writer) = open_connection(address).await?;
    while let Some(line) = reader.next_line().await? {
        print!("{}", String::from_utf8_lossy(&line));
    }
    server.await??;
    async_fs::remove_file(path).await?;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    asyncio::run(shout())
}
