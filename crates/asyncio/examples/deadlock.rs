//! A deadlock on purpose: two tasks, two locks, taken in opposite order, and a queue that nothing comes out of.
//!
//! Run it and look into it from another terminal:
//!
//! ```text
//! cargo run -p asyncio-rs --example deadlock
//! asyncio pstree PID
//! ```

use std::rc::Rc;
use std::time::Duration;

use asyncio::{Lock, Queue, Runner, sleep, task};

struct Accounts {
    alice: Lock<i64>,
    bob: Lock<i64>,
}

async fn to_bob(accounts: Rc<Accounts>, done: Rc<Queue<&'static str>>) {
    let mut from = accounts.alice.acquire().await;
    sleep(Duration::from_millis(10)).await;
    let mut to = accounts.bob.acquire().await;
    *from -= 10;
    *to += 10;
    let _ = done.put("to bob").await;
}

async fn to_alice(accounts: Rc<Accounts>, done: Rc<Queue<&'static str>>) {
    let mut from = accounts.bob.acquire().await;
    sleep(Duration::from_millis(10)).await;
    let mut to = accounts.alice.acquire().await;
    *from -= 10;
    *to += 10;
    let _ = done.put("to alice").await;
}

async fn bank() {
    let accounts = Rc::new(Accounts {
        alice: Lock::new(100),
        bob: Lock::new(100),
    });
    let done = Rc::new(Queue::new());
    let first = task()
        .name("alice pays bob")
        .create(to_bob(accounts.clone(), done.clone()));
    let second = task()
        .name("bob pays alice")
        .create(to_alice(accounts, done.clone()));
    // Nothing ever comes: each task waits for the other.
    while let Ok(transfer) = done.get().await {
        println!("{transfer}");
    }
    drop((first, second));
}

fn main() {
    println!("{}", std::process::id());
    if let Err(error) = Runner::new().introspect(true).run(bank()) {
        eprintln!("{error}");
    }
}
