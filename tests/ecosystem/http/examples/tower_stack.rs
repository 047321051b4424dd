//! A stack of tower's layers by our clocks, around a slow service: `cargo run --example tower_stack`.
//!
//! The mock clock is on, so the minute that this takes passes at once.

use std::time::Duration;

use asyncio::time::now;
use asyncio::{Runner, gather_all, sleep};
use asyncio_tower::{BoxError, ConcurrencyLimitLayer, RateLimitLayer, TimeoutLayer};
use tower::{Layer, ServiceExt, service_fn};

const SECOND: Duration = Duration::from_secs(1);

/// Takes as many seconds as it is told to.
async fn work(seconds: u32) -> Result<u32, BoxError> {
    sleep(SECOND * seconds).await;
    Ok(seconds)
}

async fn run() {
    let start = now();
    // From the inside out: each has 5 s, two run at once, and three begin in any 10 s.
    let service = TimeoutLayer::new(5 * SECOND).layer(service_fn(work));
    let service = ConcurrencyLimitLayer::new(2).layer(service);
    let service = RateLimitLayer::new(3, 10 * SECOND).layer(service);
    let requests = [1, 2, 9, 4, 1, 1].map(|seconds| {
        let service = service.clone();
        async move {
            let outcome = match service.oneshot(seconds).await {
                Ok(_) => "done".to_owned(),
                Err(error) => error.to_string(),
            };
            format!("{seconds} s of work: {outcome} after {:?}", now() - start)
        }
    });
    for line in gather_all(requests).await.into_iter().flatten() {
        println!("{line}");
    }
}

fn main() -> Result<(), asyncio::RunError> {
    Runner::new().mock_clock(true).run(run())
}
