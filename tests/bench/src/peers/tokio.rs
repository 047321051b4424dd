//! tokio: the current-thread runtime, and the multi-thread one with two workers.

#![expect(
    unsafe_code,
    reason = "tokio's fastest local spawn asks for `Send`, which a single-threaded runtime does not need"
)]

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

use super::{Peer, Pool};

/// The current-thread runtime.
#[derive(Clone, Copy)]
pub struct TokioCt;

/// The multi-thread runtime, two workers.
#[derive(Clone, Copy)]
pub struct TokioMt;

/// A future of a current-thread runtime, spawned with `tokio::spawn`: `LocalSet` would cost tokio a tenth and more.
pub(super) struct OneThread<T>(pub(super) T);

// SAFETY: `TokioCt` runs on the current-thread runtime alone, which polls and drops its tasks on the thread that is in
// `block_on`; that thread made the future, and ends with the runtime.
unsafe impl<T> Send for OneThread<T> {}

impl<F: Future> Future for OneThread<F> {
    type Output = OneThread<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: the field is never moved out of the pinned wrapper.
        let future = unsafe { self.map_unchecked_mut(|this| &mut this.0) };
        future.poll(cx).map(OneThread)
    }
}

async fn echo(mut stream: TcpStream, buffer: usize) {
    let mut buffer = vec![0; buffer];
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        if stream.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

async fn serve(buffer: usize, bound: impl FnOnce(u16)) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    bound(listener.local_addr().unwrap().port());
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(echo(stream, buffer));
    }
}

impl Peer for TokioCt {
    fn run<F: Future>(main: impl FnOnce(Self) -> F) -> F::Output {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(async { main(TokioCt).await })
    }

    fn spawn<F>(self, future: F) -> impl Future + 'static
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        tokio::spawn(OneThread(future))
    }

    fn sleep_until(self, deadline: Instant) -> impl Future + 'static {
        tokio::time::sleep_until(deadline.into())
    }

    fn blocking(self, f: fn()) -> impl Future + 'static {
        tokio::task::spawn_blocking(f)
    }

    async fn tcp_echo(self, buffer: usize, bound: impl FnOnce(u16) + 'static) {
        serve(buffer, bound).await;
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

impl Pool for TokioMt {
    fn run<F: Future>(main: impl FnOnce(Self) -> F) -> F::Output {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build();
        runtime.unwrap().block_on(async { main(TokioMt).await })
    }

    fn spawn<F>(self, future: F) -> impl Future + Send + 'static
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        tokio::spawn(future)
    }

    fn sleep(self, duration: Duration) -> impl Future + Send + 'static {
        tokio::time::sleep(duration)
    }

    async fn tcp_echo(self, buffer: usize, bound: impl FnOnce(u16) + Send + 'static) {
        serve(buffer, bound).await;
    }
}
