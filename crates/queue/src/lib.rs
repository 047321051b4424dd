//! Queues for async code, with the names of Python's asyncio, on any executor: [`Queue`], [`LifoQueue`] and
//! [`PriorityQueue`].
//!
//! ```
//! use asyncio_queue::Queue;
//! use futures_lite::future::{block_on, zip};
//!
//! async fn worker(jobs: &Queue<u32>, results: &Queue<u32>) {
//!     while let Ok(job) = jobs.get().await {
//!         results.put(job * job).await.unwrap();
//!         jobs.task_done().unwrap();
//!     }
//! }
//!
//! let (jobs, results) = (Queue::bounded(2), Queue::new());
//! let main = async {
//!     for job in 1..=3 {
//!         jobs.put(job).await.unwrap();
//!     }
//!     jobs.join().await;
//!     jobs.shutdown();
//! };
//! block_on(zip(main, zip(worker(&jobs, &results), worker(&jobs, &results))));
//! assert_eq!(results.qsize(), 3);
//! ```
//!
//! # What holds for all
//!
//! - **Fair**, to those who put and to those who get: first come, first served.
//! - **Nothing is lost.** Waiting to put or to get can be dropped at any time: an item is in the queue, got, given back, or
//!   dropped by the one who gave up its `put`; and each exactly once. What cannot be put comes back in the error.
//! - **Anywhere.** A queue joins tasks of any executor, several loops, and threads (`put_blocking`, `get_blocking`).
//! - **An order of one's own**: the items lie in a [`QueueStorage`], which decides what comes out next.
//!
//! # Whose code
//!
//! Items, counts and both lines of waiters lie under one mutex, on the lists of
//! [`asyncio_sync::monitor`]. A lock-free ring (`concurrent-queue`) with two lists of listeners beside it was measured
//! first: an item then costs less only while nobody waits, and 1.4 times as much when somebody does.

mod error;
mod ordered;
mod queue;
mod storage;

pub use error::{GetError, PutError, QueueEmpty, QueueFull, QueueShutDown};
pub use ordered::{LifoQueue, PriorityQueue};
pub use queue::{Get, Items, Join, Put, Queue, QueueItem, Reserve, Slot};
pub use storage::{Fifo, Heap, Lifo, QueueStorage};
