//! This crate alone, on tokio's pool of threads: the most urgent first, by two workers, with room for three.

use std::sync::Arc;

use asyncio_queue::{PriorityQueue, Queue};

fn main() -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()?;
    runtime.block_on(async {
        let urgent = PriorityQueue::new();
        for patient in [(3, "a cold"), (1, "a heart"), (2, "a leg")] {
            let _ = urgent.put(patient).await;
        }
        urgent.shutdown();
        while let Ok((_, patient)) = urgent.get().await {
            println!("{patient}");
        }

        let jobs = Arc::new(Queue::bounded(3));
        let workers = [(); 2].map(|()| {
            let jobs = jobs.clone();
            tokio::spawn(async move {
                let mut sum = 0;
                while let Ok(job) = jobs.get().await {
                    sum += job;
                }
                sum
            })
        });
        for job in 1..=100 {
            // Waits while three lie there.
            let _ = jobs.put(job).await;
        }
        jobs.shutdown();
        let mut sum = 0;
        for worker in workers {
            sum += worker.await.unwrap_or(0);
        }
        println!("{sum}");
    });
    Ok(())
}
