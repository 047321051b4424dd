//! What nearly every program needs: `use asyncio::prelude::*`.
//!
//! The traits bring `read`, `write_all` and their like to streams, and `next` to iterations.

pub use std::time::Duration;

pub use futures_lite::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, StreamExt as _};

pub use crate::GetLoop as _;
pub use crate::{JoinError, RunError, Runner, Task, create_task, run, sleep, spawn, to_thread, yield_now};
