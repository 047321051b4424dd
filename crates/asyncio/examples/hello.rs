//! The first program of asyncio's documentation.

use std::time::Duration;

async fn main_task() {
    println!("Hello ...");
    asyncio::sleep(Duration::from_secs(1)).await;
    println!("... World!");
}

fn main() {
    asyncio::run(main_task());
}
