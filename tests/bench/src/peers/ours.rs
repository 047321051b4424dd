//! asyncio for Rust.

use std::future::Future;
use std::time::{Duration, Instant};

use asyncio::net::{PerCoreListener, TcpListener, TcpStream, UdpSocket};

use super::{Peer, Pool};

/// `create_task` on the loop.
#[derive(Clone, Copy)]
pub struct Ours;

/// `spawn` on the loop's pool, two workers.
#[derive(Clone, Copy)]
pub struct OursPool;

async fn echo(mut stream: TcpStream, buffer: usize) {
    let mut buffer = vec![0; buffer];
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        if stream.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

async fn serve(listener: TcpListener, buffer: usize) -> std::io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        drop(asyncio::create_task(echo(stream, buffer)));
    }
}

/// Two loops on threads of their own, each with a listener on the one port, whose number `bound` hears.
pub fn per_core_echo(buffer: usize, bound: impl FnOnce(u16)) {
    let listeners = PerCoreListener::bind("127.0.0.1:0", 2).unwrap();
    bound(listeners.local_addr().port());
    let cores = asyncio::PerCore::new().threads(2).run(|core| {
        let listener = listeners.take(core);
        async move { serve(listener?, buffer).await }
    });
    drop(cores.unwrap());
}

impl Peer for Ours {
    fn run<F: Future>(main: impl FnOnce(Self) -> F) -> F::Output {
        asyncio::run(main(Ours))
    }

    fn spawn<F>(self, future: F) -> impl Future + 'static
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        asyncio::create_task(future)
    }

    fn sleep_until(self, deadline: Instant) -> impl Future + 'static {
        asyncio::sleep_until(deadline)
    }

    fn blocking(self, f: fn()) -> impl Future + 'static {
        asyncio::to_thread(f)
    }

    async fn tcp_echo(self, buffer: usize, bound: impl FnOnce(u16) + 'static) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        bound(listener.local_addr().unwrap().port());
        serve(listener, buffer).await.unwrap();
    }

    async fn udp_echo(self, bound: impl FnOnce(u16) + 'static) {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        bound(socket.local_addr().unwrap().port());
        let mut buffer = [0; 2048];
        loop {
            let (read, from) = socket.recv_from(&mut buffer).await.unwrap();
            socket.send_to(&buffer[..read], from).await.unwrap();
        }
    }
}

impl Pool for OursPool {
    fn run<F: Future>(main: impl FnOnce(Self) -> F) -> F::Output {
        let mut runner = asyncio::Runner::new().worker_threads(2).handle_sigint(false);
        runner.run(main(OursPool)).unwrap()
    }

    fn spawn<F>(self, future: F) -> impl Future + Send + 'static
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        asyncio::spawn(future)
    }

    fn sleep(self, duration: Duration) -> impl Future + Send + 'static {
        asyncio::sleep(duration)
    }

    async fn tcp_echo(self, buffer: usize, bound: impl FnOnce(u16) + Send + 'static) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        bound(listener.local_addr().unwrap().port());
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            drop(asyncio::spawn(echo(stream, buffer)));
        }
    }
}
