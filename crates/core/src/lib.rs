//! What the asyncio crates share.

pub mod blocking;
mod cell;
mod fork;
mod loop_queue;
mod meta;
mod pool_queue;
mod pool_slot;
mod raw_task;
mod registry;
mod remote;
mod slot;
mod sync;
mod table;
mod thread;

pub use fork::fork_generation;
pub use loop_queue::{LoopQueue, current_loop, spawn_local};
pub use meta::{QueueId, TaskMeta};
pub use pool_queue::{Look, PoolQueue, Worker, on_pool_worker};
pub use pool_slot::{SpawnError, StartPool, enter_pool, spawn};
pub use raw_task::RawTask;
pub use slot::{Entered, Slot};
pub use table::TooManyQueues;
