//! The lock and the counter that cross threads, from std or, under `--cfg asyncio_loom`, from loom.

#[cfg(asyncio_loom)]
pub(crate) use loom::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicUsize, Ordering},
};
#[cfg(not(asyncio_loom))]
pub(crate) use std::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicUsize, Ordering},
};
