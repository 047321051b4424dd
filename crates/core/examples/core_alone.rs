//! This crate alone, on futures-lite: a task of ours that somebody else polls, with a name, and a context that is its own.
//!
//! It is what those who write an executor take: the task cell, and contexts that follow tasks.

use std::panic::Location;

use asyncio_core::{Outcome, TaskRef, foreign_task};
use futures_lite::future;

async fn work() -> Outcome<usize> {
    let name = TaskRef::current().map(|task| task.get_name().to_string());
    println!("{} takes a step", name.as_deref().unwrap_or("nobody"));
    future::yield_now().await;
    let name = TaskRef::current().map(|task| task.get_name().to_string());
    println!("{} takes another", name.as_deref().unwrap_or("nobody"));
    Outcome::Value(name.map_or(0, |name| name.len()))
}

fn main() {
    let (handle, run) = foreign_task(work(), Location::caller(), |task| task.set_name("the worker"));
    // Whoever polls `run` is its executor; the handle may be awaited anywhere.
    let (outcome, ()) = future::block_on(future::zip(handle, run));
    if let Outcome::Value(length) = outcome {
        println!(
            "its name has {length} letters; outside there is {:?}",
            TaskRef::current()
        );
    }
}
