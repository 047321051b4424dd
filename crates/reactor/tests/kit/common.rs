//! What the tests share: a loop around one reactor, run for each backend.

#![allow(dead_code)]

use std::pin::pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use asyncio_reactor::{Backend, Reactor};

/// Those that this system has.
pub(crate) fn backends() -> Vec<Backend> {
    let mut all = vec![Backend::Polling, Backend::PollingOneshot];
    if cfg!(target_os = "linux") {
        all.push(Backend::Epoll);
    }
    all
}

pub(crate) fn reactor(backend: Backend) -> Reactor {
    Reactor::builder().backend(backend).build().unwrap()
}

/// Runs `future` on a reactor of each backend.
pub(crate) fn on_each_backend<F: Future>(mut make: impl FnMut() -> F) {
    for backend in backends() {
        eprintln!("backend: {backend:?}");
        let mut reactor = reactor(backend);
        run(&mut reactor, make());
    }
}

/// Runs `future`, turning `reactor` whenever it is pending. Fails after 20 s: a lost event is not to hang the tests.
pub(crate) fn run<F: Future>(reactor: &mut Reactor, future: F) -> F::Output {
    let handle = reactor.handle();
    let _entered = handle.enter();
    let waker = handle.waker();
    let mut future = pin!(future);
    let limit = Instant::now() + Duration::from_secs(20);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        reactor.turn(Some(limit)).unwrap();
        assert!(Instant::now() < limit, "the future is pending and nothing comes");
    }
}
