//! The atomics, locks and threads of the protocols that loom checks: `std`'s, or loom's under `--cfg asyncio_loom`.

#[cfg(not(asyncio_loom))]
pub(crate) use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering, fence},
    },
    thread::{self, Thread},
};

#[cfg(asyncio_loom)]
pub(crate) use loom::{
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering, fence},
    },
    thread::{self, Thread},
};
