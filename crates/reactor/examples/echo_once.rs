//! An echo server for one connection, on a reactor of its own: `cargo run --example echo_once -- 127.0.0.1:7777`.
//!
//! `strace -f -c` over it counts the system calls of a round trip: one wait, one read, one write.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::task::{Context, Poll};

use asyncio_reactor::{Async, Reactor};
use futures_lite::{AsyncReadExt, AsyncWriteExt};

fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:7777".into());
    let address: SocketAddr = address
        .parse()
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, format!("{address}: {error}")))?;
    let mut reactor = Reactor::new()?;
    let handle = reactor.handle();
    let _entered = handle.enter();
    let mut serve = pin!(async {
        let listener = Async::<TcpListener>::bind(address)?;
        println!("listening on {}", listener.get_ref().local_addr()?);
        let (mut stream, _) = listener.accept().await?;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let count = stream.read(&mut buffer).await?;
            if count == 0 {
                return io::Result::Ok(());
            }
            stream.write_all(&buffer[..count]).await?;
        }
    });
    let waker = handle.waker();
    loop {
        match serve.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(result) => return result,
            Poll::Pending => reactor.turn(None)?,
        };
    }
}
