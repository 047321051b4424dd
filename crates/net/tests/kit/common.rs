//! What the tests share: every executor, and every backend of the reactor.

#![allow(dead_code, reason = "no test uses all of it")]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::future::Future;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use asyncio_net::{TcpListener, TcpStream};
use asyncio_reactor::{Backend, Reactor};
use futures_lite::future;

pub(crate) use futures_lite::future::poll_once;

/// A lost event is not to hang the tests.
const LIMIT: Duration = Duration::from_secs(30);

/// Runs what `test` makes on `futures_lite`'s `block_on`, on our executor, on tokio's two runtimes, on smol, and by hand over a reactor
/// of each backend.
pub(crate) fn everywhere<F>(test: impl Fn() -> F)
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let limited = |place| {
        let late = async move {
            asyncio_timers::sleep(LIMIT).await;
            panic!("{place}: not done after {LIMIT:?}")
        };
        let test = test();
        async move {
            future::or(test, late)
                .await
                .unwrap_or_else(|error| panic!("{place}: {error}"))
        }
    };
    future::block_on(limited("block_on"));
    let executor = asyncio_executor::Executor::new();
    asyncio_executor::block_on(executor.run(executor.spawn(limited("our executor"))));
    smol::block_on(smol::spawn(limited("smol")));
    let one = tokio::runtime::Builder::new_current_thread().build().unwrap();
    one.block_on(limited("tokio, one thread"));
    let several = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    several
        .block_on(several.spawn(limited("tokio, several threads")))
        .unwrap();
    for backend in backends() {
        by_hand(backend, test()).unwrap_or_else(|error| panic!("{backend:?}: {error}"));
    }
}

fn backends() -> Vec<Backend> {
    let mut all = vec![Backend::Polling, Backend::PollingOneshot];
    if cfg!(target_os = "linux") {
        all.push(Backend::Epoll);
    }
    all
}

/// Turns a reactor of `backend` while `test` is pending.
fn by_hand<T>(backend: Backend, test: impl Future<Output = T>) -> T {
    let mut reactor = Reactor::builder().backend(backend).build().unwrap();
    let handle = reactor.handle();
    let _entered = handle.enter();
    let waker = handle.waker();
    let mut test = pin!(test);
    let limit = Instant::now() + LIMIT;
    loop {
        if let Poll::Ready(output) = test.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        reactor.turn(Some(limit)).unwrap();
        assert!(Instant::now() < limit, "{backend:?}: not done after {LIMIT:?}");
    }
}

/// A client and the server's end of its connection.
pub(crate) async fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let client = TcpStream::connect(listener.local_addr()?);
    let (client, (server, _)) = future::try_zip(client, listener.accept()).await?;
    Ok((client, server))
}
