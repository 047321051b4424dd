//! This crate alone, on smol: philosophers at a table. Each needs two forks, and only four may sit down at a time, so somebody
//! can always eat.

use std::sync::Arc;

use asyncio_sync::{Barrier, Lock, Semaphore};

const PHILOSOPHERS: usize = 5;
const MEALS: u32 = 100;

struct Table {
    forks: [Lock<u32>; PHILOSOPHERS],
    chairs: Semaphore,
    begin: Barrier,
}

async fn dine(table: Arc<Table>, place: usize) {
    table.begin.wait().await.expect("nobody breaks it");
    for _ in 0..MEALS {
        let _chair = table.chairs.acquire().await;
        let mut left = table.forks[place].acquire().await;
        smol::future::yield_now().await;
        let mut right = table.forks[(place + 1) % PHILOSOPHERS].acquire().await;
        *left += 1;
        *right += 1;
    }
}

fn main() {
    let table = Arc::new(Table {
        forks: std::array::from_fn(|_| Lock::new(0)),
        chairs: Semaphore::new(PHILOSOPHERS - 1),
        begin: Barrier::new(PHILOSOPHERS),
    });
    let used = smol::block_on(async {
        let tasks: Vec<_> = (0..PHILOSOPHERS)
            .map(|place| smol::spawn(dine(table.clone(), place)))
            .collect();
        for task in tasks {
            task.await;
        }
        let mut used = 0;
        for fork in &table.forks {
            used += *fork.acquire().await;
        }
        used
    });
    println!("{} meals", used / 2);
}
