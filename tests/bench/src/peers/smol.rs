//! smol: a `LocalExecutor` under `block_on`, and an `Executor` that two threads run.

use std::future::Future;
use std::net::{TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use smol::io::{AsyncReadExt, AsyncWriteExt};
use smol::{Async, Executor, LocalExecutor, Timer};

use super::{Peer, Pool};

/// One thread.
#[derive(Clone, Copy)]
pub struct Smol(pub(super) &'static LocalExecutor<'static>);

/// Two threads beside the one that waits.
#[derive(Clone, Copy)]
pub struct SmolPool(&'static Executor<'static>);

type Listener = Async<std::net::TcpListener>;

fn listen(bound: impl FnOnce(u16)) -> Listener {
    let listener = Listener::bind(([127, 0, 0, 1], 0)).unwrap();
    bound(listener.get_ref().local_addr().unwrap().port());
    listener
}

async fn echo(mut stream: Async<TcpStream>, buffer: usize) {
    let mut buffer = vec![0; buffer];
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        if stream.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

impl Peer for Smol {
    fn run<F: Future>(main: impl FnOnce(Self) -> F) -> F::Output {
        let executor: &'static _ = Box::leak(Box::new(LocalExecutor::new()));
        smol::block_on(executor.run(main(Smol(executor))))
    }

    fn spawn<F>(self, future: F) -> impl Future + 'static
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.0.spawn(future)
    }

    fn sleep_until(self, deadline: Instant) -> impl Future + 'static {
        Timer::at(deadline)
    }

    fn blocking(self, f: fn()) -> impl Future + 'static {
        smol::unblock(f)
    }

    async fn tcp_echo(self, buffer: usize, bound: impl FnOnce(u16) + 'static) {
        let listener = listen(bound);
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            self.0.spawn(echo(stream, buffer)).detach();
        }
    }

    async fn udp_echo(self, bound: impl FnOnce(u16) + 'static) {
        let socket = Async::<UdpSocket>::bind(([127, 0, 0, 1], 0)).unwrap();
        bound(socket.get_ref().local_addr().unwrap().port());
        let mut buffer = [0; 2048];
        loop {
            let (read, from) = socket.recv_from(&mut buffer).await.unwrap();
            socket.send_to(&buffer[..read], from).await.unwrap();
        }
    }
}

impl Pool for SmolPool {
    fn run<F: Future>(main: impl FnOnce(Self) -> F) -> F::Output {
        let executor: &'static Executor<'static> = Box::leak(Box::new(Executor::new()));
        for _ in 0..2 {
            std::thread::spawn(|| smol::block_on(executor.run(std::future::pending::<()>())));
        }
        smol::block_on(main(SmolPool(executor)))
    }

    fn spawn<F>(self, future: F) -> impl Future + Send + 'static
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.0.spawn(future)
    }

    fn sleep(self, duration: Duration) -> impl Future + Send + 'static {
        Timer::after(duration)
    }

    async fn tcp_echo(self, buffer: usize, bound: impl FnOnce(u16) + Send + 'static) {
        let listener = listen(bound);
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            self.0.spawn(echo(stream, buffer)).detach();
        }
    }
}
