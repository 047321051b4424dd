//! A TCP echo server with a loop on each core: `cargo run --example per_core_echo -- 127.0.0.1:7777`.
//!
//! Each loop has its own listening socket and its own connections, so the loops share nothing. Ctrl-C ends them all.

use std::io;

use asyncio::net::{PerCoreListener, TcpStream};
use asyncio::{PerCore, PerCoreError};

async fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            count => stream.write_all(&buffer[..count]).await?,
        }
    }
}

async fn serve(listeners: &PerCoreListener, core: usize) -> io::Result<()> {
    let listener = listeners.take(core)?;
    loop {
        let report = |error: &_| eprintln!("core {core} cannot accept just now: {error}");
        let (stream, peer) = listener.accept_retrying(report).await?;
        drop(asyncio::create_task(async move {
            if let Err(error) = echo(stream).await {
                eprintln!("{peer}: {error}");
            }
        }));
    }
}

fn main() -> io::Result<()> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:7777".to_owned());
    let cores = std::thread::available_parallelism()?.get();
    let listeners = PerCoreListener::bind(address, cores)?;
    println!("serving on {} cores on {}", cores, listeners.local_addr());
    let served = PerCore::new()
        .threads(cores)
        .pin(cfg!(target_os = "linux"))
        .run(|core| serve(&listeners, core));
    match served {
        Err(PerCoreError::KeyboardInterrupt) => asyncio::exit_by_sigint(),
        served => Ok(served.map(drop)?),
    }
}
