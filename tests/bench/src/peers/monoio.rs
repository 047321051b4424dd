//! monoio on its epoll driver, timers switched on. Its blocking pool has a fixed size, so that row leaves it out.

use std::future::Future;
use std::time::Instant;

use monoio::io::{AsyncReadRent, AsyncWriteRentExt};
use monoio::net::{TcpListener, TcpStream, udp::UdpSocket};
use monoio::{LegacyDriver, RuntimeBuilder};

use super::Peer;

/// One thread.
#[derive(Clone, Copy)]
pub struct Monoio;

async fn echo(mut stream: TcpStream, size: usize) {
    let mut buffer = Vec::with_capacity(size);
    loop {
        let (read, filled) = stream.read(buffer).await;
        if !matches!(read, Ok(1..)) {
            return;
        }
        let (written, sent) = stream.write_all(filled).await;
        if written.is_err() {
            return;
        }
        buffer = sent;
        buffer.clear();
    }
}

impl Peer for Monoio {
    fn run<F: Future>(main: impl FnOnce(Self) -> F) -> F::Output {
        let mut runtime = RuntimeBuilder::<LegacyDriver>::new()
            .enable_timer()
            .build()
            .unwrap();
        runtime.block_on(main(Monoio))
    }

    fn spawn<F>(self, future: F) -> impl Future + 'static
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        monoio::spawn(future)
    }

    fn sleep_until(self, deadline: Instant) -> impl Future + 'static {
        monoio::time::sleep_until(deadline.into())
    }

    fn blocking(self, _: fn()) -> impl Future + 'static {
        async { unreachable!("no row asks monoio for blocking work") }
    }

    async fn tcp_echo(self, buffer: usize, bound: impl FnOnce(u16) + 'static) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        bound(listener.local_addr().unwrap().port());
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            monoio::spawn(echo(stream, buffer));
        }
    }

    async fn udp_echo(self, bound: impl FnOnce(u16) + 'static) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        bound(socket.local_addr().unwrap().port());
        let mut buffer = Vec::with_capacity(2048);
        loop {
            let (read, filled) = socket.recv_from(buffer).await;
            let (_, from) = read.unwrap();
            let (sent, given_back) = socket.send_to(filled, from).await;
            sent.unwrap();
            buffer = given_back;
            buffer.clear();
        }
    }
}
