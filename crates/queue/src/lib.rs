//! Queues for async code, with the names of Python's asyncio: `Queue`, `LifoQueue` and `PriorityQueue`.
//!
//! This crate holds its place in the workspace; its types are not there yet.
