//! This crate alone, on futures-lite: a service that is slow, with a limit of time around it, and one that is asked too much.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use asyncio_tower::{RateLimitLayer, TimeoutLayer};
use tower_layer::Layer;
use tower_service::Service;

/// Answers after so many milliseconds.
#[derive(Clone)]
struct Slow;

impl Service<u64> for Slow {
    type Response = &'static str;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<&'static str, Infallible>>>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, millis: u64) -> Self::Future {
        Box::pin(async move {
            asyncio_timers::sleep(Duration::from_millis(millis)).await;
            Ok("an answer")
        })
    }
}

fn main() {
    futures_lite::future::block_on(async {
        let mut service = TimeoutLayer::new(Duration::from_millis(50)).layer(Slow);
        for millis in [1, 3_600_000] {
            let ready = poll_fn(|cx| service.poll_ready(cx)).await;
            let answer = service.call(millis).await;
            println!("{}: {answer:?}", ready.is_ok());
        }
        let mut limited = RateLimitLayer::new(2, Duration::from_millis(20)).layer(Slow);
        let start = Instant::now();
        for _ in 0..4 {
            let _ = poll_fn(|cx| limited.poll_ready(cx)).await;
            let _ = limited.call(0).await;
        }
        println!(
            "the third had to wait: {}",
            start.elapsed() >= Duration::from_millis(20)
        );
    });
}
