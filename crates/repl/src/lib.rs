//! The `asyncio` program: a prompt with top-level `.await`, and tools that show what a running loop waits for.
//!
//! This crate holds its place in the workspace; the program is not there yet.
