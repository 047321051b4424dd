//! A thousand connections at once in one process, each byte back. Alone in its file, for it raises the limit of
//! descriptors.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::io;
use std::sync::{Mutex, MutexGuard};

use asyncio_net::{TcpListener, TcpStream};

const CONNECTIONS: u32 = 1000;
const ROUNDS: u32 = 10;

/// One test at a time: both together would need 4,000 descriptors.
static ALONE: Mutex<()> = Mutex::new(());

#[cfg(unix)]
fn alone_and_with_descriptors() -> MutexGuard<'static, ()> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
    ALONE.lock().unwrap()
}

#[cfg(not(unix))]
fn alone_and_with_descriptors() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap()
}

async fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 512];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            count => stream.write_all(&buffer[..count]).await?,
        }
    }
}

/// Sends what no other connection sends, and expects it back.
async fn talk(mut stream: TcpStream, number: u32) -> io::Result<()> {
    let mut back = [0; 64];
    for round in 0..ROUNDS {
        let mut message = [0; 64];
        for (place, part) in message.chunks_exact_mut(4).enumerate() {
            part.copy_from_slice(&(number * 1000 + round * 100 + place as u32).to_le_bytes());
        }
        stream.write_all(&message).await?;
        stream.read_exact(&mut back).await?;
        assert_eq!(back, message, "connection {number}, round {round}");
    }
    Ok(())
}

#[test]
fn a_thousand_connections_at_once_on_smol() {
    let _alone = alone_and_with_descriptors();
    let serve = async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let accept = smol::spawn(async move {
            let mut handlers = Vec::new();
            for _ in 0..CONNECTIONS {
                handlers.push(smol::spawn(echo(listener.accept().await?.0)));
            }
            for handler in handlers {
                handler.await?;
            }
            io::Result::Ok(())
        });
        let connecting: Vec<_> = (0..CONNECTIONS)
            .map(|_| smol::spawn(TcpStream::connect(address)))
            .collect();
        let mut streams = Vec::new();
        for stream in connecting {
            streams.push(stream.await?);
        }
        let talks: Vec<_> = streams
            .into_iter()
            .zip(0..)
            .map(|(s, number)| smol::spawn(talk(s, number)))
            .collect();
        for talk in talks {
            talk.await?;
        }
        accept.await
    };
    smol::block_on(serve).unwrap();
}

#[test]
fn a_thousand_connections_at_once_on_tokio() {
    let _alone = alone_and_with_descriptors();
    let serve = async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let accept = tokio::spawn(async move {
            let mut handlers = Vec::new();
            for _ in 0..CONNECTIONS {
                handlers.push(tokio::spawn(echo(listener.accept().await?.0)));
            }
            for handler in handlers {
                handler.await??;
            }
            io::Result::Ok(())
        });
        let connecting: Vec<_> = (0..CONNECTIONS)
            .map(|_| tokio::spawn(TcpStream::connect(address)))
            .collect();
        let mut streams = Vec::new();
        for stream in connecting {
            streams.push(stream.await??);
        }
        let talks: Vec<_> = streams
            .into_iter()
            .zip(0..)
            .map(|(s, number)| tokio::spawn(talk(s, number)))
            .collect();
        for talk in talks {
            talk.await??;
        }
        accept.await?
    };
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap()
        .block_on(serve)
        .unwrap();
}
