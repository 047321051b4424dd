//! Every task has a span: what is logged in it, or in what it calls, tells whose it is.
//!
//! Run with `cargo run -p asyncio-rs --features tracing --example spans`.

use std::time::Duration;

use asyncio::{JoinError, sleep, task};
use tracing::Level;

async fn fetch(page: u32) -> u32 {
    tracing::info!(page, "asking");
    sleep(Duration::from_millis(10)).await;
    tracing::info!(page, "answered");
    page * 100
}

async fn crawl() {
    let pages = task().name("pages").create(async {
        let first = task().name("first page").create(fetch(1));
        first.await.expect("it does not panic") + fetch(2).await
    });
    tracing::info!(sum = pages.await.expect("it does not panic"), "done");

    let too_long = task().name("too long").create(sleep(Duration::from_secs(3600)));
    sleep(Duration::from_millis(1)).await;
    too_long.cancel_msg("nobody waits for it");
    let ended: Result<(), JoinError> = too_long.await;
    tracing::info!(
        cancelled = ended.is_err_and(|error| error.is_cancelled()),
        "ended"
    );
}

fn main() {
    tracing_subscriber::fmt()
        .with_max_level(Level::DEBUG)
        .without_time()
        .with_ansi(false)
        .init();
    asyncio::run(crawl());
}
