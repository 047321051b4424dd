//! Queues for async code, with the names of Python's asyncio: `Queue`, `LifoQueue` and `PriorityQueue`.

mod error;
mod ordered;
mod queue;
mod storage;

pub use error::{GetError, PutError, QueueEmpty, QueueFull, QueueShutDown};
pub use ordered::{LifoQueue, PriorityQueue};
pub use queue::{Get, Items, Join, Put, Queue, QueueItem, Reserve, Slot};
pub use storage::{Fifo, Heap, Lifo, QueueStorage};
