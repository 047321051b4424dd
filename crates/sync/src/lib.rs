//! Synchronization primitives for async code, with the names and the fairness of Python's asyncio: `Lock`, `Event`,
//! `Condition`, `Semaphore`, `BoundedSemaphore` and `Barrier`.
//!
//! This crate holds its place in the workspace; its types are not there yet.
