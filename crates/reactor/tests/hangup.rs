//! The end of a connection, told to one who neither reads nor writes.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

#[path = "kit/common.rs"]
mod common;

use std::future::poll_fn;
use std::io::Write;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use asyncio_reactor::{Async, Backend, Reactor};
use common::{backends, reactor, run};

fn connected() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Turns until nothing comes any more.
fn settle(reactor: &mut Reactor) {
    let deadline = || Some(Instant::now() + Duration::from_millis(20));
    while reactor.turn(deadline()).unwrap() > 0 {}
}

#[cfg(target_os = "linux")]
#[test]
fn a_reset_is_told_and_stays_told() {
    let mut reactor = reactor(Backend::Epoll);
    run(&mut reactor, async {
        let (client, server) = connected();
        let client = Async::new(client).unwrap();
        let reset = async {
            futures_lite::future::yield_now().await;
            rustix::net::connect_unspec(&server).unwrap();
        };
        let told = poll_fn(|cx| client.poll_hangup(cx));
        let (told, ()) = futures_lite::future::zip(told, reset).await;
        told.unwrap();
        poll_fn(|cx| client.poll_hangup(cx)).await.unwrap();
        let error = client.get_ref().take_error().unwrap().unwrap();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    });
}

#[cfg(target_os = "linux")]
#[test]
fn an_end_of_both_directions_is_told_and_that_of_one_is_not() {
    let mut reactor = reactor(Backend::Epoll);
    let handle = reactor.handle();
    let _entered = handle.enter();
    let (one, mut other) = UnixStream::pair().unwrap();
    let one = Async::new(one).unwrap();
    let count = Arc::new(Count::default());
    let waker = Waker::from(count.clone());
    let mut cx = Context::from_waker(&waker);
    assert!(one.poll_hangup(&mut cx).is_pending());
    other.write_all(b"data").unwrap();
    other.shutdown(Shutdown::Write).unwrap();
    settle(&mut reactor);
    assert_eq!(
        count.0.load(Ordering::SeqCst),
        0,
        "it costs those nothing who only talk"
    );
    assert!(one.poll_hangup(&mut cx).is_pending());
    drop(other);
    settle(&mut reactor);
    assert_eq!(count.0.load(Ordering::SeqCst), 1);
    assert!(matches!(one.poll_hangup(&mut cx), Poll::Ready(Ok(()))));
}

#[test]
fn a_backend_that_cannot_tell_does_not() {
    for backend in backends() {
        if backend == Backend::Epoll {
            continue;
        }
        let mut reactor = reactor(backend);
        let handle = reactor.handle();
        let _entered = handle.enter();
        let (client, server) = connected();
        let client = Async::new(client).unwrap();
        let mut told = pin!(poll_fn(|cx| client.poll_hangup(cx)));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(told.as_mut().poll(&mut cx).is_pending());
        drop(server);
        settle(&mut reactor);
        assert!(told.as_mut().poll(&mut cx).is_pending(), "{backend:?}");
    }
}

#[test]
fn a_reactor_that_closes_ends_the_wait() {
    for backend in backends() {
        let mut reactor = reactor(backend);
        let handle = reactor.handle();
        let (client, _server) = connected();
        let client = Async::new_with(&handle, client).unwrap();
        let count = Arc::new(Count::default());
        let waker = Waker::from(count.clone());
        let mut cx = Context::from_waker(&waker);
        assert!(client.poll_hangup(&mut cx).is_pending());
        settle(&mut reactor);
        drop(reactor);
        assert_eq!(count.0.load(Ordering::SeqCst), 1, "{backend:?}");
        assert!(matches!(client.poll_hangup(&mut cx), Poll::Ready(Err(_))));
    }
}
