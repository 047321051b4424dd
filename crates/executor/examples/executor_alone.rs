//! This crate alone, on smol: blocking work that a future awaits, and an executor of ours that smol's threads run.

use asyncio_executor::{BlockingPool, Executor};

fn count_primes(below: u32) -> usize {
    (2..below)
        .filter(|n| (2..*n).take_while(|d| d * d <= *n).all(|d| n % d != 0))
        .count()
}

fn main() {
    let pool = BlockingPool::new();
    let executor = Executor::new();
    let primes = smol::block_on(executor.run(async {
        let blocking = [100, 1000, 10_000].map(|below| pool.spawn(move || count_primes(below)));
        let task = executor.spawn(async { println!("meanwhile a task takes its steps") });
        task.await;
        let mut counts = Vec::new();
        for work in blocking {
            counts.push(work.expect("the pool takes work").await);
        }
        counts
    }));
    println!("{primes:?}");
}
