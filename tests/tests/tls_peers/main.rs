//! TLS with those who are not ours: openssl, curl and CPython, on loopback. A test whose program is missing says so, and
//! is skipped.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::future::Future;
use std::io;
use std::time::Duration;

use asyncio::net::{TcpListener, stream};
use asyncio::{StreamReader, StreamWriter, open_connection, timeout, tls};

mod certificates;
mod curl;
mod openssl;
mod peer;
mod python;

use certificates::Certificates;
use peer::{Peer, is_there};

/// Runs a test on a loop, for half a minute at most.
fn run(test: impl Future<Output = io::Result<()>>) {
    asyncio::run(async {
        let done = timeout(Duration::from_secs(30), test).await;
        done.expect("it ends in time").expect("it succeeds");
    });
}

async fn listen() -> io::Result<(TcpListener, u16)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    Ok((listener, port))
}

/// The next connection, with TLS from its beginning.
async fn accept(
    listener: &TcpListener,
    certificates: &Certificates,
) -> io::Result<(StreamReader, StreamWriter)> {
    tls::accept(listener.accept().await?.0, certificates.server()).await
}

/// Says its farewell, and waits for the other's.
async fn part(writer: &StreamWriter) -> io::Result<()> {
    writer.close();
    writer.wait_closed().await
}
