//! The attribute macros, through the facade.

use std::time::{Duration, Instant};

#[asyncio::test]
async fn a_test_runs_on_a_loop() {
    assert_eq!(asyncio::create_task(async { 7 }).await.unwrap(), 7);
}

#[asyncio::test(mock_clock = true)]
async fn a_long_sleep_takes_no_time_on_the_mock_clock() {
    let real = Instant::now();
    let start = asyncio::time::now();
    asyncio::sleep(Duration::from_secs(3600)).await;
    assert_eq!(asyncio::time::now() - start, Duration::from_secs(3600));
    assert!(real.elapsed() < Duration::from_secs(60));
}

#[asyncio::test(worker_threads = 1, debug = false)]
async fn a_test_may_return_a_result() -> Result<(), asyncio::JoinError> {
    assert_eq!(asyncio::spawn(async { 7 }).await?, 7);
    Ok(())
}

#[asyncio::test]
#[should_panic(expected = "on purpose")]
async fn a_panic_fails_the_test() {
    panic!("on purpose");
}
