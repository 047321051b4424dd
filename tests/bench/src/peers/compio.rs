//! compio on its default driver (io_uring where the kernel has it).

use std::future::Future;
use std::time::Instant;

use compio::buf::BufResult;
use compio::io::{AsyncRead, AsyncWriteExt};
use compio::net::{TcpListener, TcpStream, UdpSocket};
use compio::runtime::Runtime;

use super::Peer;

/// One thread.
#[derive(Clone, Copy)]
pub struct Compio;

async fn echo(mut stream: TcpStream, size: usize) {
    let mut buffer = Vec::with_capacity(size);
    loop {
        let BufResult(read, filled) = stream.read(buffer).await;
        if !matches!(read, Ok(1..)) {
            return;
        }
        let BufResult(written, sent) = stream.write_all(filled).await;
        if written.is_err() {
            return;
        }
        buffer = sent;
        buffer.clear();
    }
}

impl Peer for Compio {
    fn run<F: Future>(main: impl FnOnce(Self) -> F) -> F::Output {
        Runtime::new().unwrap().block_on(main(Compio))
    }

    fn spawn<F>(self, future: F) -> impl Future + 'static
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        compio::runtime::spawn(future)
    }

    fn sleep_until(self, deadline: Instant) -> impl Future + 'static {
        compio::time::sleep_until(deadline)
    }

    fn blocking(self, f: fn()) -> impl Future + 'static {
        compio::runtime::spawn_blocking(f)
    }

    async fn tcp_echo(self, buffer: usize, bound: impl FnOnce(u16) + 'static) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        bound(listener.local_addr().unwrap().port());
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            compio::runtime::spawn(echo(stream, buffer)).detach();
        }
    }

    async fn udp_echo(self, bound: impl FnOnce(u16) + 'static) {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        bound(socket.local_addr().unwrap().port());
        let mut buffer = Vec::with_capacity(2048);
        loop {
            let BufResult(read, filled) = socket.recv_from(buffer).await;
            let (_, from) = read.unwrap();
            let BufResult(sent, given_back) = socket.send_to(filled, from).await;
            sent.unwrap();
            buffer = given_back;
            buffer.clear();
        }
    }
}
