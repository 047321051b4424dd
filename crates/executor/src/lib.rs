//! Executors.

mod block_on;
mod blocking;
mod signal;
mod sync;

pub use block_on::block_on;
pub use blocking::{
    BlockingError, BlockingMetrics, BlockingPool, BlockingPoolBuilder, BlockingTask, BuildError, Outcome,
    ShutdownReport, SpawnError, SpawnErrorKind, SpawnWait,
};
