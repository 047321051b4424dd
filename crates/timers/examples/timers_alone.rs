//! This crate alone, on smol: a heart that beats, until a sleep is over.

use std::time::{Duration, Instant};

use asyncio_timers::{interval, sleep};
use futures_lite::future;

fn main() {
    let start = Instant::now();
    let beats = smol::block_on(async {
        let mut beats = 0;
        let mut heart = interval(Duration::from_millis(5));
        let beat = async {
            loop {
                heart.tick().await;
                beats += 1;
            }
        };
        future::or(beat, sleep(Duration::from_millis(52))).await;
        beats
    });
    println!("it beat, and never too often: {}", (1..=11).contains(&beats));
    println!("never early: {}", start.elapsed() >= Duration::from_millis(52));
}
