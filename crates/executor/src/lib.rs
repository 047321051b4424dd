//! Executors, `block_on`, and a bounded pool for blocking work; each usable without the rest of the workspace.
//!
//! ```
//! use asyncio_executor::{BlockingPool, LocalExecutor, block_on};
//!
//! let pool = BlockingPool::new();
//! let executor = LocalExecutor::new();
//! let sum = block_on(executor.run(async {
//!     let blocking = pool.spawn(|| 40).expect("the pool takes work");
//!     let task = executor.spawn(async { 2 });
//!     blocking.await + task.await
//! }));
//! assert_eq!(sum, 42);
//! ```
//!
//! [`Executor`] and [`LocalExecutor`] have the interface of the crate async-executor. [`BlockingPool`] starts threads
//! as they are needed, up to a limit, and carries panics to the awaiter.

mod active;
mod block_on;
mod blocking;
mod executor;
mod idle;
mod local_executor;
mod runner;
mod signal;
mod state;
mod sync;

pub use async_task::{FallibleTask, Task};
pub use block_on::block_on;
pub use blocking::{
    BlockingError, BlockingMetrics, BlockingPool, BlockingPoolBuilder, BlockingTask, BuildError, Outcome,
    ShutdownReport, SpawnError, SpawnErrorKind, SpawnWait,
};
pub use executor::Executor;
pub use local_executor::LocalExecutor;
