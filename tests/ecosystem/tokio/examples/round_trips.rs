//! What a wake costs: round trips of one byte between two tasks over a connection, in four ways. Run it with `--release`.
//!
//! - tokio's sockets on tokio, one thread.
//! - Our sockets on our loop.
//! - tokio's sockets in tasks of ours by `compat`: tokio's thread waits, and wakes the loop's.
//! - tokio's sockets in tasks of a loop that waits in tokio.
//!
//! It prints the median of nine runs of each, in turn, so that what the machine does besides meets all of them.

use std::time::Instant;

use asyncio_tokio::TokioCompat;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const TRIPS: u32 = 5000;

async fn theirs_answers(mut stream: tokio::net::TcpStream) -> std::io::Result<()> {
    for _ in 0..TRIPS {
        let byte = stream.read_u8().await?;
        stream.write_u8(byte).await?;
    }
    Ok(())
}

async fn theirs_asks(address: std::net::SocketAddr) -> std::io::Result<f64> {
    let mut stream = tokio::net::TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let start = Instant::now();
    for _ in 0..TRIPS {
        stream.write_u8(7).await?;
        stream.read_u8().await?;
    }
    Ok(start.elapsed().as_secs_f64() / f64::from(TRIPS))
}

async fn ours() -> std::io::Result<f64> {
    let listener = asyncio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = asyncio::create_task(async move {
        let (mut stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        for _ in 0..TRIPS {
            let mut byte = [0];
            stream.read_exact(&mut byte).await?;
            stream.write_all(&byte).await?;
        }
        Ok::<_, std::io::Error>(())
    });
    let mut stream = asyncio::net::TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let start = Instant::now();
    for _ in 0..TRIPS {
        stream.write_all(&[7]).await?;
        stream.read_exact(&mut [0]).await?;
    }
    let each = start.elapsed().as_secs_f64() / f64::from(TRIPS);
    server.await.map_err(std::io::Error::other)??;
    Ok(each)
}

async fn on_our_loop() -> std::io::Result<f64> {
    let listener = async { tokio::net::TcpListener::bind("127.0.0.1:0").await }
        .compat()
        .await?;
    let address = listener.local_addr()?;
    let server = asyncio::create_task(
        async move {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            theirs_answers(stream).await
        }
        .compat(),
    );
    let each = theirs_asks(address).compat().await?;
    server.await.map_err(std::io::Error::other)??;
    Ok(each)
}

async fn on_tokio() -> std::io::Result<f64> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        theirs_answers(stream).await
    });
    let each = theirs_asks(address).await?;
    server.await??;
    Ok(each)
}

type Way = (&'static str, fn() -> std::io::Result<f64>);

const WAYS: [Way; 4] = [
    ("tokio on tokio", || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(on_tokio())
    }),
    ("ours on our loop", || asyncio::run(ours())),
    ("tokio by compat", || asyncio::run(on_our_loop())),
    ("tokio on a loop that waits in it", || {
        asyncio_tokio::run(on_our_loop()).map_err(std::io::Error::from)?
    }),
];

fn main() -> std::io::Result<()> {
    let mut times = WAYS.map(|_| Vec::new());
    for _ in 0..9 {
        for ((_, way), times) in WAYS.iter().zip(&mut times) {
            times.push(way()? * 1e6);
        }
    }
    for ((name, _), mut times) in WAYS.into_iter().zip(times) {
        times.sort_by(f64::total_cmp);
        println!("{name}: {:.1} µs", times[times.len() / 2]);
    }
    Ok(())
}
